// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>

#include "insights/functions/glob.h"
#include "insights/functions/kernels.h"

namespace sky::insights::kernels {
namespace {

using columnar::NumericView;

constexpr std::string_view kWhitespace = " \t\n\r\f\v";

/// Bytes of the code point that begins with this byte; texts are valid UTF-8.
std::size_t code_point_bytes(char first) {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// A set of characters given as text: code points, not bytes.
class CharacterSet {
public:
    explicit CharacterSet(std::string_view characters) : characters_(characters) {
        for (const char c : characters) {
            if (static_cast<unsigned char>(c) < 0x80) ascii_[static_cast<unsigned char>(c)] = true;
        }
    }
    bool contains(std::string_view code_point) const {
        const auto first = static_cast<unsigned char>(code_point[0]);
        if (first < 0x80) return ascii_[first];
        return characters_.find(code_point) != std::string_view::npos;
    }

private:
    std::string_view characters_;
    bool ascii_[128] = {};
};

enum class Sides : std::uint8_t { kLeft = 1, kRight = 2, kBoth = 3 };

std::string_view trimmed(std::string_view text, const CharacterSet& set, Sides sides) {
    if (sides != Sides::kRight) {
        while (!text.empty()) {
            const std::size_t bytes = std::min(code_point_bytes(text[0]), text.size());
            if (!set.contains(text.substr(0, bytes))) break;
            text.remove_prefix(bytes);
        }
    }
    if (sides != Sides::kLeft) {
        while (!text.empty()) {
            std::size_t begin = text.size() - 1;
            while (begin > 0 && is_continuation(text[begin])) --begin;
            if (!set.contains(text.substr(begin))) break;
            text.remove_suffix(text.size() - begin);
        }
    }
    return text;
}

const Vector* trim_sides(EvalContext& context, Args args, Sides sides) {
    const TextView text = as_text(context, args[0]);
    if (args.size() == 1 || args[1]->is_constant()) {
        const bool given = args.size() == 2;
        if (given && !args[1]->present(0)) return Vector::missing(context.arena, context.rows);
        const TextView characters = given ? as_text(context, args[1]) : TextView{};
        const CharacterSet set(given ? characters[0] : kWhitespace);
        return each_present(context, args.first(1), [&](std::size_t row, Value& out) {
            out = Value::of_text(trimmed(text[row], set, sides));
        });
    }
    const TextView characters = as_text(context, args[1]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        out = Value::of_text(trimmed(text[row], CharacterSet(characters[row]), sides));
    });
}

/// Simple one-to-one case pairs of Latin-1, Latin Extended-A, Greek and Cyrillic; every other code
/// point has no other case here. Both members of a pair take equally many UTF-8 bytes.
std::uint32_t to_lower_code(std::uint32_t c) {
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
    if (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c % 2 == 1 ? c + 1 : c;
    if (c >= 0x14A && c <= 0x177) return c | 1;
    if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 32;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    return c;
}

std::uint32_t to_upper_code(std::uint32_t c) {
    if (c >= 0xE0 && c <= 0xFE && c != 0xF7) return c - 32;
    if (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) return c & ~1U;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c % 2 == 0 ? c - 1 : c;
    if (c >= 0x14A && c <= 0x177) return c & ~1U;
    if (c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2) return c - 32;
    if (c >= 0x430 && c <= 0x44F) return c - 32;
    if (c >= 0x450 && c <= 0x45F) return c - 80;
    return c;
}

template <class Ascii>
const Vector* change_case(EvalContext& context, Args args, Ascii&& ascii,
                          std::uint32_t (*wide)(std::uint32_t)) {
    const TextView text = as_text(context, args[0]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        const std::string_view in = text[row];
        char* const to = grow_text(context, in.size());
        if (to == nullptr) return;
        for (std::size_t i = 0; i < in.size(); ++i) {
            const auto byte = static_cast<unsigned char>(in[i]);
            const bool two_bytes = byte >= 0xC2 && byte < 0xE0 && i + 1 < in.size();
            if (two_bytes) {
                const std::uint32_t code =
                    (byte & 0x1FU) << 6 | (static_cast<unsigned char>(in[i + 1]) & 0x3FU);
                const std::uint32_t changed = wide(code);
                to[i] = static_cast<char>(0xC0 | changed >> 6);
                to[++i] = static_cast<char>(0x80 | (changed & 0x3F));
            } else {
                to[i] = ascii(in[i]);
            }
        }
        out = Value::of_text({to, in.size()});
    });
}

/// Byte offset of code point `index`, at most the text's size.
std::size_t offset_of(std::string_view text, std::size_t from, std::size_t index) {
    std::size_t at = from;
    while (index > 0 && at < text.size()) {
        at = std::min(at + code_point_bytes(text[at]), text.size());
        --index;
    }
    return at;
}

std::size_t as_count(double number) {
    constexpr double kTextBytesMax = 4294967296.0;
    return static_cast<std::size_t>(std::clamp(std::trunc(number), 0.0, kTextBytesMax));
}

}  // namespace

const Vector* concat_kernel(EvalContext& context, Args args) {
    std::vector<TextView> texts;
    texts.reserve(args.size());
    for (const Vector* const arg : args) texts.push_back(as_text(context, arg));
    std::size_t bytes = 0;
    for (const TextView& text : texts) {
        for (std::size_t row = 0; row < context.rows; ++row) {
            if (text.is_present(row)) bytes += text[row].size();
        }
    }
    char* at = grow_text(context, bytes);
    if (at == nullptr) return Vector::missing(context.arena, context.rows);
    auto* const out = context.arena.array<std::string_view>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        char* const begin = at;
        for (const TextView& text : texts) {
            if (text.is_present(row)) at += text[row].copy(at, text[row].size());
        }
        out[row] = {begin, static_cast<std::size_t>(at - begin)};
    }
    return Vector::texts(context.arena, context.rows, out);
}

