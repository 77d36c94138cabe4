// A certificate that nobody but us vouches for: for loopback, drills and CI. Who connects either
// does not check, or is given the certificate file. Any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <string>
#include <vector>

namespace spillway {

struct SelfSignedFiles {
    std::string certificate_file;
    std::string key_file;
    std::string fingerprint;  ///< SHA-256 of the certificate, "AB:CD:..."
};

/// The certificate and key in `folder` (cert.pem, key.pem), made anew when they are missing, end
/// within a month, or do not cover one of `names` (host names, "*." allowed, and addresses).
/// Errors: those of writing the files; Internal (OpenSSL).
Result<SelfSignedFiles> self_signed_in(const std::string& folder,
                                       const std::vector<std::string>& names, WallTime now);

}  // namespace spillway
