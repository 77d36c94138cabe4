#include "base/net/http_client.h"

#include "base/text.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <fmt/format.h>

namespace spillway {

namespace {

/// libcurl must be set up once, before any thread uses it, and never again.
void init_curl_once() {
    static std::once_flag done;
    std::call_once(done, [] {
        SPILLWAY_INVARIANT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK,
                           "libcurl cannot be initialised");
        // OpenSSL writes with write(2): a peer that hangs up would end the process.
        struct sigaction current {};
        if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
            std::signal(SIGPIPE, SIG_IGN);
        }
    });
}

struct EasyDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct UrlDeleter {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

/// One kept connection. The transfer runs in its own multi handle because that can be woken from
/// another thread: a cancelled call returns at once, not at libcurl's next tick.
struct Channel {
    std::string origin;  ///< "http://127.0.0.1:7101": who it is connected to
    std::unique_ptr<CURLM, MultiDeleter> multi{curl_multi_init()};
    std::unique_ptr<CURL, EasyDeleter> easy{curl_easy_init()};
};

/// What the callbacks of one transfer share.
struct Transfer {
    HttpResponse response;
    std::size_t bytes_max = 0;
    bool repeatable = true;
    int sends = 0;
    bool too_large = false;
    char curl_says[CURL_ERROR_SIZE] = {};
};

std::size_t on_body(char* bytes, std::size_t /*one*/, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (size > transfer.bytes_max - transfer.response.body.size()) {
        transfer.too_large = true;
        return 0;
    }
    transfer.response.body.append(bytes, size);
    return size;
}

void expect_body(Transfer& transfer, std::string_view length) {
    constexpr std::uint64_t kReserveMax = 16 * 1024 * 1024;  // a lying peer must not cost memory
    const auto bytes = parse_uint(length);
    if (bytes && *bytes <= transfer.bytes_max) {
        transfer.response.body.reserve(static_cast<std::size_t>(std::min(*bytes, kReserveMax)));
    }
}

std::size_t on_header(char* bytes, std::size_t /*one*/, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    std::string_view line(bytes, size);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
        transfer.response.headers = {};  // "100 Continue" came before it
        return size;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    transfer.response.headers.add(name, value);
    if (equals_ignoring_case(name, "content-length")) expect_body(transfer, value);
    return size;
}

/// libcurl sends a request again by itself when a kept connection dies before the first byte of the
/// answer. The peer may have done the work: a POST that is not known to be harmless must not go out
/// twice.
int on_send(void* user, char* /*peer*/, char* /*own*/, int /*peer_port*/, int /*own_port*/) {
    auto& transfer = *static_cast<Transfer*>(user);
    ++transfer.sends;
    return transfer.sends > 1 && !transfer.repeatable ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

struct Origin {
    std::string url;   ///< scheme://host:port
    std::string name;  ///< host:port, for messages
};

std::string url_part(CURLU* url, CURLUPart part, unsigned int flags) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    std::string out(text);
    curl_free(text);
    return out;
}

Result<Origin> origin_of(const std::string& text) {
    const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
    const auto refused = [&](std::string_view why) {
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("\"{}\" is not a usable URL: {}", to_valid_utf8(text), why));
    };
    if (has_line_break(text)) return refused("it holds a line break");
    const CURLUcode parsed = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
    if (parsed != CURLUE_OK) return refused(curl_url_strerror(parsed));
    const std::string scheme = to_lower(url_part(url.get(), CURLUPART_SCHEME, 0));
    if (scheme != "http" && scheme != "https") return refused("use http:// or https://");
    Origin origin;
    origin.name = url_part(url.get(), CURLUPART_HOST, 0) + ":" +
                  url_part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    origin.url = scheme + "://" + to_lower(origin.name);
    return origin;
}

Result<HeaderList> header_list(const HttpCall& call) {
    HeaderList list;
    const auto add = [&list](const std::string& line) {
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) return;
        (void)list.release();
        list.reset(longer);
    };
    for (const auto& [name, value] : call.headers.all()) {
        if (has_line_break(name) || has_line_break(value) || name.empty()) {
            return make_error(ErrorCode::InvalidArgument,
                              fmt::format("header \"{}\" cannot be sent: empty name, or a line "
                                          "break in it",
                                          to_valid_utf8(name)));
        }
        if (equals_ignoring_case(name, "expect") || equals_ignoring_case(name, "content-length")) {
            continue;  // libcurl counts the body itself
        }
        add(value.empty() ? name + ";" : name + ": " + value);  // ";": sent without a value
    }
    add("Expect:");
    // libcurl would call every body a web form.
    if (!call.headers.find("content-type")) add("Content-Type:");
    return list;
}

struct Failure {
    CURLcode result = CURLE_OK;
    int system_errno = 0;
    bool sent = false;
};

std::string reason_of(const Failure& failure, const Transfer& transfer, const HttpCall& call) {
    const std::string_view detail = transfer.curl_says;
    switch (failure.result) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return "cannot resolve the host name";
        case CURLE_COULDNT_CONNECT:
            return failure.system_errno == 0 ? "cannot connect"
                                             : to_lower(std::strerror(failure.system_errno));
        case CURLE_OPERATION_TIMEDOUT:
            return failure.sent ? "timeout: no complete answer in " + human_duration(call.timeout)
                                : "timeout: no connection in " +
                                      human_duration(std::min(call.connect_timeout, call.timeout));
        case CURLE_GOT_NOTHING:
        case CURLE_ABORTED_BY_CALLBACK:
            return "connection closed before the answer";
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
            return fmt::format("connection reset ({})", detail);
        case CURLE_PARTIAL_FILE:
            return fmt::format("answer cut off ({})", detail);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_ISSUER_ERROR:
            return fmt::format("TLS: {}", detail);
        default:
            return fmt::format("no usable answer ({})",
                               detail.empty() ? curl_easy_strerror(failure.result) : detail);
    }
}

