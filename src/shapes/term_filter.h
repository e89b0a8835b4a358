// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/term_filter.h - which ids and decimals a text has; says "surely not"
              // about most that it does not hold.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_codec.h"

namespace sky::shapes {

/// Hashes of a set of texts as bits: as many as the set asks for.
/// Threads: immutable once made.
class HashBits {
public:
    static constexpr std::size_t kBytesMin = 32;

    /// Holds everything.
    HashBits() = default;
    bool may_contain(std::uint64_t hash) const;
    /// Whether it tells anything.
    bool useful() const { return !bits_.empty(); }
    const std::string& bytes() const { return bits_; }
    /// Nothing when the bytes are not those of a set of at most that many.
    static std::optional<HashBits> decode(std::string_view bytes, std::size_t bytes_max);

private:
    friend class TermFilterMaker;
    std::string bits_;  // 2^k bytes, or empty.
};

/// What a chunk is asked for most, where a gram filter is blind: grams of ids are all there, and
/// digits are one to it.
/// - Ids: stretches of 19 or more letters, digits, '-' and '_'. Of every 8 neighbouring grams of 12
///   bytes that have a digit the one of the least hash is in the set, so that any 19 bytes of an id
///   ask for at least one gram that the id put there: a part of an id is found like a whole one.
/// - Decimals: whole stretches of digits and points that have both, at most 16 bytes, looked for
///   where the literal shows both ends.
/// Threads: immutable.
class TermFilter {
public:
    /// Holds everything: may_contain() is always true.
    TermFilter() = default;
    /// Over all of a chunk's text at once. Ids across two lines are in it too, which is sound; a
    /// decimal beside a line's end need not be, as no literal shows both ends of it.
    static TermFilter of(std::string_view text);

    /// False: the literal is in no line of the text.
    bool may_contain(std::string_view literal) const;

    /// Appends the sets, an empty one where it holds everything.
    void encode(std::string& out) const;
    /// False when the bytes are no filter.
    [[nodiscard]] static bool decode(ByteReader& in, TermFilter& out);

    static constexpr std::size_t kGramBytes = 12;
    static constexpr std::size_t kWindowGrams = 8;
    /// The shortest text whose grams are sure to be asked for.
    static constexpr std::size_t kIdBytesMin = kGramBytes + kWindowGrams - 1;
    static constexpr std::size_t kDecimalBytesMax = 16;
    /// Sizes of the sets. Source: a chunk of service logs has about 20,000 ids with four grams
    /// each, one of the seed's lines 20,000 durations.
    static constexpr std::size_t kIdSetBytesMax = 32'768;
    static constexpr std::size_t kDecimalSetBytesMax = 8'192;

private:
    friend class TermFilterMaker;
    HashBits ids_, decimals_;
};

/// Puts a filter together from several texts, none of whose ids and decimals go on in another.
class TermFilterMaker {
public:
    TermFilterMaker();
    void add(std::string_view text);
    /// A whole stretch of digits and points that has both, at most kDecimalBytesMax.
    void add_decimal(std::string_view text);
    TermFilter made() const;
    /// Whether an id or a decimal may go on with this byte.
    static bool joins(char byte);

private:
    std::string ids_, decimals_;  // Sets of the greatest size.
};

}  // namespace sky::shapes
