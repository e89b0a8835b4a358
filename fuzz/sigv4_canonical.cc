// SPDX-License-Identifier: Apache-2.0
// The canonical forms of SigV4 on any path, query and headers: normal forms are fixed points, order
// and spelling of a query do not matter, and what we sign we accept.
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/authenticate.h"
#include "aws/classify.h"
#include "aws/limits.h"
#include "aws/sigv4.h"
#include "base/assert.h"

namespace {

using namespace sky;
using namespace sky::aws;

class OneKey final : public KeySource {
public:
    std::optional<Credential> find(std::string_view) const override {
        return Credential{"AKID", "secret", "123456789012"};
    }
};

// The input's lines: target, then headers as "name:value".
http::RequestHead read_head(std::string_view text) {
    http::RequestHead head;
    head.method = "POST";
    const std::size_t end = std::min(text.find('\n'), text.size());
    head.target = "/" + std::string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!text.empty()) {
        const std::size_t stop = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, stop);
        text.remove_prefix(std::min(stop + 1, text.size()));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        head.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
    }
    return head;
}

bool is_token(std::string_view name) {
    for (const char c : name) {
        if (c <= 0x20 || c >= 0x7F || c == ';' || c == ',' || c == '=' || c == ':') return false;
    }
    return !name.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const http::RequestHead hostile = read_head(text);
    // Nothing that a stranger sends may do more than be refused.
    if (const auto claim = read_claim(hostile)) {
        SKY_ASSERT(!claim->signed_headers.empty(), "a claim names its headers");
        SKY_ASSERT(claim->signed_headers.size() <= limits::kSignedHeadersMax, "and not too many");
    }
    (void)classify(hostile, hostile.path());
    (void)query_names(hostile, text);

    const std::string query = sigv4::canonical_query(hostile.query());
    SKY_ASSERT(sigv4::canonical_query(query) == query, "a canonical query is a fixed point");
    SKY_ASSERT(sigv4::uri_decode(sigv4::uri_encode(text)) == text, "decoding undoes encoding");
    const std::string path = sigv4::canonical_uri(hostile.path(), sigv4::PathMode::kNormalize);
    SKY_ASSERT(path.starts_with('/'), "a canonical path is absolute");
    SKY_ASSERT(path.find("//") == std::string::npos, "and has no empty segment");
    const std::string plain = sigv4::uri_decode(path);
    SKY_ASSERT(sigv4::canonical_uri(plain, sigv4::PathMode::kNormalize) == path,
               "normalising twice changes nothing");

    // The same request without headers that authenticate or cannot be named by a signature.
    http::RequestHead ours;
    ours.method = "POST";
    ours.target = hostile.target;
    ours.headers.add("Host", "localhost");
    for (const http::Header& header : hostile.headers.list()) {
        std::string lower = header.name;
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        if (!is_token(lower) || lower == "authorization" || lower == "host" || lower == "date" ||
            lower.starts_with("x-amz-") || ours.headers.list().size() >= 40) {
            continue;
        }
        ours.headers.add(header.name, header.value);
    }
    const std::string body_hash(sigv4::kEmptyBodySha256);
    const ManualClock clock(1'767'225'600'000);
    for (const http::Header& header :
         sigv4::sign(ours, body_hash, {"AKID", "secret"},
                     {.region = "r", .service = "logs", .now_ms = clock.now_ms()})) {
        ours.headers.add(header.name, header.value);
    }
    const OneKey keys;
    const Authenticator authenticator(keys, clock, limits::kClockWindowMs);
    const auto ticket = authenticator.check_head(ours);
    SKY_ASSERT(ticket.has_value(), "our own head is accepted");
    SKY_ASSERT(authenticator.check_signature(*ticket, ours, body_hash).has_value(),
               "our own signature is accepted");
    return 0;
}
