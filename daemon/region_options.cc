#include "daemon/region_options.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace spillway::daemon {

namespace {

constexpr std::string_view kKeyIdVariable = "SPILLWAY_ACCESS_KEY_ID";
constexpr std::string_view kKeySecretVariable = "SPILLWAY_ACCESS_KEY_SECRET";

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
}

/// A variable somebody named must be there.
Result<std::string> named_variable(const Arguments& arguments, std::string_view flag) {
    const std::string name = arguments.get(flag);
    auto value = environment(name);
    if (!value) {
        return make_error(ErrorCode::NotFound, "--" + std::string(flag) + " names the variable " +
                                                   name + ", which is not set or empty");
    }
    return *std::move(value);
}

Result<std::string> secret_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (!in.good() && !in.eof()) {
        return make_error(ErrorCode::NotFound,
                          "--access-key-secret-file " + path + " cannot be read");
    }
    if (text.empty()) {
        return make_error(ErrorCode::NotFound, "--access-key-secret-file " + path + " is empty");
    }
    return text;
}

Result<std::string> secret(const Arguments& arguments) {
    if (arguments.has("access-key-secret-file")) {
        if (arguments.has("access-key-secret-env")) {
            return make_error(ErrorCode::InvalidArgument,
                              "give --access-key-secret-env or --access-key-secret-file, not both");
        }
        return secret_file(arguments.get("access-key-secret-file"));
    }
    return named_variable(arguments, "access-key-secret-env");
}

/// Nothing: the requests go unsigned, as nobody named a key and the usual variables are not set.
Result<std::optional<wire::Credentials>> credentials(const Arguments& arguments) {
    const bool named = arguments.has("access-key-id-env") ||
                       arguments.has("access-key-secret-env") ||
                       arguments.has("access-key-secret-file");
    if (!named && !environment(std::string(kKeyIdVariable))) {
        return std::optional<wire::Credentials>();
    }
    auto id = named_variable(arguments, "access-key-id-env");
    if (!id) return std::move(id).error();
    auto key = secret(arguments);
    if (!key) return std::move(key).error();
    wire::Credentials out{*std::move(id), *std::move(key), ""};
    if (arguments.has("security-token-env")) {
        auto token = named_variable(arguments, "security-token-env");
        if (!token) return std::move(token).error();
        out.security_token = *std::move(token);
    }
    return std::optional(std::move(out));
}

Result<wire::SignOptions> sign_options(const Arguments& arguments) {
    wire::SignOptions out;
    out.region = arguments.get("sls-region");
    const std::string version = arguments.get("sign");
    if (version != "v1" && version != "v4") {
        return make_error(ErrorCode::InvalidArgument,
                          "--sign is v1 or v4, not \"" + version + "\"");
    }
    if (version == "v1") return out;
    out.version = wire::SignVersion::V4;
    if (out.region.empty()) {
        return make_error(ErrorCode::InvalidArgument,
                          "--sign v4 needs --sls-region, such as cn-hangzhou");
    }
    return out;
}

}  // namespace

std::vector<Flag> region_flags() {
    const auto flag = [](std::string_view name, std::string_view value_name, std::string_view help,
                         std::string_view fallback = {}, bool required = false) {
        return Flag{.name = name,
                    .value_name = value_name,
                    .help = help,
                    .fallback = fallback,
                    .required = required};
    };
    return {
        flag("endpoint", "URL", "the region's log service, such as http://127.0.0.1:7101", {},
             true),
        flag("region-name", "NAME", "what messages call the region"),
        flag("access-key-id-env", "NAME", "environment variable that holds the access key id",
             kKeyIdVariable),
        flag("access-key-secret-env", "NAME", "environment variable that holds its secret",
             kKeySecretVariable),
        flag("access-key-secret-file", "FILE",
             "file that holds the secret, in place of a variable"),
        flag("security-token-env", "NAME", "environment variable that holds an STS token"),
        flag("sign", "v1|v4", "signature version", "v1"),
        flag("sls-region", "REGION", "the service's own region id, which signature v4 covers"),
    };
}

Result<client::RegionClientOptions> region_options(const Arguments& arguments) {
    client::RegionClientOptions out;
    out.endpoint = arguments.get("endpoint");
    out.name = RegionName(arguments.get("region-name"));
    auto sign = sign_options(arguments);
    if (!sign) return std::move(sign).error();
    out.sign = *std::move(sign);
    auto key = credentials(arguments);
    if (!key) return std::move(key).error();
    out.credentials = *std::move(key);
    return out;
}

Result<std::unique_ptr<client::RegionClient>> open_region(const Arguments& arguments,
                                                          const Clock& clock,
                                                          std::stop_token stop) {
    auto options = region_options(arguments);
    if (!options) return std::move(options).error();
    options->stop = std::move(stop);
    return client::RegionClient::open(*std::move(options), clock);
}

std::string region_advice(const Error& error) {
    if (error.service_code == "ProjectNotExist" || error.service_code == "LogStoreNotExist") {
        return "spillway logstore ls shows what exists; spillway logstore create makes it";
    }
    switch (error.code) {
        case ErrorCode::Unavailable:
            if (error.http_status != 0 && !error.service_code.empty()) {
                return "the region answers, but cannot do it now (its disk full or slow, or drill "
                       "faults switched on): its own log and /metrics say why";
            }
            return "is the region running, and is --endpoint right?";
        case ErrorCode::Unauthenticated:
            return std::string(
                       "check the access key: --access-key-id-env and "
                       "--access-key-secret-env, or the variables ") +
                   std::string(kKeyIdVariable) + " and " + std::string(kKeySecretVariable);
        case ErrorCode::ClockSkew:
            return "this machine's clock and the region's differ by more than 15 minutes: correct "
                   "the wrong one";
        case ErrorCode::Throttled:
            return "the region is over a quota: try again, slower";
        case ErrorCode::OutOfRange:
            return "the position is not stored any more; --from begin reads what is";
        default:
            return {};
    }
}

}  // namespace spillway::daemon
