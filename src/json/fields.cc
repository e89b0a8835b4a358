// SPDX-License-Identifier: Apache-2.0
#include "json/fields.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "json/scan_limits.h"

namespace sky::json {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

constexpr std::array<bool, 256> kIsEscape = [] {
    std::array<bool, 256> out{};
    for (const char c : std::string_view("\"\\/bfnrt")) out[static_cast<unsigned char>(c)] = true;
    return out;
}();

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// True in each byte's top bit where a string cannot be skipped blindly: quote, backslash, control.
std::uint64_t special_bytes(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
    constexpr std::uint64_t kTops = 0x8080808080808080ULL;
    const auto zero = [](std::uint64_t x) { return (x - kOnes) & ~x; };
    const std::uint64_t quote = zero(word ^ (kOnes * '"'));
    const std::uint64_t slash = zero(word ^ (kOnes * '\\'));
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    return (quote | slash | control) & kTops;
}

/// Walks a document once. Derived classes see what they ask for.
class Scanner {
public:
    explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    void skip_blanks() {
        while (at_ != end_ && is_blank(*at_)) ++at_;
    }
    bool at_end() const { return at_ == end_; }
    const char* position() const { return at_; }
    char peek() const { return at_ == end_ ? '\0' : *at_; }
    bool take(char c) {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }

    /// At the opening quote. False when it does not end well.
    bool string() {
        ++at_;
        for (;;) {
            skip_plain();
            if (at_ == end_) return false;
            const char c = *at_++;
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c == '\\' && !escape()) return false;
        }
    }

    /// Everything up to the end, which is what stands between two quotes.
    bool string_content() {
        for (;;) {
            skip_plain();
            if (at_ == end_) return true;
            const char c = *at_++;
            if (c == '"' || static_cast<unsigned char>(c) < 0x20) return false;
            if (c == '\\' && !escape()) return false;
        }
    }

    /// Everything up to the end, which is what stands between the brackets of an array.
    bool elements() {
        skip_blanks();
        if (at_ == end_) return true;
        for (;;) {
            if (value(1) == Type::kNone) return false;
            skip_blanks();
            if (at_ == end_) return true;
            if (!take(',')) return false;
            skip_blanks();
        }
    }

    /// At the first character of a value that is not a string, object or array.
    Type scalar() {
        switch (peek()) {
            case 't':
                return word("true") ? Type::kTrue : Type::kNone;
            case 'f':
                return word("false") ? Type::kFalse : Type::kNone;
            case 'n':
                return word("null") ? Type::kNull : Type::kNone;
            default:
                return number() ? Type::kNumber : Type::kNone;
        }
    }

    /// Any value; kNone when it is malformed or too deep.
    Type value(int depth) {
        switch (peek()) {
            case '"':
                return string() ? Type::kString : Type::kNone;
            case '{':
                return object(depth, [](std::string_view, Scanner& s,
                                        int d) { return s.value(d) != Type::kNone; })
                           ? Type::kObject
                           : Type::kNone;
            case '[':
                return array(depth, [](std::size_t, Scanner& s,
                                       int d) { return s.value(d) != Type::kNone; })
                           ? Type::kArray
                           : Type::kNone;
            default:
                return scalar();
        }
    }

    /// `visit(raw key without quotes, scanner, depth)` must consume the value.
    template <class Visit>
    bool object(int depth, Visit&& visit) {
        if (depth >= limits::kScanDepthMax) return false;
        ++at_;
        skip_blanks();
        if (take('}')) return true;
        for (;;) {
            if (peek() != '"') return false;
            const char* const key = at_ + 1;
            if (!string()) return false;
            const std::string_view name(key, static_cast<std::size_t>(at_ - key) - 1);
            skip_blanks();
            if (!take(':')) return false;
            skip_blanks();
            if (!visit(name, *this, depth + 1)) return false;
            skip_blanks();
            if (take('}')) return true;
            if (!take(',')) return false;
            skip_blanks();
        }
    }

    template <class Visit>
    bool array(int depth, Visit&& visit) {
        if (depth >= limits::kScanDepthMax) return false;
        ++at_;
        skip_blanks();
        if (take(']')) return true;
        for (std::size_t index = 0;; ++index) {
            if (!visit(index, *this, depth + 1)) return false;
            skip_blanks();
            if (take(']')) return true;
            if (!take(',')) return false;
            skip_blanks();
        }
    }

private:
    /// Bytes of a string that need no look, many at a time; fewer than eight may be left.
    void skip_plain() {
#ifdef __SSE2__
        while (end_ - at_ >= 16) {
            const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
            const __m128i quote = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
            const __m128i slash = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
            const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text);
            const auto marks = static_cast<unsigned>(
                _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control)));
            if (marks != 0) {
                at_ += std::countr_zero(marks);
                return;
            }
            at_ += 16;
        }
