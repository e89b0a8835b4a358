// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/json/fields.h - values looked up in raw JSON text, without building a tree.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sky::json {

enum class Type : std::uint8_t { kNone, kNull, kFalse, kTrue, kNumber, kString, kObject, kArray };

/// A value as it stands in the document: a view of its text, quotes and brackets included.
struct Token {
    Type type = Type::kNone;
    std::string_view raw;
};

/// Reads text that is exactly one JSON value (RFC 8259), blanks around it allowed. kNone when it is
/// not, or is nested deeper than limits::kScanDepthMax. Checks the whole text. Linear time.
Token scan(std::string_view text);

/// Whether `"raw"` is one string token: `raw` has no bare quote, no control and no broken escape.
bool is_string_content(std::string_view raw);

/// Whether the text is one number, true, false or null, without blanks around it.
bool is_scalar(std::string_view raw);

/// Whether `[raw]` is one array token in which at most `openings_max` brackets open besides the
/// outer one; those of strings count as well, so that it is an upper bound of the depth.
bool are_elements(std::string_view raw, std::size_t openings_max);

/// Text of a string token: what stands between the quotes when it has no escapes (a view into the
/// token), else `scratch` overwritten with the unescaped text. Lone surrogates become U+FFFD.
std::string_view string_text(const Token& token, std::string& scratch);

/// Appends a value without the blanks between its tokens.
void append_compact(const Token& token, std::string& out);
/// Whether append_compact() would only copy it.
bool is_compact(const Token& token);

/// The elements of an array token, in order; empty for any other token.
std::vector<Token> elements(const Token& array);

/// Appends `text` as a JSON string, with its quotes. Control characters are escaped.
void append_quoted(std::string_view text, std::string& out);

/// The first `{...}` inside a text that is valid JSON, after at most `attempts` openings; kNone
/// when there is none.
Token find_object(std::string_view text, int attempts);

/// Paths like `a.b.0.c`, looked up together in one pass of a document.
/// A key that is spelled like the rest of the path (dots included) wins over the path into nested
/// values; the longest key that fits wins; of equal keys the first. Array elements are named by
/// number. Immutable; any thread.
class FieldPaths {
public:
    /// `items[0].id` is read as `items.0.id`.
    explicit FieldPaths(std::span<const std::string> names);
    FieldPaths(FieldPaths&&) noexcept;
    FieldPaths& operator=(FieldPaths&&) noexcept;
    ~FieldPaths();

    std::size_t size() const;
    /// As it is read: lists of the same paths find the same values.
    std::string_view path(std::size_t i) const;
    /// `text` as for scan(). False, and nothing found, unless it is a valid object (or array).
    /// found[i] is the value of path i, of type kNone when there is none.
    bool resolve(std::string_view text, std::span<Token> found) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct Field {
    std::string name;  // Path with dots.
    Token value;       // A scalar, or an empty object or array; never kNull.
};
/// Leaves of an object in document order, at most `fields_max`; empty when it is no valid object.
std::vector<Field> flatten(std::string_view text, std::size_t fields_max);

}  // namespace sky::json
