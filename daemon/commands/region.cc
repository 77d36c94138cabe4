// region serve: the embedded Logstore as a process of its own.
#include "base/metrics.h"
#include "base/net/self_signed.h"
#include "base/text.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/region_fault.h"
#include "daemon/commands/region_folder.h"
#include "logstore/engine/engine.h"
#include "logstore/server/descriptors.h"
#include "logstore/server/region_server.h"

#include <algorithm>
#include <csignal>
#include <optional>

#include <fmt/format.h>
#include <sys/resource.h>

namespace spillway::daemon {

namespace {

constexpr std::chrono::seconds kStopGrace{10};

struct Listen {
    std::string host;
    std::uint16_t port = 0;
};

/// "127.0.0.1:7101", "[::1]:7101", ":0".
Result<Listen> parse_listen(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto wrong = [&] {
        return make_error(
            ErrorCode::InvalidArgument,
            fmt::format("--listen \"{}\" is not HOST:PORT, such as 127.0.0.1:7101", text));
    };
    if (colon == std::string_view::npos) return wrong();
    const auto port = parse_uint(text.substr(colon + 1));
    if (!port || *port > 65535) return wrong();
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty()) host = "127.0.0.1";
    return Listen{std::string(host), static_cast<std::uint16_t>(*port)};
}

Result<engine::SyncMode> parse_sync(std::string_view text) {
    if (text == "commit") return engine::SyncMode::Commit;
    if (text == "interval") return engine::SyncMode::Interval;
    if (text == "none") return engine::SyncMode::None;
    return make_error(ErrorCode::InvalidArgument,
                      fmt::format("--sync \"{}\" is none of commit, interval, none", text));
}

/// A flag that holds a size; 0 where it is not given.
Result<std::uint64_t> size_flag(const Arguments& arguments, const std::string& flag,
                                std::uint64_t least) {
    if (!arguments.has(flag)) return std::uint64_t{0};
    auto size = parse_size(arguments.get(flag));
    if (!size) return std::move(size).error().while_doing("--" + flag);
    if (*size >= least) return size;
    return make_error(
        ErrorCode::InvalidArgument,
        fmt::format("--{} {} is less than {}", flag, arguments.get(flag), human_bytes(least)));
}

Result<std::uint64_t> write_memory(const Arguments& arguments) {
    constexpr std::uint64_t kLeast = 16 * 1024 * 1024;  // one body of the largest size
    auto size = parse_size(arguments.get("write-memory"));
    if (!size) return std::move(size).error().while_doing("--write-memory");
    if (*size >= kLeast) return size;
    return make_error(ErrorCode::InvalidArgument, "--write-memory is at least 16MiB");
}

constexpr std::uint64_t kSegmentBytesLeast = 64 * 1024;
constexpr std::uint64_t kSegmentBytesMost = std::uint64_t{1} << 31;
constexpr std::uint64_t kKeepBytesLeast = 1024 * 1024;

Status take_storage_flags(const Arguments& arguments, engine::EngineOptions& options) {
    auto segment = size_flag(arguments, "segment-bytes", kSegmentBytesLeast);
    if (!segment) return std::move(segment).error();
    if (*segment > kSegmentBytesMost) {
        return make_error(ErrorCode::InvalidArgument, "--segment-bytes may be 2GiB at most");
    }
    if (*segment > 0) options.log.segment_bytes = *segment;
    auto region = size_flag(arguments, "keep-bytes", kKeepBytesLeast);
    if (!region) return std::move(region).error();
    auto logstore = size_flag(arguments, "keep-logstore-bytes", kKeepBytesLeast);
    if (!logstore) return std::move(logstore).error();
    options.keep = {*region, *logstore};
    return {};
}

struct ServeOptions {
    engine::EngineOptions engine;
    server::RegionServerOptions server;
    EventLogOptions log;
    std::string keys_file;
    bool is_self_signed = false;
    std::vector<std::string> tls_names;  ///< of a certificate of our own
};

Status check_tls(const Arguments& arguments) {
    if (arguments.has("tls-cert") != arguments.has("tls-key")) {
        return make_error(ErrorCode::InvalidArgument,
                          "--tls-cert and --tls-key belong together: give both or neither");
    }
    if (!arguments.has("tls")) return {};
    if (arguments.get("tls") != "self") {
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("--tls \"{}\" is not self; a certificate of yours is given "
                                      "with --tls-cert and --tls-key",
                                      arguments.get("tls")));
    }
    if (!arguments.has("tls-cert")) return {};
    return make_error(ErrorCode::InvalidArgument,
                      "--tls self makes a certificate and --tls-cert gives one: choose");
}

