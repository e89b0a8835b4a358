// SPDX-License-Identifier: Apache-2.0
#include "aws/sigv4.h"

#include <algorithm>

#include "base/time.h"
#include "crypto/encoding.h"

namespace sky::aws::sigv4 {
namespace {

constexpr bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void encode_byte(std::string& out, char c) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    out.push_back('%');
    out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Trims, and makes one space of each inner run of blanks.
void append_header_value(std::string& out, std::string_view value) {
    bool pending = false, first = true;
    for (const char c : value) {
        if (is_blank(c)) {
            pending = !first;
            continue;
        }
        if (pending) out.push_back(' ');
        pending = first = false;
        out.push_back(c);
    }
}

// Removes empty, "." and ".." segments; keeps a slash at the end.
std::string normalize(std::string_view path) {
    std::vector<std::string_view> kept;
    bool slash_at_end = false;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view segment = path.substr(at, end - at);
        slash_at_end = segment.empty() || segment == "." || segment == "..";
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (!segment.empty() && segment != ".") {
            kept.push_back(segment);
        }
        at = end + 1;
    }
    std::string out;
    for (const std::string_view segment : kept) {
        out.push_back('/');
        out += segment;
    }
    if (slash_at_end || out.empty()) out.push_back('/');
    return out;
}

Scope scope_of(const SignOptions& options, std::string_view amz_date) {
    return {std::string(amz_date.substr(0, 8)), options.region, options.service};
}

std::vector<std::string> header_names(const http::Headers& headers) {
    std::vector<std::string> names;
    for (const http::Header& header : headers.list()) names.push_back(lower_case(header.name));
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    return names;
}

std::string join(const std::vector<std::string>& parts, char separator) {
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out.push_back(separator);
        out += part;
    }
    return out;
}

}  // namespace

std::string uri_encode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out.push_back(c);
        } else {
            encode_byte(out, c);
        }
    }
    return out;
}

std::string uri_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out.push_back(static_cast<char>(high * 16 + low));
                i += 2;
                continue;
            }
        }
        out.push_back(text[i]);
    }
    return out;
}

std::string canonical_uri(std::string_view path, PathMode mode) {
    const std::string chosen =
        mode == PathMode::kNormalize ? normalize(path) : std::string(path.empty() ? "/" : path);
    std::string out;
    out.reserve(chosen.size());
    for (const char c : chosen) {
        if (is_unreserved(c) || c == '/') {
            out.push_back(c);
        } else {
            encode_byte(out, c);
        }
    }
    return out;
}

std::string canonical_query(std::string_view query, std::span<const std::string_view> left_out) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (std::size_t at = 0; at < query.size();) {
        const std::size_t end = std::min(query.find('&', at), query.size());
        const std::string_view pair = query.substr(at, end - at);
        at = end + 1;
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string key = uri_decode(pair.substr(0, equals));
        if (std::ranges::find(left_out, key) != left_out.end()) continue;
        const std::string_view value =
            equals < pair.size() ? pair.substr(equals + 1) : std::string_view{};
        pairs.emplace_back(uri_encode(key), uri_encode(uri_decode(value)));
    }
    std::ranges::sort(pairs);
    std::string out;
    for (const auto& [key, value] : pairs) {
        if (!out.empty()) out.push_back('&');
        out += key;
        out.push_back('=');
        out += value;
    }
    return out;
}

std::string canonical_headers(const http::Headers& headers,
                              std::span<const std::string> signed_headers) {
    std::string out;
    for (const std::string& name : signed_headers) {
        out += name;
        out.push_back(':');
        bool first = true;
        for (const http::Header& header : headers.list()) {
            if (!equal_ignoring_case(header.name, name)) continue;
            if (!first) out.push_back(',');
            first = false;
            append_header_value(out, header.value);
        }
        out.push_back('\n');
    }
    return out;
}

std::string canonical_request(const CanonicalInput& input) {
    std::string out(input.method);
    out.push_back('\n');
    out += canonical_uri(input.path, input.path_mode);
    out.push_back('\n');
    out += canonical_query(input.query, input.left_out);
    out.push_back('\n');
    out += canonical_headers(*input.headers, input.signed_headers);
    out.push_back('\n');
    for (std::size_t i = 0; i < input.signed_headers.size(); ++i) {
        if (i != 0) out.push_back(';');
        out += input.signed_headers[i];
    }
    out.push_back('\n');
    out += input.payload_hash;
    return out;
}

