#include "logstore/wire/signature.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/http_time.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace spillway::wire {

namespace {

constexpr std::string_view kApiVersion = "0.6.0";
constexpr std::string_view kV1Scheme = "LOG ";
constexpr std::string_view kV4Scheme = "SLS4-HMAC-SHA256";
constexpr std::string_view kV4Terminator = "aliyun_v4_request";
constexpr std::string_view kSha1Method = "hmac-sha1";
constexpr std::string_view kSha256Method = "hmac-sha256";
constexpr std::chrono::minutes kClockSkewMax{15};

using NameValues = std::map<std::string, std::string, std::less<>>;

std::string_view header_or_empty(const HttpHeaders& headers, std::string_view name) {
    return headers.find(name).value_or(std::string_view());
}

/// How clients build the same string: the official ones differ in small things, and a server
/// accepts each. The default is what the documents say and what we send.
struct Form {
    bool meta_headers = false;  ///< x-log-meta-* is signed: Java
    bool date_header =
        false;  ///< v1: x-log-date is signed; nobody official, but it is the plain reading
    bool empty_body_md5 = false;  ///< v1: Content-MD5 is signed even without a body
    bool decoded_path = false;    ///< v1: the path is signed before percent-encoding: Python
};

/// Signed headers by lower-case name; of a repeated one the first counts, as everywhere in the
/// server.
NameValues service_headers(const HttpHeaders& headers, const Form& form) {
    NameValues out;
    for (const HttpHeader& header : headers.all()) {
        std::string name = to_lower(header.name);
        const bool ours = name.starts_with("x-log-") || name.starts_with("x-acs-");
        if (!ours || (name.starts_with("x-log-meta-") && !form.meta_headers)) continue;
        out.emplace(std::move(name), trim(header.value));
    }
    return out;
}

/// Parameters sorted by decoded name; equal names keep their order.
std::vector<std::pair<std::string, std::string>> sorted_query(const HttpTarget& target) {
    auto query = target.query;
    std::stable_sort(query.begin(), query.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    return query;
}

std::string v1_resource(const HttpTarget& target, const Form& form) {
    std::string out = form.decoded_path ? percent_decode(target.path, false) : target.path;
    char separator = '?';
    for (const auto& [name, value] : sorted_query(target)) {
        out += separator;
        out.append(name).append("=").append(value);
        separator = '&';
    }
    return out;
}

/// x-log-date, where sent, takes the place of Date.
std::string_view v1_date(const HttpHeaders& headers) {
    const auto own = header_or_empty(headers, "x-log-date");
    return trim(own.empty() ? header_or_empty(headers, "date") : own);
}

std::string v1_text(const HttpRequest& request, const Form& form) {
    const auto& headers = request.headers;
    std::string out = request.method + "\n";
    if (!request.body.empty() || form.empty_body_md5) {
        out += trim(header_or_empty(headers, "content-md5"));
    }
    out.append("\n").append(trim(header_or_empty(headers, "content-type"))).append("\n");
    out.append(v1_date(headers)).append("\n");
    for (const auto& [name, value] : service_headers(headers, form)) {
        if (name == "x-log-date" && !form.date_header) continue;
        out.append(name).append(":").append(value).append("\n");
    }
    return out + v1_resource(parse_target(request.target), form);
}

/// content-type, host and all x-log-*, x-acs-*: there is no list of them in the header, so both
/// sides must come to the same one.
NameValues v4_headers(const HttpHeaders& headers, const Form& form) {
    NameValues out = service_headers(headers, form);
    for (const std::string_view name : {"content-type", "host"}) {
        if (const auto value = headers.find(name)) out.emplace(name, trim(*value));
    }
    return out;
}

std::string v4_query(const HttpTarget& target) {
    std::string out;
    for (const auto& [name, value] : sorted_query(target)) {
        if (!out.empty()) out += '&';
        out += name;
        if (!value.empty()) out.append("=").append(percent_encode(value));
    }
    return out;
}

std::string v4_canonical(const HttpRequest& request, const Form& form) {
    const HttpTarget target = parse_target(request.target);
    std::string out = request.method + "\n" + target.path + "\n" + v4_query(target) + "\n";
    std::string names;
    for (const auto& [name, value] : v4_headers(request.headers, form)) {
        out.append(name).append(":").append(value).append("\n");
        if (!names.empty()) names += ';';
        names += name;
    }
    out.append("\n").append(names).append("\n");
    return out.append(trim(header_or_empty(request.headers, "x-log-content-sha256")));
}

std::string v4_scope(std::string_view date, std::string_view region) {
    std::string out(date);
    return out.append("/").append(region).append("/sls/").append(kV4Terminator);
}

std::string v4_text(const HttpRequest& request, std::string_view region, const Form& form) {
    const auto time = trim(header_or_empty(request.headers, "x-log-date"));
    std::string out(kV4Scheme);
    out.append("\n").append(time).append("\n");
    out.append(v4_scope(time.substr(0, 8), region)).append("\n");
    return out.append(to_hex(sha256(v4_canonical(request, form))));
}

std::string v1_signature(std::string_view text, std::string_view secret, std::string_view method) {
    return to_base64(method == kSha256Method ? hmac_sha256(secret, text) : hmac_sha1(secret, text));
}

std::string v4_signature(std::string_view text, std::string_view secret, std::string_view date,
                         std::string_view region) {
    std::string key = hmac_sha256("aliyun_v4" + std::string(secret), date);
    key = hmac_sha256(key, region);
    key = hmac_sha256(key, "sls");
    key = hmac_sha256(key, kV4Terminator);
    return to_hex(hmac_sha256(key, text));
}

std::string upper_hex(std::string_view bytes) {
    std::string out = to_hex(bytes);
    for (char& c : out) {
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

void sign_v1(HttpRequest& request, const Credentials& credentials, WallTime now) {
    auto& headers = request.headers;
    headers.set("Date", http_date(now));
    if (!headers.find("x-log-signaturemethod")) headers.set("x-log-signaturemethod", kSha1Method);
    if (!request.body.empty()) headers.set("Content-MD5", upper_hex(md5(request.body)));
    const auto method = header_or_empty(headers, "x-log-signaturemethod");
    const auto signature =
        v1_signature(v1_string_to_sign(request), credentials.access_key_secret, method);
    headers.set("Authorization",
                std::string(kV1Scheme) + credentials.access_key_id + ":" + signature);
}

void sign_v4(HttpRequest& request, const Credentials& credentials, std::string_view region,
             WallTime now) {
    auto& headers = request.headers;
    const std::string time = basic_date(now);
    const std::string date = time.substr(0, 8);
    headers.set("x-log-date", time);
    headers.set("x-log-content-sha256", to_hex(sha256(request.body)));
    const auto signature = v4_signature(v4_string_to_sign(request, region),
                                        credentials.access_key_secret, date, region);
    headers.set("Authorization", std::string(kV4Scheme) +
                                     " Credential=" + credentials.access_key_id + "/" +
                                     v4_scope(date, region) + ",Signature=" + signature);
}

Error malformed_authorization(std::string_view why) {
    return service_error("Unauthorized", "the Authorization header " + std::string(why));
}

Result<std::optional<Authorization>> parse_v1(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
        return malformed_authorization("is not \"LOG <access key id>:<signature>\"");
    }
    Authorization out;
    out.version = SignVersion::V1;
    out.access_key_id = text.substr(0, colon);
    out.signature = text.substr(colon + 1);
    return std::optional(std::move(out));
}

Result<std::optional<Authorization>> parse_v4(std::string_view text) {
    const auto malformed = [] {
        return malformed_authorization(
            "is not \"SLS4-HMAC-SHA256 Credential=<access key id>/<date>/<region>/sls/"
            "aliyun_v4_request,Signature=<hex>\"");
    };
    constexpr std::string_view kCredential = "Credential=";
    constexpr std::string_view kSignature = "Signature=";
    const auto comma = text.find(',');
    if (comma == std::string_view::npos || !text.starts_with(kCredential)) return malformed();
    const auto signature = trim(text.substr(comma + 1));
    if (!signature.starts_with(kSignature)) return malformed();
    // The access key id comes first and may hold anything, so the scope is counted from the right.
    const auto parts = split(text.substr(kCredential.size(), comma - kCredential.size()), '/');
    const auto count = parts.size();
    if (count < 5 || parts[count - 1] != kV4Terminator || parts[count - 2] != "sls") {
        return malformed();
    }
    Authorization out;
    out.version = SignVersion::V4;
    out.signature = signature.substr(kSignature.size());
    out.scope_region = parts[count - 3];
    out.scope_date = parts[count - 4];
    for (std::size_t i = 0; i + 4 < count; ++i) {
        if (i > 0) out.access_key_id += '/';
        out.access_key_id += parts[i];
    }
    if (out.access_key_id.empty()) return malformed();
    return std::optional(std::move(out));
}

Status check_time(const HttpRequest& request, const Authorization& authorization, WallTime now) {
    const bool v4 = authorization.version == SignVersion::V4;
    const auto text =
        v4 ? trim(header_or_empty(request.headers, "x-log-date")) : v1_date(request.headers);
    if (text.empty()) {
        return service_error("MissingParameter",
                             v4 ? "header x-log-date is missing" : "header Date is missing");
    }
    const auto time = v4 ? parse_basic_date(text) : parse_http_date(text);
    if (!time) {
        return service_error("InvalidRequestTime", "request time " + to_valid_utf8(text) +
                                                       " is not of the form " +
                                                       (v4 ? basic_date(now) : http_date(now)));
    }
    if (*time > now + kClockSkewMax || *time < now - kClockSkewMax) {
        return service_error("RequestTimeExpired", "Request time " + std::string(text) +
                                                       " has been expired while server time is " +
                                                       (v4 ? basic_date(now) : http_date(now)));
    }
    if (v4 && authorization.scope_date != text.substr(0, 8)) {
        return service_error("SignatureNotMatch",
                             "the credential's date is not the day of x-log-date");
    }
    return {};
}

/// The digest of the body as it was sent; the signature covers it, so it must be true.
Status check_body(const HttpRequest& request, const Authorization& authorization) {
    if (authorization.version == SignVersion::V4) {
        const auto claimed = trim(header_or_empty(request.headers, "x-log-content-sha256"));
        if (claimed.empty()) {
            return service_error("MissingParameter", "header x-log-content-sha256 is missing");
        }
        if (!equals_ignoring_case(claimed, to_hex(sha256(request.body)))) {
            return service_error("SignatureNotMatch",
                                 "x-log-content-sha256 is not that of the body");
        }
        return {};
    }
    const auto claimed = trim(header_or_empty(request.headers, "content-md5"));
    if (request.body.empty()) return {};
    if (claimed.empty()) {  // else a signed request without a body could be given one on its way
        return service_error(
            "SignatureNotMatch",
            "header Content-MD5 is missing: the signature would not cover the body");
    }
    if (!equals_ignoring_case(claimed, to_hex(md5(request.body)))) {
        return service_error("SignatureNotMatch", "Content-MD5 is not that of the body");
    }
    return {};
}

bool has_meta_header(const HttpHeaders& headers) {
    return std::any_of(headers.all().begin(), headers.all().end(), [](const HttpHeader& header) {
        return to_lower(header.name).starts_with("x-log-meta-");
    });
}

/// The forms that differ from the default for this request; the default first.
std::vector<Form> forms_to_try(const HttpRequest& request, SignVersion version) {
    std::vector<Form> forms{Form{}};
    const auto add_each = [&forms](bool Form::*member) {
        const std::size_t count = forms.size();
        for (std::size_t i = 0; i < count; ++i) {
            Form form = forms[i];
            form.*member = true;
            forms.push_back(form);
        }
    };
    const auto& headers = request.headers;
    if (has_meta_header(headers)) add_each(&Form::meta_headers);
    if (version == SignVersion::V4) return forms;
    if (request.body.empty() && !header_or_empty(headers, "content-md5").empty()) {
        add_each(&Form::empty_body_md5);
    }
    if (headers.find("x-log-date")) add_each(&Form::date_header);
    if (request.target.substr(0, request.target.find('?')).find('%') != std::string::npos) {
        add_each(&Form::decoded_path);
    }
    return forms;
}

Status check_signature(const HttpRequest& request, const Authorization& authorization,
                       std::string_view secret) {
    const auto method = to_lower(trim(header_or_empty(request.headers, "x-log-signaturemethod")));
    const bool v4 = authorization.version == SignVersion::V4;
    if (!v4 && !method.empty() && method != kSha1Method && method != kSha256Method) {
        return service_error("InvalidSignatureMethod",
                             "x-log-signaturemethod must be hmac-sha1 or hmac-sha256");
    }
    for (const Form& form : forms_to_try(request, authorization.version)) {
        const auto& region = authorization.scope_region;
        const std::string wanted = v4 ? v4_signature(v4_text(request, region, form), secret,
                                                     authorization.scope_date, region)
                                      : v1_signature(v1_text(request, form), secret, method);
        if (equal_constant_time(wanted, authorization.signature)) return {};
    }
    return service_error("SignatureNotMatch",
                         "Signature " + to_valid_utf8(authorization.signature) + " not matched");
}

}  // namespace

void sign(HttpRequest& request, const Credentials& credentials, const SignOptions& options,
          WallTime now) {
    auto& headers = request.headers;
    headers.set("x-log-apiversion", kApiVersion);
    if (!credentials.security_token.empty()) {
        headers.set("x-acs-security-token", credentials.security_token);
    }
    if (options.version == SignVersion::V4) {
        sign_v4(request, credentials, options.region, now);
    } else {
        sign_v1(request, credentials, now);
    }
}

Result<std::optional<Authorization>> parse_authorization(const HttpHeaders& headers) {
    const auto header = headers.find("authorization");
    if (!header) return std::optional<Authorization>();
    const auto text = trim(*header);
    if (text.starts_with(kV1Scheme)) return parse_v1(text.substr(kV1Scheme.size()));
    if (text.starts_with(kV4Scheme)) return parse_v4(trim(text.substr(kV4Scheme.size())));
    return malformed_authorization("is neither of scheme LOG nor SLS4-HMAC-SHA256");
}

Result<std::string> verify(
    const HttpRequest& request,
    const std::function<std::optional<std::string>(std::string_view)>& secret_of, WallTime now) {
    auto parsed = parse_authorization(request.headers);
    if (!parsed) return std::move(parsed).error();
    if (!parsed->has_value()) {
        return service_error("Unauthorized", "the request carries no Authorization header");
    }
    Authorization& authorization = **parsed;
    if (auto in_time = check_time(request, authorization, now); !in_time) {
        return std::move(in_time).error();
    }
    const auto secret = secret_of(authorization.access_key_id);
    if (!secret) {
        return service_error(
            "Unauthorized", "AccessKeyId not found: " + to_valid_utf8(authorization.access_key_id));
    }
    if (auto whole = check_body(request, authorization); !whole) return std::move(whole).error();
    if (auto matched = check_signature(request, authorization, *secret); !matched) {
        return std::move(matched).error();
    }
    return std::move(authorization.access_key_id);
}

std::string v1_string_to_sign(const HttpRequest& request) {
    return v1_text(request, Form{});
}

std::string v4_canonical_request(const HttpRequest& request) {
    return v4_canonical(request, Form{});
}

std::string v4_string_to_sign(const HttpRequest& request, std::string_view region) {
    return v4_text(request, region, Form{});
}

}  // namespace spillway::wire