#endif
        // The lowest marked byte is exact: borrows only spoil the bytes above it.
        while (end_ - at_ >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, at_, 8);
            const std::uint64_t marks = special_bytes(word);
            if (marks != 0) {
                at_ += std::countr_zero(marks) / 8;
                return;
            }
            at_ += 8;
        }
    }

    bool word(std::string_view expected) {
        if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
            std::string_view(at_, expected.size()) != expected) {
            return false;
        }
        at_ += expected.size();
        return true;
    }

    bool number() {
        take('-');
        if (take('0')) {
            // No further digits after a leading zero.
        } else if (!digits()) {
            return false;
        }
        if (take('.') && !digits()) return false;
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }

    bool digits() {
        const char* const begin = at_;
        while (at_ != end_ && is_digit(*at_)) ++at_;
        return at_ != begin;
    }

    bool escape() {
        if (at_ == end_) return false;
        const char c = *at_++;
        if (c != 'u') return kIsEscape[static_cast<unsigned char>(c)];
        if (end_ - at_ < 4) return false;
        for (int i = 0; i < 4; ++i) {
            if (hex_value(*at_++) < 0) return false;
        }
        return true;
    }

    const char* at_;
    const char* end_;
};

Token token_from(Scanner& scanner, const char* begin, Type type) {
    return {type, {begin, static_cast<std::size_t>(scanner.position() - begin)}};
}

void append_utf8(std::uint32_t code, std::string& out) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

std::uint32_t hex4(std::string_view text) {
    std::uint32_t out = 0;
    for (const char c : text) out = out * 16 + static_cast<std::uint32_t>(hex_value(c));
    return out;
}

/// `raw` passed the scanner and has at least one escape.
void unescape(std::string_view raw, std::string& out) {
    constexpr std::uint32_t kReplacement = 0xFFFD;
    out.clear();
    for (std::size_t at = 0; at < raw.size();) {
        if (raw[at] != '\\') {
            out += raw[at++];
            continue;
        }
        const char c = raw[at + 1];
        at += 2;
        switch (c) {
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'u': {
                std::uint32_t code = hex4(raw.substr(at, 4));
                at += 4;
                const bool high = code >= 0xD800 && code < 0xDC00;
                if (high && raw.substr(at, 2) == "\\u") {
                    const std::uint32_t low = hex4(raw.substr(at + 2, 4));
                    if (low >= 0xDC00 && low < 0xE000) {
                        append_utf8(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), out);
                        at += 6;
                        break;
                    }
                }
                if (code >= 0xD800 && code < 0xE000) code = kReplacement;
                append_utf8(code, out);
                break;
            }
            default:
                out += c;
                break;
        }
    }
}

/// Text of a key as scanned, between its quotes.
std::string_view key_text(std::string_view raw, std::string& scratch) {
    if (raw.find('\\') == std::string_view::npos) return raw;
    unescape(raw, scratch);
    return scratch;
}

bool blank_outside_strings(std::string_view raw) {
    bool inside = false;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '"') inside = !inside;
        if (inside && raw[i] == '\\')
            ++i;
        else if (!inside && is_blank(raw[i]))
            return true;
    }
    return false;
}

}  // namespace

Token scan(std::string_view text) {
    Scanner scanner(text);
    scanner.skip_blanks();
    const char* const begin = scanner.position();
    const Type type = scanner.value(0);
    if (type == Type::kNone) return {};
    const Token token = token_from(scanner, begin, type);
    scanner.skip_blanks();
    return scanner.at_end() ? token : Token{};
}

bool is_string_content(std::string_view raw) { return Scanner(raw).string_content(); }

bool is_scalar(std::string_view raw) {
    Scanner scanner(raw);
    return scanner.scalar() != Type::kNone && scanner.at_end();
}

bool are_elements(std::string_view raw, std::size_t openings_max) {
    const auto opens =
        std::count_if(raw.begin(), raw.end(), [](char c) { return c == '{' || c == '['; });
    return static_cast<std::size_t>(opens) <= openings_max && Scanner(raw).elements();
}

std::vector<Token> elements(const Token& array) {
    std::vector<Token> found;
    if (array.type != Type::kArray) return found;
    Scanner scanner(array.raw);
    const bool whole = scanner.array(0, [&](std::size_t, Scanner& inner, int depth) {
        const char* const begin = inner.position();
        const Type type = inner.value(depth);
        if (type == Type::kNone) return false;
        found.push_back(token_from(inner, begin, type));
        return true;
    });
    if (!whole) found.clear();
    return found;
}

