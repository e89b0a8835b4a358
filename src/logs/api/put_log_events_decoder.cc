// SPDX-License-Identifier: Apache-2.0
#include "logs/api/put_log_events_decoder.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "logs/limits.h"

// Every x86-64 has SSE2, so there is nothing to choose at run time and no function of a wider
// instruction set that a linker could pick for all.

namespace sky::logs::api {
namespace {

using store::Event;

// Of the model (logs/api/model.json): lengths in code points.
constexpr std::size_t kKeyAttributesMin = 2, kKeyAttributesMax = 4, kAttributesMax = 10;
constexpr std::size_t kKeyAttributeNameMax = 32, kAttributeNameMax = 256, kAttributeValueMax = 512;
constexpr std::size_t kEventReserve = 64;
constexpr int kTimestampDigitsMax = 18;  // Cannot overflow 64 bits; the rest is left to the codec.

std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
    return count;
}

bool has_length(std::string_view text, std::size_t max) {
    return !text.empty() && (text.size() <= max || code_points(text) <= max);
}

bool is_group_name(std::string_view name) {
    for (const char c : name) {
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '/' ||
                          c == '#';
        if (!good) return false;
    }
    return has_length(name, logs::limits::kNameCharsMax);
}

bool is_stream_name(std::string_view name) {
    return name.find_first_of(":*") == std::string_view::npos &&
           has_length(name, logs::limits::kNameCharsMax);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char* put_utf8(char* out, std::uint32_t point) {
    const auto byte = [&](std::uint32_t value) { *out++ = static_cast<char>(value); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0U | (point >> 6));
        byte(0x80U | (point & 0x3FU));
    } else if (point < 0x10000) {
        byte(0xE0U | (point >> 12));
        byte(0x80U | ((point >> 6) & 0x3FU));
        byte(0x80U | (point & 0x3FU));
    } else {
        byte(0xF0U | (point >> 18));
        byte(0x80U | ((point >> 12) & 0x3FU));
        byte(0x80U | ((point >> 6) & 0x3FU));
        byte(0x80U | (point & 0x3FU));
    }
    return out;
}

/// Every member returns false for "leave it to the codec".
class Reader {
public:
    explicit Reader(std::string_view body)
        : at_(body.data()), end_(body.data() + body.size()), body_bytes_(body.size()) {}

    bool request(DecodedPut& out) {
        enum : unsigned { kGroup = 1, kStream = 2, kEvents = 4, kToken = 8, kEntity = 16 };
        unsigned seen = 0;
        const auto once = [&](unsigned bit) {
            const bool first = (seen & bit) == 0;
            seen |= bit;
            return first;
        };
        const bool read = object([&](std::string_view key) {
            if (key == "logGroupName") return once(kGroup) && text(out.group);
            if (key == "logStreamName") return once(kStream) && text(out.stream);
            if (key == "logEvents") return once(kEvents) && events(out.events);
            if (key == "entity") return once(kEntity) && entity();
            if (key == "sequenceToken") {
                std::string_view token;
                return once(kToken) && text(token) && !token.empty();
            }
            return false;
        });
        if (!read) return false;
        skip_blanks();
        if (at_ != end_ || (seen & (kGroup | kStream | kEvents)) != (kGroup | kStream | kEvents))
            return false;
        out.has_entity = (seen & kEntity) != 0;
        out.unescaped = std::move(unescaped_);
        return is_group_name(out.group) && is_stream_name(out.stream);
    }

private:
    void skip_blanks() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }

    bool take(char expected) {
        skip_blanks();
        if (at_ == end_ || *at_ != expected) return false;
        ++at_;
        return true;
    }

    /// A comma before the next item, or the closing bracket. `more` says which.
    bool separator(char close, bool& more) {
        skip_blanks();
        if (at_ == end_ || (*at_ != ',' && *at_ != close)) return false;
        more = *at_++ == ',';
        return true;
    }

