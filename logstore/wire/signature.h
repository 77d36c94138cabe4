// Request signatures v1 (hmac-sha1, hmac-sha256) and v4, for client and server. Any thread.
// Source: docs/sources.md#signatures
#pragma once

#include "base/clock.h"
#include "base/net/http.h"
#include "base/result.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::wire {

enum class SignVersion { V1, V4 };

struct Credentials {
    std::string access_key_id;
    std::string access_key_secret;
    std::string security_token;  ///< STS; empty: none
};

struct SignOptions {
    SignVersion version = SignVersion::V1;
    std::string region;  ///< of the v4 scope: "cn-hangzhou"
};

/// Adds Date or x-log-date, x-log-apiversion, x-log-signaturemethod, Content-MD5 or
/// x-log-content-sha256, the security token, and Authorization. Host, Content-Type and the other
/// x-log-* headers must be set before; nothing that is signed may change after.
void sign(HttpRequest& request, const Credentials& credentials, const SignOptions& options,
          WallTime now);

/// The parts of a received Authorization header.
struct Authorization {
    SignVersion version = SignVersion::V1;
    std::string access_key_id;
    std::string signature;
    std::string scope_date;    ///< v4
    std::string scope_region;  ///< v4
};

/// Nothing when there is no Authorization header. Errors: Unauthenticated (malformed).
Result<std::optional<Authorization>> parse_authorization(const HttpHeaders& headers);

/// Checks a received request: date within 15 minutes of `now` (RequestTimeExpired), body digests,
/// key known (Unauthorized), signature equal in constant time (SignatureNotMatch). `secret_of`
/// gives the secret of a key, or nothing. Returns the access key id.
Result<std::string> verify(
    const HttpRequest& request,
    const std::function<std::optional<std::string>(std::string_view)>& secret_of, WallTime now);

/// The strings that are signed, for tests against known vectors.
std::string v1_string_to_sign(const HttpRequest& request);
std::string v4_canonical_request(const HttpRequest& request);
std::string v4_string_to_sign(const HttpRequest& request, std::string_view region);

}  // namespace spillway::wire
