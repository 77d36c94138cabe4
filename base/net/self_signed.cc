#include "base/net/self_signed.h"

#include "base/hash.h"
#include "base/storage/durable_file.h"
#include "base/text.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace spillway {

namespace {

constexpr std::int64_t kValidSeconds = 10LL * 365 * 86'400;
constexpr std::int64_t kRenewBeforeSeconds = 30LL * 86'400;

template <auto release>
struct Release {
    template <class Thing>
    void operator()(Thing* thing) const {
        release(thing);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;

Error openssl_error(std::string_view doing) {
    char reason[256] = "unknown";
    if (const auto code = ERR_get_error()) ERR_error_string_n(code, reason, sizeof reason);
    return make_error(ErrorCode::Internal, fmt::format("{}: {}", doing, reason));
}

bool is_address(const std::string& name) {
    const std::unique_ptr<ASN1_OCTET_STRING, Release<ASN1_OCTET_STRING_free>> address(
        a2i_IPADDRESS(name.c_str()));
    return address != nullptr;
}

bool covers(X509* certificate, const std::string& name) {
    if (is_address(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
    const std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>> names(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* entry = sk_GENERAL_NAME_value(names.get(), i);
        if (entry->type != GEN_DNS) continue;
        const auto* text = ASN1_STRING_get0_data(entry->d.dNSName);
        const auto size = static_cast<std::size_t>(ASN1_STRING_length(entry->d.dNSName));
        if (name == std::string_view(reinterpret_cast<const char*>(text), size)) return true;
    }
    return false;
}

std::string fingerprint_of(X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
        text += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
    }
    return text;
}

Certificate read_certificate(const std::string& path) {
    const auto text = read_file(path, 1024 * 1024);
    if (!text) return nullptr;
    const Bio bio(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
    return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

bool is_good(X509* certificate, const std::vector<std::string>& names, WallTime now) {
    if (certificate == nullptr) return false;
    time_t soon = static_cast<time_t>(unix_seconds(now) + kRenewBeforeSeconds);
    if (X509_cmp_time(X509_get0_notAfter(certificate), &soon) <= 0) return false;
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return covers(certificate, name); });
}

bool add_extension(X509* certificate, int id, const std::string& value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Result<Certificate> make_certificate(EVP_PKEY* key, const std::vector<std::string>& names,
                                     WallTime now) {
    Certificate certificate(X509_new());
    if (!certificate) return openssl_error("making a certificate");
    std::uint64_t serial = 0;
    for (const char byte : random_bytes(7)) {
        serial = serial << 8U | static_cast<unsigned char>(byte);
    }
    const auto from = static_cast<time_t>(unix_seconds(now) - 86'400);
    const auto until = static_cast<time_t>(unix_seconds(now) + kValidSeconds);
    std::string all;
    for (const auto& name : names) {
        all +=
            fmt::format("{}{}:{}", all.empty() ? "" : ",", is_address(name) ? "IP" : "DNS", name);
    }
    X509* raw = certificate.get();
    X509_NAME* subject = X509_get_subject_name(raw);
    const bool made = X509_set_version(raw, 2) == 1 &&
                      ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), serial) == 1 &&
                      ASN1_TIME_set(X509_getm_notBefore(raw), from) != nullptr &&
                      ASN1_TIME_set(X509_getm_notAfter(raw), until) != nullptr &&
                      X509_set_pubkey(raw, key) == 1 &&
                      X509_NAME_add_entry_by_txt(
                          subject, "CN", MBSTRING_ASC,
                          reinterpret_cast<const unsigned char*>("spillway region, self-signed"),
                          -1, -1, 0) == 1 &&
                      X509_set_issuer_name(raw, subject) == 1 &&
                      add_extension(raw, NID_basic_constraints, "critical,CA:TRUE") &&
                      add_extension(raw, NID_subject_alt_name, all) &&
                      X509_sign(raw, key, EVP_sha256()) != 0;
    if (!made) return openssl_error("making a certificate for " + all);
    return certificate;
}

std::string text_of(const Bio& bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<SelfSignedFiles> self_signed_in(const std::string& folder,
                                       const std::vector<std::string>& names, WallTime now) {
    SelfSignedFiles files{folder + "/cert.pem", folder + "/key.pem", {}};
    if (const auto old = read_certificate(files.certificate_file);
        is_good(old.get(), names, now) && read_file(files.key_file, 1024 * 1024)) {
        files.fingerprint = fingerprint_of(old.get());
        return files;
    }
    const Key key(EVP_EC_gen("P-256"));
    if (!key) return openssl_error("making a key");
    auto certificate = make_certificate(key.get(), names, now);
    if (!certificate) return std::move(certificate).error();
    const Bio certificate_text(BIO_new(BIO_s_mem()));
    const Bio key_text(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509(certificate_text.get(), certificate->get()) != 1 ||
        PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) != 1) {
        return openssl_error("writing a certificate");
    }
    if (auto made = make_directories(folder); !made) return std::move(made).error();
    // The key first: a certificate that is there has its key.
    if (auto written = write_file_durably(files.key_file, text_of(key_text)); !written) {
        return std::move(written).error();
    }
    if (auto written = write_file_durably(files.certificate_file, text_of(certificate_text));
        !written) {
        return std::move(written).error();
    }
    files.fingerprint = fingerprint_of(certificate->get());
    return files;
}

}  // namespace spillway
