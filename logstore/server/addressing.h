// Which project a request is about. The service's rule is "the first label of the host name"; on
// one machine that name has a port, an address or localhost behind it, and a client that goes
// through us as its proxy sends the whole URL. Pure; any thread. Source: docs/sources.md#addressing
#pragma once

#include "base/net/http.h"
#include "logstore/model/names.h"

namespace spillway::server {

/// Empty when the request names none: it is about the account.
ProjectName project_of(const HttpRequest& request, const HttpTarget& target);
/// The same for one host name, with or without a port.
ProjectName project_of_host(std::string_view host);

}  // namespace spillway::server
