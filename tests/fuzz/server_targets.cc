#include "base/event_log.h"
#include "base/metrics.h"
#include "base/net/http_wire.h"
#include "base/text.h"
#include "logstore/engine/engine.h"
#include "logstore/engine/prepare.h"
#include "logstore/server/put_body.h"
#include "logstore/server/region_server.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "targets.h"
#include "tests/base/raw_connection.h"
#include "tests/base/temp_dir.h"

#include <memory>
#include <string>

namespace spillway::fuzz {

void request_head(std::string_view input) {
    const auto end = find_head_end(input, 0);
    for (std::size_t scanned = 0; scanned <= input.size(); scanned += 7) {
        const auto later = find_head_end(input.substr(0, input.size()), scanned);
        promise(!later || !end || *later >= *end, "looking later finds no earlier end");
    }
    if (!end) return;
    const auto head = normalise_head(input.substr(0, *end));
    promise(head.text.ends_with("\r\n\r\n"), "a head made fit still ends");
    promise(head.text.size() <= *end, "a head made fit is no longer");
    const auto again = normalise_head(head.text);
    promise(!again.dropped_length && again.chunked == head.chunked, "once is enough");
    const auto line = input.substr(0, input.find("\r\n"));
    const auto target = parse_target(line);
    for (const auto& [name, value] : target.query) (void)target.find(name);
}

void put_body(std::string_view input) {
    Choices choices(input);
    HttpRequest request;
    request.method = "POST";
    request.target = "/logstores/app/shards/lb";
    const std::uint8_t shape = choices.byte();
    static constexpr std::string_view kCodecs[] = {"lz4", "zstd", "deflate", "", "gzip"};
    const auto codec = kCodecs[shape % 5];
    if (!codec.empty()) request.headers.add("x-log-compresstype", codec);
    if (shape >= 128) request.headers.add("x-log-mode", "batch_group");
    request.headers.add("x-log-bodyrawsize", choices.line());
    request.body = choices.rest();
    const auto batches = server::batches_of(request);
    if (!batches) return;
    for (const Batch& batch : *batches) {
        const auto group = engine::prepare(batch);
        if (!group) continue;
        const auto raw = wire::decompress(Codec::Lz4, group->block, group->raw_bytes);
        promise(raw.has_value(), "what is stored can be decompressed");
        const auto view = wire::LogGroupView::parse(*raw);
        promise(view && view->validate(), "what is stored is a LogGroup");
        promise(view->log_count() == group->log_count, "what is stored was counted");
    }
}

namespace {

/// A region in a folder of its own; made by the first input.
class Region {
  public:
    Region() {
        engine::EngineOptions options;
        options.path = folder_ / "region";
        options.log.sync = engine::SyncMode::None;
        auto engine = engine::Engine::open(options, clock_, null_event_log(), &metrics_);
        promise(engine.has_value(), "a region opens");
        engine_ = *std::move(engine);
        server::RegionServerOptions serving;
        serving.http.worker_threads = 2;
        auto server =
            server::RegionServer::start(serving, *engine_, clock_, null_event_log(), metrics_);
        promise(server.has_value(), "a region serves");
        server_ = *std::move(server);
    }

    /// Inputs delete what inputs made; each finds one Logstore all the same.
    void make_logstore() {
        ProjectInfo project;
        project.name = ProjectName("pay");
        (void)engine_->create_project(project);
        (void)engine_->create_logstore({project.name, LogstoreName("app")}, {});
    }

    std::string converse(std::string_view bytes) {
        test::RawConnection connection(server_->port());
        if (!connection.connected()) return {};  // out of ports: the next input has them again
        (void)connection.send(bytes);
        connection.finish_sending();
        return connection.read_to_end();
    }

  private:
    test::TempDir folder_;
    SystemClock clock_;
    MetricsRegistry metrics_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<server::RegionServer> server_;
};

/// Takes one answer off the front; false when it is not whole.
bool take_answer(std::string_view& bytes) {
    const auto end = find_head_end(bytes, 0);
    if (!bytes.starts_with("HTTP/1.1 ") || !end) return false;
    std::size_t body = 0;
    for (const auto line : split(bytes.substr(0, *end), '\n')) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        if (!equals_ignoring_case(line.substr(0, colon), "content-length")) continue;
        body = parse_uint(trim(line.substr(colon + 1, line.size() - colon - 2))).value_or(0);
    }
    if (bytes.size() < *end + body) return false;
    bytes.remove_prefix(*end + body);
    return true;
}

}  // namespace

void request(std::string_view input) {
    static Region region;
    region.make_logstore();
    const std::string answers = region.converse(input);
    // An answer to HEAD has a length and no body, so a row with one in it cannot be told apart.
    if (input.find("HEAD") != std::string_view::npos) return;
    std::string_view left = answers;
    while (!left.empty()) {
        promise(take_answer(left), "every answer is whole");
    }
}

}  // namespace spillway::fuzz