    template <class Member>
    bool object(Member member) {
        if (!take('{')) return false;
        skip_blanks();
        if (at_ != end_ && *at_ == '}') {
            ++at_;
            return true;
        }
        for (bool more = true; more;) {
            std::string_view key;
            if (!text(key) || !take(':') || !member(key) || !separator('}', more)) return false;
        }
        return true;
    }

    bool events(std::vector<Event>& out) {
        if (!take('[')) return false;
        out.reserve(kEventReserve);
        for (bool more = true; more;) {
            if (out.size() == logs::limits::kBatchEventsMax) return false;
            if (!event(out.emplace_back()) || !separator(']', more)) return false;
        }
        return true;
    }

    bool event(Event& out) {
        bool has_time = false, has_message = false;
        const bool read = object([&](std::string_view key) {
            if (key == "timestamp" && !has_time) return has_time = timestamp(out.timestamp_ms);
            if (key == "message" && !has_message)
                return has_message = text(out.message) && !out.message.empty();
            return false;
        });
        return read && has_time && has_message;
    }

    bool timestamp(std::int64_t& out) {
        skip_blanks();
        std::int64_t value = 0;
        int digits = 0;
        const char first = at_ != end_ ? *at_ : '\0';
        for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
            if (++digits > kTimestampDigitsMax) return false;
            value = value * 10 + (*at_ - '0');
        }
        out = value;
        if (digits == 0 || (first == '0' && digits > 1)) return false;
        // A fraction or exponent goes on here; nothing else may touch a number either.
        return at_ != end_ && (*at_ == ',' || *at_ == '}' || *at_ == ' ' || *at_ == '\n' ||
                               *at_ == '\r' || *at_ == '\t');
    }

    /// Stored nowhere yet; its form still decides whether the request is valid.
    bool entity() {
        bool has_keys = false, has_attributes = false;
        return object([&](std::string_view key) {
            if (key == "keyAttributes" && !has_keys)
                return has_keys =
                           attributes(kKeyAttributesMin, kKeyAttributesMax, kKeyAttributeNameMax);
            if (key == "attributes" && !has_attributes)
                return has_attributes = attributes(0, kAttributesMax, kAttributeNameMax);
            return false;
        });
    }

    bool attributes(std::size_t min, std::size_t max, std::size_t name_max) {
        std::vector<std::string_view> names;
        const bool read = object([&](std::string_view name) {
            for (const std::string_view other : names)
                if (other == name) return false;
            names.push_back(name);
            std::string_view value;
            return names.size() <= max && has_length(name, name_max) && text(value) &&
                   has_length(value, kAttributeValueMax);
        });
        return read && names.size() >= min;
    }

    bool text(std::string_view& out) {
        if (!take('"')) return false;
        const char* const begin = at_;
        bool non_ascii = false;
        at_ = scan_plain(at_, end_, non_ascii);
        if (at_ == end_) return false;
        if (*at_ == '"') {
            out = {begin, static_cast<std::size_t>(at_ - begin)};
            ++at_;
            return !non_ascii || is_valid_utf8(out);
        }
        return *at_ == '\\' && unescape(begin, non_ascii, out);
    }

    /// From the first backslash of a string on.
    bool unescape(const char* begin, bool non_ascii, std::string_view& out) {
        if (!unescaped_) {
            unescaped_ = std::make_unique_for_overwrite<char[]>(body_bytes_);
            write_ = unescaped_.get();
        }
        char* const start = write_;
        const char* run = begin;
        for (;;) {
            std::memcpy(write_, run, static_cast<std::size_t>(at_ - run));
            write_ += at_ - run;
            if (at_ == end_) return false;
            if (*at_ == '"') break;
            if (*at_ != '\\' || !escape()) return false;
            run = at_;
            at_ = scan_plain(at_, end_, non_ascii);
        }
        ++at_;
        out = {start, static_cast<std::size_t>(write_ - start)};
        return !non_ascii || is_valid_utf8(out);
    }

    /// Four hex digits after "\u".
    bool hex4(std::uint32_t& out) {
        if (end_ - at_ < 4) return false;
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            const int digit = hex_digit(at_[i]);
            if (digit < 0) return false;
            value = (value << 4) | static_cast<std::uint32_t>(digit);
        }
        at_ += 4;
        out = value;
        return true;
    }

    bool escape() {
        if (end_ - at_ < 2) return false;
        const char kind = at_[1];
        at_ += 2;
        switch (kind) {
            case '"':
            case '\\':
            case '/':
                *write_++ = kind;
                return true;
            case 'b':
                *write_++ = '\b';
                return true;
            case 'f':
                *write_++ = '\f';
                return true;
            case 'n':
                *write_++ = '\n';
                return true;
            case 'r':
                *write_++ = '\r';
                return true;
            case 't':
                *write_++ = '\t';
                return true;
            case 'u':
                break;
            default:
                return false;
        }
        constexpr std::uint32_t kReplacement = 0xFFFD;  // Lone surrogates (store.md 2.6).
        std::uint32_t point = 0;
        if (!hex4(point)) return false;
        if (point >= 0xD800 && point < 0xDC00) {
            const char* const behind = at_;
            std::uint32_t low = 0;
            if (end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u') {
                at_ += 2;
                if (!hex4(low)) return false;
            }
            if (low >= 0xDC00 && low < 0xE000) {
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            } else {
                at_ = behind;  // Read what follows by itself.
                point = kReplacement;
            }
        } else if (point >= 0xDC00 && point < 0xE000) {
            point = kReplacement;
        }
        write_ = put_utf8(write_, point);
        return true;
    }

    const char* at_;
    const char* const end_;
    const std::size_t body_bytes_;
    std::unique_ptr<char[]> unescaped_;
    char* write_ = nullptr;
};

}  // namespace