/// What a certificate of our own is good for: this machine, and the name that the service's region
/// of that name has, for clients that come through us as their proxy.
std::vector<std::string> tls_names(const Arguments& arguments, const std::string& host) {
    std::vector<std::string> names{"localhost", "*.localhost", "127.0.0.1", "::1"};
    const auto add = [&](std::string name) {
        if (name.empty() || name == "0.0.0.0" || name == "::") return;
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(std::move(name));
        }
    };
    add(host);
    const auto region = to_lower(arguments.get("name"));
    const bool is_label =
        !region.empty() &&
        region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (is_label) add(fmt::format("*.{}.log.aliyuncs.com", region));
    for (const auto name : split(arguments.get("tls-names"), ',')) add(std::string(trim(name)));
    return names;
}

Result<ServeOptions> serve_options(const Arguments& arguments) {
    ServeOptions options;
    auto listen = parse_listen(arguments.get("listen"));
    if (!listen) return std::move(listen).error();
    auto sync = parse_sync(arguments.get("sync"));
    if (!sync) return std::move(sync).error();
    auto format = parse_log_format(arguments.get("log-format"));
    if (!format) return std::move(format).error();
    auto level = parse_log_level(arguments.get("log-level"));
    if (!level) return std::move(level).error();
    if (auto fits = check_tls(arguments); !fits) return std::move(fits).error();
    auto quotas = engine::parse_quotas(arguments.get("quotas"));
    if (!quotas) return std::move(quotas).error().while_doing("--quotas");
    auto memory = write_memory(arguments);
    if (!memory) return std::move(memory).error();
    options.engine.path = arguments.get("data");
    while (options.engine.path.size() > 1 && options.engine.path.ends_with('/')) {
        options.engine.path.pop_back();
    }
    options.engine.region = RegionName(arguments.get("name"));
    options.engine.log.sync = *sync;
    if (auto taken = take_storage_flags(arguments, options.engine); !taken) {
        return std::move(taken).error();
    }
    options.server.http.host = listen->host;
    options.server.http.port = listen->port;
    options.server.http.tls_certificate_file = arguments.get("tls-cert");
    options.server.http.tls_key_file = arguments.get("tls-key");
    options.engine.quotas = *quotas;
    options.server.http.bodies_bytes_max = static_cast<std::size_t>(*memory);
    // The engine's own bound is there for who writes without a server; here bodies wait before it.
    options.engine.waiting_bytes_max = static_cast<std::size_t>(4 * *memory);
    options.is_self_signed = arguments.get("tls") == "self";
    options.tls_names = tls_names(arguments, listen->host);
    options.log = {*format, *level};
    options.keys_file = arguments.get("keys");
    return options;
}

/// The signals that end the process, held back in every thread so that one place waits for them.
sigset_t hold_back_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    // A file size limit is to be an error of the write, not the end of the process.
    std::signal(SIGXFSZ, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

/// Asks for as many descriptors as the system allows, and tells how many connections they are good
/// for.
std::size_t prepare_descriptors(EventLog& events) {
    constexpr std::size_t kFewConnections = 1'000;
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return server::connections_for(0);
    auto wanted = files;
    wanted.rlim_cur = files.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) files = wanted;
    const auto connections = server::connections_for(files.rlim_cur);
    if (connections < kFewConnections) {
        events.warn("region.few_descriptors",
                    "the limit of open files lets few clients connect at a time: raise the hard "
                    "limit (ulimit -Hn, LimitNOFILE=) to 4096 or more",
                    {{"open_files", std::uint64_t{files.rlim_cur}}, {"connections", connections}});
    }
    return connections;
}

std::string_view what_now_about_data(const Error& error) {
    switch (error.code) {
        case ErrorCode::Conflict:
            return "stop that process, or give this region a folder of its own with --data";
        case ErrorCode::Corrupt:
            return "nothing was changed; keep a copy of the folder, then restore or move aside the "
                   "file named above";
        case ErrorCode::Exhausted:
            return "make room on that disk and start again; nothing acknowledged is lost";
        case ErrorCode::Unsupported:
            return "use the version of spillway that wrote the folder";
        default:
            return "check the path given with --data and its permissions";
    }
}

int exit_status_of_bad_keys(const Error& error, Streams& streams) {
    (void)report_error(error, streams,
                       "a line of the keys file is: ACCESS_KEY_ID ACCESS_KEY_SECRET "
                       "[PROJECT,PROJECT...]");
    return kExitBadConfig;
}

/// The certificate of our own, kept in the data folder: for the listener where that is asked for,
/// and for the tunnels of clients that take us for a proxy.
Status prepare_tls(const ServeOptions& options, HttpServerOptions& http, const Clock& clock,
                   Streams& streams) {
    if (!http.tls_certificate_file.empty()) return {};
    auto files = self_signed_in(options.engine.path + "/tls", options.tls_names, clock.wall());
    if (!files) return std::move(files).error();
    http.accepts_tunnels = true;
    http.tunnel_certificate_file = files->certificate_file;
    http.tunnel_key_file = files->key_file;
    if (!options.is_self_signed) return {};
    http.tls_certificate_file = files->certificate_file;
    http.tls_key_file = files->key_file;
    streams.err << fmt::format("self-made certificate {}, SHA-256 {}\n", files->certificate_file,
                               files->fingerprint);
    return {};
}

