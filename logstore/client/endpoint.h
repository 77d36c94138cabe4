// Where a region is and how a project is named in a request to it. Values; any thread.
// Source: docs/sources.md#addressing
#pragma once

#include "base/result.h"
#include "logstore/model/names.h"

#include <string>
#include <string_view>

namespace spillway::client {

/// Where one request goes.
struct Address {
    std::string base_url;  ///< scheme and authority to connect to: "http://127.0.0.1:7101"
    std::string host;      ///< the Host header, which names the project: "pay.127.0.0.1:7101"
};

/// A region's endpoint. The project travels as the first label of the host name; a literal address
/// or localhost cannot have labels in front, so there only the Host header carries it.
class Endpoint {
  public:
    /// "http://127.0.0.1:7101", "https://cn-hangzhou.log.aliyuncs.com", "localhost:7101". Without a
    /// scheme it is https, but http for an address of this machine. Errors: InvalidArgument, saying
    /// what is wrong.
    static Result<Endpoint> parse(std::string_view text);

    /// Of a request about a project; an empty one: about the account.
    Address address_for(const ProjectName& project) const;
    std::string url() const { return scheme_ + "://" + host_ + port_; }

  private:
    std::string scheme_;
    std::string host_;
    std::string port_;      // with its colon; empty: the scheme's
    bool literal_ = false;  // an address or localhost
};

}  // namespace spillway::client