const char* scan_plain(const char* at, const char* end, bool& non_ascii) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    while (end - at >= 16) {
        __m128i bytes;
        std::memcpy(&bytes, at, sizeof(bytes));
        const __m128i stop = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
            _mm_cmpeq_epi8(_mm_max_epu8(bytes, control), control));
        const auto stops = static_cast<unsigned>(_mm_movemask_epi8(stop));
        const auto high = static_cast<unsigned>(_mm_movemask_epi8(bytes));
        if (stops != 0) {
            const int first = std::countr_zero(stops);
            if ((high & ((1U << first) - 1U)) != 0) non_ascii = true;
            return at + first;
        }
        if (high != 0) non_ascii = true;
        at += 16;
    }
#endif
    for (; at != end; ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        if (byte == '"' || byte == '\\' || byte < 0x20) return at;
        if (byte >= 0x80) non_ascii = true;
    }
    return at;
}

bool is_valid_utf8(std::string_view text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const unsigned char* const end = at + text.size();
    const auto tail = [&](std::ptrdiff_t index) { return (at[index] & 0xC0U) == 0x80U; };
    while (at != end) {
        std::uint64_t word = 0;
        if (end - at >= 8) {
            std::memcpy(&word, at, 8);
            if ((word & 0x8080'8080'8080'8080ULL) == 0) {
                at += 8;
                continue;
            }
        }
        const unsigned char lead = *at;
        if (lead < 0x80) {
            ++at;
        } else if (lead >= 0xC2 && lead < 0xE0) {
            if (end - at < 2 || !tail(1)) return false;
            at += 2;
        } else if ((lead & 0xF0U) == 0xE0U) {
            if (end - at < 3 || !tail(1) || !tail(2)) return false;
            if ((lead == 0xE0 && at[1] < 0xA0) || (lead == 0xED && at[1] >= 0xA0)) return false;
            at += 3;
        } else if (lead >= 0xF0 && lead < 0xF5) {
            if (end - at < 4 || !tail(1) || !tail(2) || !tail(3)) return false;
            if ((lead == 0xF0 && at[1] < 0x90) || (lead == 0xF4 && at[1] >= 0x90)) return false;
            at += 4;
        } else {
            return false;
        }
    }
    return true;
}

std::optional<DecodedPut> decode_put_log_events(std::string_view body) {
    DecodedPut out;
    if (!Reader(body).request(out)) return std::nullopt;
    return out;
}

}  // namespace sky::logs::api