std::string_view string_text(const Token& token, std::string& scratch) {
    return key_text(token.raw.substr(1, token.raw.size() - 2), scratch);
}

bool is_compact(const Token& token) { return !blank_outside_strings(token.raw); }

void append_compact(const Token& token, std::string& out) {
    bool inside = false;
    for (std::size_t i = 0; i < token.raw.size(); ++i) {
        const char c = token.raw[i];
        if (c == '"') inside = !inside;
        if (!inside && is_blank(c)) continue;
        out += c;
        if (inside && c == '\\') out += token.raw[++i];
    }
}

void append_quoted(std::string_view text, std::string& out) {
    static constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out += kHex[static_cast<unsigned char>(c) >> 4];
                    out += kHex[c & 15];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

Token find_object(std::string_view text, int attempts) {
    for (std::size_t at = text.find('{'); at != std::string_view::npos && attempts > 0;
         at = text.find('{', at + 1), --attempts) {
        Scanner scanner(text.substr(at));
        if (scanner.value(0) == Type::kObject) {
            return token_from(scanner, text.data() + at, Type::kObject);
        }
    }
    return {};
}

namespace {

/// An entry a path, without the heap for the few paths that a query names.
template <class T>
class Slots {
public:
    explicit Slots(std::size_t count) : many_(count > kFew ? count : 0) {
        data_ = count > kFew ? many_.data() : few_;
    }
    T& operator[](std::size_t i) { return data_[i]; }

private:
    static constexpr std::size_t kFew = 8;
    T few_[kFew];
    std::vector<T> many_;
    T* data_;
};

}  // namespace

struct FieldPaths::Impl {
    std::vector<std::string> names;

    struct Open {
        std::uint32_t path;
        std::uint32_t from;  // Where the rest of the name begins.
    };
    std::string_view rest(const Open& open) const {
        return std::string_view(names[open.path]).substr(open.from);
    }

    /// Whether `key` begins the rest of a path, and where it then goes on.
    static bool fits(std::string_view rest, std::string_view key) {
        if (!rest.starts_with(key)) return false;
        return rest.size() == key.size() || rest[key.size()] == '.';
    }

    /// Consumes one value and fills found[path] for the open paths that lead into it.
    bool descend(Scanner& scanner, int depth, std::span<const Open> open,
                 std::span<Token> found) const {
        const char first = scanner.peek();
        if (first != '{' && first != '[') {
            return (first == '"' ? scanner.string() : scanner.scalar() != Type::kNone);
        }
        Slots<std::size_t> best(open.size());
        for (std::size_t i = 0; i < open.size(); ++i) best[i] = kNothing;
        std::string scratch;
        Slots<Open> deeper(open.size());
        Slots<std::uint32_t> whole(open.size());
        const auto member = [&](std::string_view key, Scanner& s, int d) {
            std::size_t deeper_count = 0;
            std::size_t whole_count = 0;
            for (std::size_t i = 0; i < open.size(); ++i) {
                const std::string_view name = rest(open[i]);
                if (!fits(name, key)) continue;
                const bool better = best[i] == kNothing || key.size() > best[i];
                if (!better) continue;
                if (name.size() == key.size()) {
                    best[i] = key.size();
                    whole[whole_count++] = open[i].path;
                } else {
                    deeper[deeper_count++] = {
                        open[i].path, open[i].from + static_cast<std::uint32_t>(key.size()) + 1};
                }
            }
            const char* const begin = s.position();
            if (deeper_count == 0) {
                const Type type = s.value(d);
                if (type == Type::kNone) return false;
                for (std::size_t i = 0; i < whole_count; ++i) {
                    found[whole[i]] = token_from(s, begin, type);
                }
                return true;
            }
            return nested(s, d, open, {&deeper[0], deeper_count}, {&whole[0], whole_count},
                          {&best[0], open.size()}, key.size(), begin, found);
        };
        if (first == '{') {
            return scanner.object(depth, [&](std::string_view raw, Scanner& s, int d) {
                return member(key_text(raw, scratch), s, d);
            });
        }
        return scanner.array(depth, [&](std::size_t index, Scanner& s, int d) {
            return member(std::to_string(index), s, d);
        });
    }

    /// A member into which some paths lead further, while others may end at it.
    bool nested(Scanner& scanner, int depth, std::span<const Open> open,
                std::span<const Open> deeper, std::span<const std::uint32_t> whole,
                std::span<std::size_t> best, std::size_t key_length, const char* begin,
                std::span<Token> found) const {
        const char first = scanner.peek();
        // A path keeps what a shorter key gave unless this longer one leads to something.
        Slots<Token> kept(deeper.size());
        for (std::size_t i = 0; i < deeper.size(); ++i) {
            kept[i] = found[deeper[i].path];
            found[deeper[i].path] = {};
        }
        if (!descend(scanner, depth, deeper, found)) return false;
        for (std::size_t i = 0; i < deeper.size(); ++i) {
            Token& token = found[deeper[i].path];
            if (token.type == Type::kNone) {
                token = kept[i];
                continue;
            }
            for (std::size_t j = 0; j < open.size(); ++j) {
                if (open[j].path == deeper[i].path) best[j] = key_length;
            }
        }
        for (const std::uint32_t path : whole) {
            found[path] = token_from(scanner, begin, type_of(first));
        }
        return true;
    }

    static Type type_of(char first) {
        switch (first) {
            case '{':
                return Type::kObject;
            case '[':
                return Type::kArray;
            case '"':
                return Type::kString;
            case 't':
                return Type::kTrue;
            case 'f':
                return Type::kFalse;
            case 'n':
                return Type::kNull;
            default:
                return Type::kNumber;
        }
    }

    static constexpr std::size_t kNothing = ~std::size_t{0};
    std::vector<Open> all;
};

FieldPaths::FieldPaths(std::span<const std::string> names) : impl_(std::make_unique<Impl>()) {
    for (const std::string& name : names) {
        std::string path;
        for (std::size_t i = 0; i < name.size(); ++i) {
            const std::size_t close = name[i] == '[' ? name.find(']', i) : std::string::npos;
            bool index = close != std::string::npos && close > i + 1;
            for (std::size_t j = i + 1; index && j < close; ++j) index = is_digit(name[j]);
            if (!index) {
                path += name[i];
                continue;
            }
            if (!path.empty()) path += '.';
            path.append(name, i + 1, close - i - 1);
            i = close;
        }
        impl_->all.push_back({static_cast<std::uint32_t>(impl_->names.size()), 0});
        impl_->names.push_back(std::move(path));
    }
}

FieldPaths::FieldPaths(FieldPaths&&) noexcept = default;
FieldPaths& FieldPaths::operator=(FieldPaths&&) noexcept = default;
FieldPaths::~FieldPaths() = default;

std::size_t FieldPaths::size() const { return impl_->names.size(); }
std::string_view FieldPaths::path(std::size_t i) const { return impl_->names[i]; }

bool FieldPaths::resolve(std::string_view text, std::span<Token> found) const {
    for (Token& token : found) token = {};
    Scanner scanner(text);
    scanner.skip_blanks();
    bool valid = scanner.peek() == '{' || scanner.peek() == '[';
    if (valid) {
        valid = impl_->descend(scanner, 0, impl_->all, found);
        scanner.skip_blanks();
        valid = valid && scanner.at_end();
    }
    if (!valid) {
        for (Token& token : found) token = {};
    }
    return valid;
}

namespace {

struct Flattener {
    std::vector<Field> fields;
    std::size_t fields_max;
    std::string path;

    bool member(std::string_view key, Scanner& scanner, int depth) {
        const std::size_t length = path.size();
        if (depth > 1) path += '.';  // Members of the document itself are at depth 1.
        path += key;
        const bool valid = visit(scanner, depth);
        path.resize(length);
        return valid;
    }

    bool visit(Scanner& scanner, int depth) {
        const char* const begin = scanner.position();
        const char first = scanner.peek();
        bool any = false;
        Type type = Type::kNone;
        if (first == '{') {
            std::string scratch;
            if (!scanner.object(depth, [&](std::string_view raw, Scanner& s, int d) {
                    any = true;
                    return member(key_text(raw, scratch), s, d);
                })) {
                return false;
            }
            type = Type::kObject;
        } else if (first == '[') {
            if (!scanner.array(depth, [&](std::size_t index, Scanner& s, int d) {
                    any = true;
                    return member(std::to_string(index), s, d);
                })) {
                return false;
            }
            type = Type::kArray;
        } else {
            type = scanner.value(depth);
            if (type == Type::kNone) return false;
        }
        const bool is_document = depth == 0;
        if (!any && !is_document && type != Type::kNull && fields.size() < fields_max) {
            fields.push_back({path, token_from(scanner, begin, type)});
        }
        return true;
    }
};

}  // namespace

std::vector<Field> flatten(std::string_view text, std::size_t fields_max) {
    Scanner scanner(text);
    scanner.skip_blanks();
    if (scanner.peek() != '{') return {};
    Flattener flattener{{}, fields_max, {}};
    if (!flattener.visit(scanner, 0)) return {};
    scanner.skip_blanks();
    if (!scanner.at_end()) return {};
    return std::move(flattener.fields);
}

}  // namespace sky::json