Error to_error(const Failure& failure, const Transfer& transfer, const HttpCall& call,
               const Origin& origin) {
    if (transfer.too_large || failure.result == CURLE_FILESIZE_EXCEEDED) {
        return make_error(ErrorCode::Corrupt,
                          fmt::format("{}: answer larger than the {} allowed", origin.name,
                                      human_bytes(call.response_bytes_max)));
    }
    const ErrorCode code = failure.result == CURLE_URL_MALFORMAT   ? ErrorCode::InvalidArgument
                           : failure.result == CURLE_PARTIAL_FILE  ? ErrorCode::Corrupt
                           : failure.result == CURLE_OUT_OF_MEMORY ? ErrorCode::Exhausted
                                                                   : ErrorCode::Unavailable;
    return make_error(code, origin.name + ": " + reason_of(failure, transfer, call));
}

void set_method(CURL* easy, const HttpCall& call) {
    const bool carries_body = !call.body.empty() || call.method == "POST" || call.method == "PUT" ||
                              call.method == "PATCH";
    if (carries_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.empty() ? "" : call.body.data());
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(call.body.size()));
    } else if (call.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.method.c_str());
}

/// To libcurl 0 means no limit; to us it means no time is left.
long limit_ms(std::chrono::milliseconds limit) {
    return std::max<long>(1, static_cast<long>(limit.count()));
}

void set_up(CURL* easy, const HttpClientOptions& options, const HttpCall& call, Transfer& transfer,
            curl_slist* headers) {
    constexpr long kBufferBytes = 256 * 1024;
    curl_easy_reset(easy);  // keeps the connection
    curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");  // nor exceptions from the environment
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kBufferBytes);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, limit_ms(call.connect_timeout));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, limit_ms(call.timeout));
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                     static_cast<curl_off_t>(call.response_bytes_max));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.tls_verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.tls_verify ? 2L : 0L);
    if (!options.tls_ca_file.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, options.tls_ca_file.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.curl_says);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
    set_method(easy, call);
}

/// Runs the transfer to its end. Nothing when it was cancelled.
std::optional<CURLcode> perform(Channel& channel, const std::stop_token& stop) {
    CURLM* multi = channel.multi.get();
    const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
    if (curl_multi_add_handle(multi, channel.easy.get()) != CURLM_OK) return CURLE_FAILED_INIT;
    std::optional<CURLcode> result = CURLE_OK;
    for (int running = 1; running > 0;) {
        if (stop.stop_requested()) {
            result = std::nullopt;
            break;
        }
        constexpr int kPollMs = 1'000;  // libcurl shortens it to its own next time limit
        const bool broken =
            curl_multi_perform(multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(multi, nullptr, 0, kPollMs, nullptr) != CURLM_OK);
        if (broken) {
            result = CURLE_FAILED_INIT;
            break;
        }
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (result && message->msg == CURLMSG_DONE) result = message->data.result;
    }
    curl_multi_remove_handle(multi, channel.easy.get());
    return result;
}

}  // namespace

struct HttpClient::Impl {
    explicit Impl(HttpClientOptions given) : options(std::move(given)) {}

    const HttpClientOptions options;
    std::mutex mutex;           // guards idle
    std::vector<Channel> idle;  ///< the one used last is at the end

    /// A connection to that origin if one is kept, else a fresh handle.
    Channel take(const std::string& origin) {
        {
            const std::lock_guard lock(mutex);
            const auto found =
                std::find_if(idle.rbegin(), idle.rend(),
                             [&](const Channel& channel) { return channel.origin == origin; });
            if (found != idle.rend()) {
                Channel channel = std::move(*found);
                idle.erase(std::next(found).base());
                return channel;
            }
        }
        Channel channel;
        channel.origin = origin;
        SPILLWAY_INVARIANT(channel.easy && channel.multi, "libcurl gives no handle");
        curl_multi_setopt(channel.multi.get(), CURLMOPT_MAXCONNECTS, 1L);
        return channel;
    }

    void give_back(Channel channel) {
        std::optional<Channel> oldest;  // closed after the lock
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(channel));
        if (idle.size() <= options.idle_connections_max) return;
        oldest = std::move(idle.front());
        idle.erase(idle.begin());
    }
};

HttpClient::HttpClient(HttpClientOptions options) {
    init_curl_once();
    impl_ = std::make_unique<Impl>(std::move(options));
}

HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::send(const HttpCall& call, std::stop_token stop) {
    auto origin = origin_of(call.url);
    if (!origin) return std::move(origin).error();
    if (call.method.empty() || has_line_break(call.method)) {
        return make_error(ErrorCode::InvalidArgument, "an HTTP call needs a method");
    }
    auto headers = header_list(call);
    if (!headers) return std::move(headers).error();

    Transfer transfer;
    transfer.bytes_max = call.response_bytes_max;
    transfer.repeatable = call.method != "POST" && call.method != "PATCH";
    Channel channel = impl_->take(origin->url);
    CURL* easy = channel.easy.get();
    set_up(easy, impl_->options, call, transfer, headers->get());
    const auto result = perform(channel, stop);
    if (!result) {
        return make_error(ErrorCode::Cancelled, origin->name + ": stopped before the answer");
    }
    if (*result != CURLE_OK) {
        Failure failure{*result, 0, transfer.sends > 0};
        long system_errno = 0;
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_errno);
        failure.system_errno = static_cast<int>(system_errno);
        return to_error(failure, transfer, call, *origin);
    }
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    impl_->give_back(std::move(channel));
    return std::move(transfer.response);
}

}  // namespace spillway
