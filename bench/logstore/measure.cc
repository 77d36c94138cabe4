#include "bench/logstore/measure.h"

#include "base/text.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

namespace spillway::bench {

namespace {
const SystemClock kClock;
}

void print_heading(std::string_view text) {
    std::cout << "\n" << text << "\n" << std::flush;
}

bool print_figure(const std::string& what, const std::string& value, const std::string& goal,
                  bool is_met) {
    std::cout << fmt::format("  {:<58} {:>32}", what, value);
    if (!goal.empty()) std::cout << fmt::format("   goal {}{}", goal, is_met ? "" : "  MISSED");
    std::cout << "\n" << std::flush;
    return is_met;
}

double median(std::vector<double> values) {
    SPILLWAY_INVARIANT(!values.empty(), "a median of nothing");
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double Latencies::percentile(double share) const {
    if (all_.empty()) return 0;
    auto sorted = all_;
    std::sort(sorted.begin(), sorted.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
    return sorted[at];
}

std::string Latencies::text() const {
    return fmt::format("p50 {:.1f} ms, p99 {:.1f} ms", percentile(0.5), percentile(0.99));
}

double now_seconds() {
    return std::chrono::duration<double>(kClock.mono().time_since_epoch()).count();
}

double own_cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

ProcessFacts facts_of(pid_t pid) {
    ProcessFacts facts;
    const auto folder = "/proc/" + std::to_string(pid);
    std::ifstream stat(folder + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string field;
    double ticks = 0;
    for (int i = 3; fields >> field && i <= 15; ++i) {
        if (i == 14 || i == 15) ticks += std::stod(field);  // utime, stime
    }
    facts.cpu_seconds = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::ifstream status(folder + "/status");
    for (std::string line; std::getline(status, line);) {
        std::istringstream words(line);
        double kilobytes = 0;
        words >> field >> kilobytes;
        if (field == "VmRSS:") facts.resident_mb = kilobytes * 1024 / 1e6;
        if (field == "VmHWM:") facts.resident_peak_mb = kilobytes * 1024 / 1e6;
    }
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/fd", ignored)) {
        facts.descriptors += !entry.path().empty();
    }
    return facts;
}

ScratchFolder::ScratchFolder() {
    path_ = (std::filesystem::temp_directory_path() / "spillway-bench-XXXXXX").string();
    SPILLWAY_INVARIANT(::mkdtemp(path_.data()) != nullptr, "no folder for the benchmark");
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

RemoteRegion::RemoteRegion(const LogstoreBenchOptions& options, const std::string& folder,
                           const std::string& sync) {
    const auto begun = now_seconds();
    process_ = std::make_unique<support::RegionProcess>(
        options.program, std::vector<std::string>{"--serve", folder, "--sync", sync});
    const auto url = process_->wait_until_ready(std::chrono::seconds(120));
    ready_after_seconds_ = now_seconds() - begun;
    if (!url) std::cerr << process_->last_words();
    SPILLWAY_INVARIANT(url.has_value(), "the benchmark's region does not start");
    url_ = *url;
}

std::uint16_t RemoteRegion::port() const {
    const auto port = parse_uint(std::string_view(url_).substr(url_.rfind(':') + 1));
    return static_cast<std::uint16_t>(port.value_or(0));
}

std::uint64_t RemoteRegion::bytes_read_at_open() const {
    const auto words = process_->last_words();
    const auto at = words.find("read at open: ");
    if (at == std::string::npos) return 0;
    const auto from = at + std::string_view("read at open: ").size();
    return parse_uint(words.substr(from, words.find(' ', from) - from)).value_or(0);
}

std::unique_ptr<client::RegionClient> RemoteRegion::connect() const {
    client::RegionClientOptions options;
    options.name = RegionName("bench");
    options.endpoint = url_;
    return must(client::RegionClient::open(options, kClock));
}

LogstoreRef make_store(client::RegionClient& client, const std::string& name,
                       std::uint32_t shards) {
    const LogstoreRef ref{ProjectName("bench-project"), LogstoreName(name)};
    (void)client.create_project({ref.project, "", "", 0, 0});
    LogstoreSettings settings;
    settings.shard_count = shards;
    const auto made = client.create_logstore(ref, settings);
    SPILLWAY_INVARIANT(made.has_value(), "the benchmark's Logstore cannot be made");
    return ref;
}

double bytes_a_second(int threads, std::chrono::milliseconds time,
                      const std::function<std::uint64_t(int)>& work) {
    std::atomic<std::uint64_t> bytes = 0;
    const auto begun = now_seconds();
    const auto end = begun + std::chrono::duration<double>(time).count();
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) {
        all.emplace_back([&, i] {
            while (now_seconds() < end) bytes += work(i);
        });
    }
    for (auto& thread : all) thread.join();
    return static_cast<double>(bytes) / (now_seconds() - begun);
}

}  // namespace spillway::bench
