// What both HTTP sides speak. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

struct HttpHeader {
    std::string name;
    std::string value;
    bool operator==(const HttpHeader&) const = default;
};

/// In the order they came; names keep their spelling, look-ups ignore case.
class HttpHeaders {
  public:
    void add(std::string_view name, std::string_view value);
    /// Replaces every header of that name.
    void set(std::string_view name, std::string_view value);
    std::optional<std::string_view> find(std::string_view name) const;
    const std::vector<HttpHeader>& all() const { return headers_; }

  private:
    std::vector<HttpHeader> headers_;
};

struct HttpRequest {
    std::string method;  ///< upper case
    std::string
        target;  ///< as received: origin form "/a?b=c", or absolute form "http://host/a?b=c"
    HttpHeaders headers;
    std::string body;  ///< complete and de-chunked
    std::string peer;  ///< "127.0.0.1:51234"
};

struct HttpResponse {
    int status = 200;
    HttpHeaders headers;
    std::string body;
};

/// "/logstores/app?type=log&x=" taken apart. Empty values stay, so that a signature can be checked.
struct HttpTarget {
    std::string host;                                        ///< of an absolute form; else empty
    std::string path;                                        ///< as sent, still percent-encoded
    std::string raw_query;                                   ///< as sent
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order

    /// The first parameter of that name that is not empty.
    std::optional<std::string_view> find(std::string_view name) const;
};

HttpTarget parse_target(std::string_view target);

}  // namespace spillway