int serve_until_stopped(const ServeOptions& options, server::RegionServerOptions server_options,
                        EventLog& events, const Clock& clock, Streams& streams) {
    const sigset_t signals = hold_back_signals();
    server_options.http.connections_max = prepare_descriptors(events);
    MetricsRegistry metrics;
    auto engine = engine::Engine::open(options.engine, clock, events, &metrics);
    if (!engine) return report_error(engine.error(), streams, what_now_about_data(engine.error()));
    if (auto ready = prepare_tls(options, server_options.http, clock, streams); !ready) {
        return report_error(ready.error(), streams,
                            "check --tls-names, or give a certificate with --tls-cert");
    }
    auto server =
        server::RegionServer::start(std::move(server_options), **engine, clock, events, metrics);
    if (!server) {
        return report_error(server.error(), streams,
                            server.error().code == ErrorCode::Refused
                                ? "give keys with --keys FILE, or listen on 127.0.0.1"
                                : "choose another address with --listen HOST:PORT");
    }
    const bool has_tls =
        options.is_self_signed || !options.server.http.tls_certificate_file.empty();
    streams.err << fmt::format("region {} ready on {}://{}, data in {}\n",
                               options.engine.region.str(), has_tls ? "https" : "http",
                               (*server)->address(), options.engine.path)
                << std::flush;
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    events.info("region.stopping", "answering what is under way, then stopping",
                {{"region", options.engine.region.str()}, {"signal", signal_number}});
    (*server)->stop(kStopGrace);
    server->reset();
    engine->reset();
    return signal_number == SIGINT ? kExitInterrupted : kExitDone;
}

int serve(const Arguments& arguments, Streams& streams) {
    auto options = serve_options(arguments);
    if (!options) {
        (void)report_error(options.error(), streams,
                           "spillway region serve --help lists the flags");
        return kExitUsage;
    }
    SystemClock clock;
    const auto events = make_event_log(2, options->log, clock);
    auto server_options = options->server;
    if (!options->keys_file.empty()) {
        auto keys = server::KeyFile::read(options->keys_file, *events);
        if (!keys) return exit_status_of_bad_keys(keys.error(), streams);
        server_options.keys = *std::move(keys);
    }
    return serve_until_stopped(*options, std::move(server_options), *events, clock, streams);
}

Command serve_command() {
    Command command;
    command.path = "region serve";
    command.summary = "Run an embedded Logstore that speaks the service's HTTP protocol";
    command.details =
        "The region keeps everything in the folder given with --data, which one process at a time\n"
        "may use. A write that was answered is on the disk (--sync commit). Clients name their\n"
        "project in the Host header (PROJECT.localhost) or in x-log-project. Without --keys every\n"
        "request is allowed, so the address must be a loopback one.\n"
        "\n"
        "SIGTERM stops it cleanly (exit 0), Ctrl-C too (exit 130).\n"
        "\n"
        "Example:\n"
        "  spillway region serve --name hz --listen 127.0.0.1:7101 --data ./hz";
    command.flags = {
        {"name", 0, "NAME", "The region's name, as projects report it", "local", false, false},
        {"listen", 0, "HOST:PORT", "Where to listen; port 0 lets the system choose",
         "127.0.0.1:7101", false, false},
        {"data", 0, "DIR", "The folder that holds everything; made if absent", "", true, false},
        {"keys", 0, "FILE", "Access keys: lines of \"id secret [project,...]\"", "", false, false},
        {"sync", 0, "MODE",
         "commit: answered means on disk; interval: synced 5 times a second; none", "commit", false,
         false},
        {"keep-bytes", 0, "SIZE",
         "Delete the oldest segments where all Logstores together hold more, such as 50GiB", "",
         false, false},
        {"keep-logstore-bytes", 0, "SIZE", "The same for each Logstore", "", false, false},
        {"segment-bytes", 0, "SIZE",
         "Length of a segment, the piece that retention deletes (64MiB)", "", false, false},
        {"tls-cert", 0, "FILE", "Certificate chain (PEM): serve https", "", false, false},
        {"tls-key", 0, "FILE", "Its private key (PEM)", "", false, false},
        {"tls", 0, "self", "Serve https with a certificate made at the first start", "", false,
         false},
        {"tls-names", 0, "NAME,...", "Further host names for that certificate", "", false, false},
        {"quotas", 0, "SPEC",
         "off; service (the service's figures); or such as shard-write=5MB/500,project-read=0/100",
         "off", false, false},
        {"write-memory", 0, "SIZE",
         "What bodies of requests may hold in memory; above it they wait", "64MiB", false, false},
        {"log-format", 0, "FORMAT", "logfmt or json", "logfmt", false, false},
        {"log-level", 0, "LEVEL", "debug, info, warn or error", "info", false, false},
    };
    command.run = serve;
    return command;
}

}  // namespace

std::vector<Command> region_commands() {
    return {serve_command(), region_check_command(), region_stat_command(), region_fault_command()};
}

}  // namespace spillway::daemon
