// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "http/chunk_decoder.h"
#include "http/limits.h"

namespace sky::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Looks at the raw bytes of a head, which the tokenizer would unfold and trim before we see them.
class HeadScanner {
public:
    /// False: bytes that no client sends and that servers read differently.
    bool accept(std::string_view bytes) {
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            if ((last_ == '\r') != (c == '\n')) return false;  // RFC 9112 2.2: bare CR, bare LF.
            if (last_ == '\n' && (c == ' ' || c == '\t')) return false;  // 5.2: obsolete folding.
            if (byte >= 0x7f || (byte < 0x20 && c != '\r' && c != '\n' && c != '\t')) return false;
            last_ = c;
        }
        return true;
    }

private:
    char last_ = 0;
};

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 9112 3.2.2: a client that takes us for a proxy sends the whole URL. Its authority is not
// looked at: a service is never told by host (clients.md 5.1).
void make_origin_form(std::string& target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equals_lower(std::string_view(target).substr(0, scheme.size()), scheme)) continue;
        target.erase(0, target.find_first_of("/?", scheme.size()));
        if (!target.starts_with('/')) target.insert(target.begin(), '/');
        return;
    }
}

// Beast's tokenizer filling our own plain head; no field map in between. It stops after the head.
class Tokenizer final : public beast_http::basic_parser<true> {
public:
    Tokenizer(RequestParser& out, std::size_t head_bytes_max) : out_(out) {
        header_limit(static_cast<std::uint32_t>(head_bytes_max));
        body_limit(
            boost::none);  // Bodies are not read here; a large length is no fault of the head.
    }
    HeadScanner scanner;
    int version = 11;

    bool head_is_sound() const {
        std::size_t hosts = 0, codings = 0, lengths = 0;
        for (const Header& header : out_.head.headers.list()) {
            if (equals_lower(header.name, "host")) ++hosts;
            if (equals_lower(header.name, "content-length")) {
                ++lengths;
                if (!is_digits(header.value)) return false;
            }
            if (equals_lower(header.name, "transfer-encoding")) {
                ++codings;
                if (!equals_lower(header.value, "chunked")) return false;
            }
        }
        const bool is_http11 = version == 11;
        if (hosts > 1 || (is_http11 && hosts == 0)) return false;  // RFC 9112 3.2
        if (lengths + codings > 1) return false;                   // RFC 9112 6.3
        return codings == 0 || (is_http11 && chunked());           // RFC 9112 6.1
    }

private:
    using Text = boost::beast::string_view;
    void on_request_impl(beast_http::verb, Text method, Text target, int http_version,
                         error_code&) override {
        version = http_version;
        out_.head.method = view(method);
        out_.head.target = view(target);
    }
    void on_response_impl(int, Text, int, error_code&) override {}
    void on_field_impl(beast_http::field, Text name, Text value, error_code& ec) override {
        if (out_.head.headers.list().size() >= limits::kHeaderFieldsMax) {
            ec = beast_http::error::header_limit;
            return;
        }
        out_.head.headers.add(std::string(view(name)), std::string(view(value)));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(Text piece, error_code&) override { return piece.size(); }
    void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text piece, error_code&) override {
        return piece.size();
    }
    void on_finish_impl(error_code&) override {}

    RequestParser& out_;
};

}  // namespace

struct RequestParser::Impl {
    Impl(std::size_t bytes_max, BodyDigest& into) : head_bytes_max(bytes_max), digest(into) {}
    const std::size_t head_bytes_max;
    BodyDigest& digest;
    std::optional<Tokenizer> tokenizer;
    ChunkDecoder chunks;
};

RequestParser::RequestParser(std::size_t head_bytes_max, BodyDigest& digest)
    : impl_(std::make_unique<Impl>(head_bytes_max, digest)) {
    reset();
}
RequestParser::~RequestParser() = default;

void RequestParser::reset() {
    head = {};
    body = {};
    body_bytes_max = 0;
    impl_->tokenizer.emplace(*this, impl_->head_bytes_max);
    impl_->chunks = {};
}

RequestParser::Progress RequestParser::put_head(std::string_view bytes) {
    Tokenizer& tokenizer = *impl_->tokenizer;
    error_code ec;
    const std::size_t used =
        tokenizer.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if ((ec && ec != beast_http::error::need_more) ||
        !tokenizer.scanner.accept(bytes.substr(0, used))) {
        return {Step::kMalformed, used};
    }
    if (!tokenizer.is_header_done()) {
        return {bytes.size() >= impl_->head_bytes_max ? Step::kMalformed : Step::kNeedMore, used};
    }
    if (const auto length = tokenizer.content_length()) head.content_length = *length;
    make_origin_form(head.target);
    return {tokenizer.head_is_sound() ? Step::kComplete : Step::kMalformed, used};
}

RequestParser::Progress RequestParser::put_chunks(std::string_view bytes) {
    const ChunkDecoder::Progress got =
        impl_->chunks.put(bytes, body, body_bytes_max, &impl_->digest);
    switch (got.step) {
        case ChunkDecoder::Step::kNeedMore:
            return {Step::kNeedMore, got.used};
        case ChunkDecoder::Step::kComplete:
            return {Step::kComplete, got.used};
        case ChunkDecoder::Step::kTooLarge:
            return {Step::kBodyTooLarge, got.used};
        case ChunkDecoder::Step::kMalformed:
            break;
    }
    return {Step::kMalformed, got.used};
}

int RequestParser::version() const { return impl_->tokenizer->version; }
bool RequestParser::keep_alive() const { return impl_->tokenizer->keep_alive(); }
bool RequestParser::chunked() const { return impl_->tokenizer->chunked(); }

bool equals_lower(std::string_view text, std::string_view lower) {
    return std::ranges::equal(text, lower, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
}

}  // namespace sky::http
