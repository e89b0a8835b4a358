// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "crypto/encoding.h"

namespace sky::crypto {
namespace {

template <auto free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        free(object);
    }
};
template <class T, auto free>
using Owned = std::unique_ptr<T, Freer<free>>;
using Bio = Owned<BIO, BIO_free_all>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Owned<X509, X509_free>;
using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using GeneralNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::size_t kNameBytesMax = 253;  // RFC 1035 2.3.4.

std::unexpected<Error> broken(const char* what) {
    return fail(ErrorCode::kInternal, std::string("The certificate could not be made: ") + what);
}

// The bytes of an address, or none.
std::string address_bytes(const std::string& text) {
    std::array<char, 16> bytes{};
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.data(), 4};
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return {bytes.data(), 16};
    return {};
}

std::string address_text(std::string_view bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
    if (bytes.size() != 4 && bytes.size() != 16) return {};
    return ::inet_ntop(family, bytes.data(), text.data(), text.size()) ? text.data() : "";
}

// As browsers accept them; '_' occurs in names of containers.
bool is_dns_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    });
}

bool add_name(GENERAL_NAMES* names, const std::string& text) {
    const std::string address = address_bytes(text);
    const std::string& bytes = address.empty() ? text : address;
    Owned<GENERAL_NAME, GENERAL_NAME_free> name(GENERAL_NAME_new());
    Owned<ASN1_STRING, ASN1_STRING_free> value(
        ASN1_STRING_type_new(address.empty() ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING));
    if (!name || !value ||
        ASN1_STRING_set(value.get(), bytes.data(), static_cast<int>(bytes.size())) != 1) {
        return false;
    }
    GENERAL_NAME_set0_value(name.get(), address.empty() ? GEN_DNS : GEN_IPADD, value.release());
    if (sk_GENERAL_NAME_push(names, name.get()) == 0) return false;
    static_cast<void>(name.release());  // The list owns it now.
    return true;
}

bool add_extension(X509* certificate, X509V3_CTX* context, int id, const char* value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, context, id, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string contents(BIO* bio) {
    char* data = nullptr;
    const long bytes = BIO_get_mem_data(bio, &data);
    return bytes > 0 ? std::string(data, static_cast<std::size_t>(bytes)) : std::string();
}

Bio over(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate parse_certificate(std::string_view pem) {
    const Bio bio = over(pem);
    return Certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

// Asks nobody for a passphrase: an encrypted key is no key here.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<CertifiedKey> make_self_signed(std::span<const std::string> names, std::int64_t now_ms,
                                      int days) {
    if (names.empty()) {
        return fail(ErrorCode::kInvalidArgument, "A certificate needs a name to be for.");
    }
    const GeneralNames list(GENERAL_NAMES_new());
    for (const std::string& name : names) {
        if (address_bytes(name).empty() && !is_dns_name(name)) {
            return fail(ErrorCode::kInvalidArgument,
                        "Neither a DNS name nor an address, for a certificate: " + name);
        }
        if (!list || !add_name(list.get(), name)) return broken("names");
    }
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    if (!key || !certificate) return broken("key");
    X509* const x = certificate.get();

    std::array<unsigned char, 16> serial{};
    if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return broken("serial");
    serial[0] = static_cast<unsigned char>((serial[0] & 0x3fU) | 0x40U);  // Positive, full length.
    const Owned<BIGNUM, BN_free> number(
        BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    auto now_s = static_cast<std::time_t>(now_ms / kMsPerSecond);
    X509_NAME* const subject = X509_get_subject_name(x);
    const auto* const common = reinterpret_cast<const unsigned char*>("skywatch (self-signed)");
    const bool filled =
        number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x)) != nullptr &&
        X509_set_version(x, X509_VERSION_3) == 1 &&
        X509_time_adj_ex(X509_getm_notBefore(x), 0, -3600, &now_s) != nullptr &&
        X509_time_adj_ex(X509_getm_notAfter(x), days, 0, &now_s) != nullptr &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common, -1, -1, 0) == 1 &&
        X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, key.get()) == 1;
    if (!filled) return broken("fields");

    X509V3_CTX context;
    X509V3_set_ctx(&context, x, x, nullptr, nullptr, 0);
    const bool extended = X509_add1_ext_i2d(x, NID_subject_alt_name, list.get(), 0, 0) == 1 &&
                          add_extension(x, &context, NID_basic_constraints, "critical,CA:FALSE") &&
                          add_extension(x, &context, NID_key_usage, "critical,digitalSignature") &&
                          add_extension(x, &context, NID_ext_key_usage, "serverAuth") &&
                          add_extension(x, &context, NID_subject_key_identifier, "hash") &&
                          add_extension(x, &context, NID_authority_key_identifier, "keyid:always");
    if (!extended) return broken("extensions");
    if (X509_sign(x, key.get(), EVP_sha256()) == 0) return broken("signature");

    const Bio certificate_out(BIO_new(BIO_s_mem())), key_out(BIO_new(BIO_s_mem()));
    if (!certificate_out || !key_out || PEM_write_bio_X509(certificate_out.get(), x) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) != 1) {
        return broken("text");
    }
    return CertifiedKey{contents(certificate_out.get()), contents(key_out.get())};
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
    const Certificate certificate = parse_certificate(pem);
    if (!certificate) {
        return fail(ErrorCode::kInvalidArgument, "There is no certificate in PEM form.");
    }
    CertificateFacts facts;
    const GeneralNames names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int type = 0;
        const void* const value =
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
        if (type != GEN_DNS && type != GEN_IPADD) continue;
        const auto* const string = static_cast<const ASN1_STRING*>(value);
        const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                                     static_cast<std::size_t>(ASN1_STRING_length(string)));
        facts.names.push_back(type == GEN_DNS ? std::string(bytes) : address_text(bytes));
    }
    std::tm end{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) {
        return fail(ErrorCode::kInvalidArgument, "The certificate has no end of validity.");
    }
    facts.not_after_ms = static_cast<std::int64_t>(::timegm(&end)) * kMsPerSecond;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int bytes = 0;
    if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &bytes) != 1) {
        return fail(ErrorCode::kInternal, "The certificate could not be hashed.");
    }
    facts.sha256_fingerprint =
        hex_encode({reinterpret_cast<const char*>(digest.data()), std::size_t{bytes}});
    return facts;
}

bool belongs_to(std::string_view certificate_pem, std::string_view key_pem) {
    const Certificate certificate = parse_certificate(certificate_pem);
    const Bio bio = over(key_pem);
    const Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)
                      : nullptr);
    return certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
}

}  // namespace sky::crypto
