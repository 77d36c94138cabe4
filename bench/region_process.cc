#include "bench/region_process.h"

#include "bench/bench_region.h"
#include "bench/contests.h"
#include "bench/http_pair.h"

#include <array>
#include <cstdio>
#include <iostream>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway::bench {

namespace {

const ProjectName kProject("bench-project");

/// The rest of the line that begins with `word`.
std::string line_after(FILE* from, std::string_view word) {
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), from) != nullptr) {
        std::string_view text(line.data());
        while (text.ends_with('\n')) text.remove_suffix(1);
        if (text.starts_with(word)) return std::string(text.substr(word.size()));
    }
    invariant_failed(__FILE__, __LINE__, "the benchmark's region does not start");
}

}  // namespace

int serve_region() {
    const Pages pages = make_pages(4);
    Region region;
    HttpPair plain([turn = Turn(pages)](const HttpRequest& request) mutable {
        HttpResponse response;
        if (request.method == "GET") response.body = turn.next().lz4;
        return response;
    });
    std::cout << "region " << region.address() << "\nplain " << plain.address() << std::endl;
    while (std::cin.get() != std::char_traits<char>::eof()) {
    }
    return 0;
}

RegionProcess::RegionProcess() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    SPILLWAY_INVARIANT(::pipe2(in.data(), O_CLOEXEC) == 0 && ::pipe2(out.data(), O_CLOEXEC) == 0,
                       "no pipe for the benchmark");
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::execl("/proc/self/exe", "spillway_bench", kServeFlag, static_cast<char*>(nullptr));
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    FILE* const answers = ::fdopen(out[0], "r");
    client::RegionClientOptions options;
    options.name = RegionName("bench");
    options.endpoint = "http://" + line_after(answers, "region ");
    plain_url_ = "http://" + line_after(answers, "plain ") + "/";
    std::fclose(answers);
    client_ = must(client::RegionClient::open(options, clock_));
}

RegionProcess::~RegionProcess() {
    client_.reset();
    ::close(input_);
    ::waitpid(pid_, nullptr, 0);
}

void RegionProcess::put(const LogstoreRef& store, const std::string& block, std::uint64_t raw) {
    Batch batch;
    batch.body = block;
    batch.codec = Codec::Lz4;
    batch.raw_bytes = raw;
    (void)must(client_->put(store, batch));
}

LogstoreRef RegionProcess::add_store(const std::string& name) {
    LogstoreRef ref{kProject, LogstoreName(name)};
    LogstoreSettings settings;
    settings.shard_count = 1;
    const Status made = client_->create_logstore(ref, settings);
    if (!made) invariant_failed(__FILE__, __LINE__, made.error().to_string().c_str());
    return ref;
}

}  // namespace spillway::bench