std::string string_to_sign(std::string_view amz_date, const Scope& scope,
                           std::string_view canonical_request_text) {
    std::string out(kAlgorithm);
    out.push_back('\n');
    out += amz_date;
    out.push_back('\n');
    out += scope.text();
    out.push_back('\n');
    out += crypto::sha256_hex(canonical_request_text);
    return out;
}

crypto::Sha256Digest signing_key(std::string_view secret, const Scope& scope) {
    std::string start("AWS4");
    start += secret;
    crypto::Sha256Digest key = crypto::hmac_sha256(start, scope.date);
    key = crypto::hmac_sha256(crypto::as_text(key), scope.region);
    key = crypto::hmac_sha256(crypto::as_text(key), scope.service);
    return crypto::hmac_sha256(crypto::as_text(key), kTerminator);
}

std::string signature(const crypto::Sha256Digest& key, std::string_view text_to_sign) {
    return crypto::hex_encode(
        crypto::as_text(crypto::hmac_sha256(crypto::as_text(key), text_to_sign)));
}

std::vector<http::Header> sign(const http::RequestHead& head, std::string_view body_sha256,
                               const SigningCredentials& credentials, const SignOptions& options) {
    const std::string amz_date = format_amz_date(options.now_ms);
    const Scope scope = scope_of(options, amz_date);
    std::vector<http::Header> added{{"X-Amz-Date", amz_date}};
    if (credentials.session_token) {
        added.push_back({"X-Amz-Security-Token", *credentials.session_token});
    }
    if (options.add_content_sha256) {
        added.push_back({"X-Amz-Content-Sha256", std::string(body_sha256)});
    }
    http::Headers headers = head.headers;
    for (const http::Header& header : added) headers.add(header.name, header.value);
    const std::vector<std::string> names = header_names(headers);
    const std::string text = string_to_sign(amz_date, scope,
                                            canonical_request({.method = head.method,
                                                               .path = head.path(),
                                                               .query = head.query(),
                                                               .headers = &headers,
                                                               .signed_headers = names,
                                                               .payload_hash = body_sha256,
                                                               .path_mode = options.path_mode}));
    std::string authorization(kAlgorithm);
    authorization += " Credential=" + credentials.access_key_id + "/" + scope.text();
    authorization += ", SignedHeaders=" + join(names, ';');
    authorization += ", Signature=" + signature(signing_key(credentials.secret, scope), text);
    added.push_back({"Authorization", std::move(authorization)});
    return added;
}

std::string presign(const http::RequestHead& head, std::string_view payload_hash,
                    const SigningCredentials& credentials, const SignOptions& options,
                    std::int64_t expires_s) {
    const std::string amz_date = format_amz_date(options.now_ms);
    const Scope scope = scope_of(options, amz_date);
    const std::vector<std::string> names = header_names(head.headers);
    std::string query(head.query());
    const auto add = [&query](std::string_view key, std::string_view value) {
        if (!query.empty()) query.push_back('&');
        query += key;
        query.push_back('=');
        query += uri_encode(value);
    };
    add("X-Amz-Algorithm", kAlgorithm);
    add("X-Amz-Credential", credentials.access_key_id + "/" + scope.text());
    add("X-Amz-Date", amz_date);
    add("X-Amz-SignedHeaders", join(names, ';'));
    add("X-Amz-Expires", std::to_string(expires_s));
    if (credentials.session_token) add("X-Amz-Security-Token", *credentials.session_token);
    const std::string text = string_to_sign(amz_date, scope,
                                            canonical_request({.method = head.method,
                                                               .path = head.path(),
                                                               .query = query,
                                                               .headers = &head.headers,
                                                               .signed_headers = names,
                                                               .payload_hash = payload_hash,
                                                               .path_mode = options.path_mode}));
    add("X-Amz-Signature", signature(signing_key(credentials.secret, scope), text));
    return std::string(head.path()) + "?" + query;
}

}  // namespace sky::aws::sigv4
