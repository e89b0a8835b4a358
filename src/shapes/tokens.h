// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/tokens.h - the structure of one text: what may vary, and a hash of the
              // rest.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "shapes/text_hash.h"

namespace sky::shapes {

/// A stretch of a text that may differ between lines of one family.
struct Token {
    std::uint32_t begin, end;  // Bytes of the text; may be empty.
};

/// How a text is taken apart.
enum class Grammar : std::uint8_t {
    kPlain,       // Words between blanks and punctuation.
    kJsonString,  // The same inside a JSON string, where \n and \t are blanks and \\ is a letter.
    kLines,       // Lines, each a value behind a name and a colon, or a value.
    kJsonLines,   // The same inside a JSON string.
    kJson,        // One JSON object: its values.
    kJsonArray,   // What stands between the brackets of an array.
};

/// Shape: tokens ascend and do not overlap. Two texts with equal hashes have, but for collisions,
/// as many tokens and the same bytes around them. Quoted and bracketed stretches are one token,
/// whatever is in them; so is what follows the last token that the limit allows.
class Tokens {
public:
    /// False when the text is not of that grammar (words take any text, lines more than one line).
    bool read(std::string_view text, Grammar grammar);

    const std::vector<Token>& list() const { return list_; }
    std::uint64_t hash() const { return hash_; }
    /// Hash of the bytes before each of the first tokens; what stands for a line's beginning.
    std::uint64_t head_hash(std::size_t tokens) const { return heads_[tokens]; }

    static constexpr std::size_t kHeadMax = 12;

private:
    void read_plain(std::string_view text, bool escapes);
    bool read_lines(std::string_view text, bool escapes);
    bool read_json(std::string_view text, bool array);
    void add(std::size_t begin, std::size_t end);
    void hash_byte(unsigned char byte) { hash_ = (hash_ ^ byte) * kHashA; }
    void hash_bytes(std::string_view bytes) { hash_ = hash_mix(hash_ ^ hash_text(bytes), kHashB); }

    std::vector<Token> list_;
    std::uint64_t hash_ = 0;
    std::array<std::uint64_t, kHeadMax + 1> heads_{};
};

}  // namespace sky::shapes