const Vector* isempty_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    auto* const out = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        out[row] = !text.is_present(row) || text[row].empty() ? 1 : 0;
    }
    return Vector::booleans(context.arena, context.rows, out);
}

const Vector* isblank_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    auto* const out = context.arena.array<std::uint8_t>(context.rows);
    for (std::size_t row = 0; row < context.rows; ++row) {
        const bool blank = !text.is_present(row) ||
                           text[row].find_first_not_of(kWhitespace) == std::string_view::npos;
        out[row] = blank ? 1 : 0;
    }
    return Vector::booleans(context.arena, context.rows, out);
}

const Vector* ltrim_kernel(EvalContext& context, Args args) {
    return trim_sides(context, args, Sides::kLeft);
}
const Vector* rtrim_kernel(EvalContext& context, Args args) {
    return trim_sides(context, args, Sides::kRight);
}
const Vector* trim_kernel(EvalContext& context, Args args) {
    return trim_sides(context, args, Sides::kBoth);
}

const Vector* replace_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    const TextView search = as_text(context, args[1]);
    const TextView with = as_text(context, args[2]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        const std::string_view in = text[row];
        const std::string_view needle = search[row];
        out = Value::of_text(in);
        if (needle.empty()) return;
        std::size_t count = 0;
        for (std::size_t at = find_literal(in, needle, 0); at != std::string_view::npos;
             at = find_literal(in, needle, at + needle.size())) {
            ++count;
        }
        if (count == 0) return;
        const std::size_t bytes = in.size() - count * needle.size() + count * with[row].size();
        char* const begin = grow_text(context, bytes);
        if (begin == nullptr) return;
        char* to = begin;
        std::size_t done = 0;
        for (std::size_t at = find_literal(in, needle, 0); at != std::string_view::npos;
             at = find_literal(in, needle, done)) {
            to += in.copy(to, at - done, done);
            to += with[row].copy(to, with[row].size());
            done = at + needle.size();
        }
        in.copy(to, in.size() - done, done);
        out = Value::of_text({begin, bytes});
    });
}

const Vector* strcontains_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    const TextView part = as_text(context, args[1]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        out = Value::of_boolean(find_literal(text[row], part[row], 0) != std::string_view::npos);
    });
}

const Vector* strlen_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        const std::string_view in = text[row];
        const auto continuations = std::count_if(in.begin(), in.end(), is_continuation);
        out = Value::of_number(static_cast<double>(in.size()) - static_cast<double>(continuations));
    });
}

const Vector* substr_kernel(EvalContext& context, Args args) {
    const TextView text = as_text(context, args[0]);
    const NumericView& start = args[1]->numeric(context.arena);
    const NumericView* const length = args.size() == 3 ? &args[2]->numeric(context.arena) : nullptr;
    return each_present(context, args, [&](std::size_t row, Value& out) {
        if (!start.is_valid(row) || (length != nullptr && !length->is_valid(row))) return;
        const std::string_view in = text[row];
        const std::size_t begin = offset_of(in, 0, as_count(start.values[row & start.mask]));
        std::size_t end = in.size();
        if (length != nullptr) {
            end = offset_of(in, begin, as_count(length->values[row & length->mask]));
        }
        out = Value::of_text(in.substr(begin, end - begin));
    });
}

const Vector* tolower_kernel(EvalContext& context, Args args) {
    return change_case(
        context, args, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; },
        to_lower_code);
}

const Vector* toupper_kernel(EvalContext& context, Args args) {
    return change_case(
        context, args, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; },
        to_upper_code);
}

}  // namespace sky::insights::kernels
