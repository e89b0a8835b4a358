// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/gram_filter.h - which short stretches of bytes a text has; says "surely
              // not" about most literals that it does not hold.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sky::shapes {

/// A set of the grams (4 bytes in a row, all digits taken for one) of a text, hashed into a bitmap.
/// Digits count as one so that numbers, which are many and tell little, stay few grams.
/// Threads: immutable.
class GramFilter {
public:
    /// Holds everything: may_contain() is always true.
    GramFilter() = default;
    /// Over all of a chunk's text at once. Grams across two lines are in it too, which is sound.
    /// Holds everything where a text has too many grams for kBytesMax to tell them apart.
    static GramFilter of(std::string_view text);

    /// False: the literal is nowhere in the text. Literals below 4 bytes may be anywhere.
    bool may_contain(std::string_view literal) const;

    /// Empty where it holds everything.
    std::string encode() const { return bits_; }
    /// Nothing when the bytes are no filter.
    static std::optional<GramFilter> decode(std::string_view bytes);

    static constexpr std::size_t kGramBytes = 4;
    static constexpr std::size_t kBytesMax = 8'192;

private:
    friend class GramFilterMaker;
    std::string bits_;  // 2^k bytes, or empty.
};

/// Puts a filter together from several texts; none of the grams across two of them is in it.
class GramFilterMaker {
public:
    GramFilterMaker();
    void add(std::string_view text);
    GramFilter made() const;
    /// The byte that a gram has for this one.
    static char canonical(char byte) {
        return static_cast<unsigned char>(byte - '0') < 10 ? '0' : byte;
    }

private:
    std::unique_ptr<unsigned char[]> seen_;  // A byte a hash: no bits to put together.
};

}  // namespace sky::shapes
