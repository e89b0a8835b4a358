// SPDX-License-Identifier: Apache-2.0
#include "aws/text_value.h"

#include <charconv>
#include <cmath>

#include "base/assert.h"
#include "crypto/encoding.h"
#include "json/document.h"

namespace sky::aws {
namespace {

template <class T>
bool whole(std::string_view text, T& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc{} && end == text.data() + text.size();
}

template <class T>
bool real(std::string_view text, T& out) {
    if (const auto special = parse_special_double(text)) {
        out = static_cast<T>(*special);
        return true;
    }
    // from_chars knows further words for what is not a number.
    return text.find_first_of("inIN") == std::string_view::npos && whole(text, out);
}

template <class T>
void append_real(std::string& out, T value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "Infinity" : "-Infinity";
    } else {
        char text[32];
        const auto [end, fault] = std::to_chars(text, text + sizeof(text), value);
        SKY_ASSERT(fault == std::errc{}, "a double has at most 24 characters");
        out.append(text, end);
    }
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool parse_scalar(const Shape& shape, std::string_view text, void* out,
                  std::string_view timestamp_format, Offsets offsets) {
    switch (shape.kind) {
        case Kind::kString:
            if (!json::is_valid_utf8(text)) return false;
            static_cast<std::string*>(out)->assign(text);
            return true;
        case Kind::kBlob: {
            auto bytes = crypto::base64_decode(text);
            if (!bytes) return false;
            static_cast<Blob*>(out)->bytes = std::move(*bytes);
            return true;
        }
        case Kind::kBoolean:
            if (text != "true" && text != "false") return false;
            *static_cast<bool*>(out) = text == "true";
            return true;
        case Kind::kInteger: {
            std::int32_t value = 0;
            if (!whole(text, value) || !fits_bits(value, shape.bits)) return false;
            *static_cast<std::int32_t*>(out) = value;
            return true;
        }
        case Kind::kLong:
            return whole(text, *static_cast<std::int64_t*>(out));
        case Kind::kFloat:
            return real(text, *static_cast<float*>(out));
        case Kind::kDouble:
            return real(text, *static_cast<double*>(out));
        case Kind::kTimestamp: {
            const auto time = parse_timestamp(timestamp_format, text, offsets);
            if (!time) return false;
            *static_cast<Timestamp*>(out) = *time;
            return true;
        }
        case Kind::kStructure:
        case Kind::kList:
        case Kind::kMap:
            break;
    }
    SKY_ASSERT(false, "only scalars have a plain text");
    return false;
}

void append_scalar(std::string& out, const Shape& shape, const void* value,
                   std::string_view timestamp_format) {
    switch (shape.kind) {
        case Kind::kString:
            out += *static_cast<const std::string*>(value);
            return;
        case Kind::kBlob:
            out += crypto::base64_encode(static_cast<const Blob*>(value)->bytes);
            return;
        case Kind::kBoolean:
            out += *static_cast<const bool*>(value) ? "true" : "false";
            return;
        case Kind::kInteger:
            out += std::to_string(*static_cast<const std::int32_t*>(value));
            return;
        case Kind::kLong:
            out += std::to_string(*static_cast<const std::int64_t*>(value));
            return;
        case Kind::kFloat:
            return append_real(out, *static_cast<const float*>(value));
        case Kind::kDouble:
            return append_real(out, *static_cast<const double*>(value));
        case Kind::kTimestamp:
            out += format_timestamp(timestamp_format, *static_cast<const Timestamp*>(value));
            return;
        case Kind::kStructure:
        case Kind::kList:
        case Kind::kMap:
            break;
    }
    SKY_ASSERT(false, "only scalars have a plain text");
}

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::kBlank) {
            out.push_back(' ');
        } else if (text[i] != '%') {
            out.push_back(text[i]);
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        }
    }
    if (!json::is_valid_utf8(out)) return std::nullopt;
    return out;
}

}  // namespace sky::aws
