// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/limits.h - the numbers of families, slots and shaped blocks.

#include <cstddef>
#include <cstdint>

namespace sky::shapes::limits {

// Rows of one block: a whole chunk (store/segment_limits.h).
inline constexpr std::size_t kRowsMax = 128 * 1024;
// Text of one block: a chunk is at most 32 MiB, and one message beyond it where a chunk has one.
inline constexpr std::size_t kTextBytesMax = 64U << 20U;
// Texts of one column's dictionary: its codes fit 16 bits.
inline constexpr std::size_t kDictionaryEntriesMax = 64 * 1024;

// Families of one block. Lines that fit none share one family of a single free-text slot.
inline constexpr std::size_t kFamiliesMax = 1'024;
// A family for fewer rows costs its definition and its columns more than it saves; such lines are
// free text. Measured on access, service and Windows logs.
inline constexpr std::size_t kFamilyRowsMin = 8;
// Slots and constants of one family; what comes behind is one slot more.
inline constexpr std::size_t kSlotsMax = 255;
inline constexpr std::size_t kPiecesMax = 2 * kSlotsMax + 1;

// Tokens of one line before any is taken apart further; the rest of the line is one more. Lines of
// real programs have fewer; a traceback does not pay for more.
inline constexpr std::size_t kTokensMax = 128;
inline constexpr std::size_t kJsonTokensMax = 200;
// Tokens of all lines of one block, and values of all groups of lines that are being divided at one
// time: what the miner's memory grows with (8 and 16 bytes each). Lines behind the first are free
// text, a group beyond the second stays as it is. So many, one more for a few bytes of text, and so
// many at most. Whole chunks of access, service and Windows logs stay below two thirds of either.
inline constexpr std::size_t kBlockTokensLeast = 1'000'000;
inline constexpr std::size_t kBlockTokensMax = 5'000'000;
inline constexpr std::size_t kDivideValuesLeast = 2'000'000;
inline constexpr std::size_t kDivideValuesMax = 6'000'000;
inline constexpr std::size_t kMinedBytesEach = 8;
// Rows that a decision about a family looks at.
inline constexpr std::size_t kSampleRows = 256;
// Times that one family's lines may be divided or one of its slots taken apart, one inside another.
inline constexpr std::size_t kMineDepthMax = 6;

// Families that are kept from chunk to chunk (known_families.h), their slots and constant text: at
// most 40 KiB a group.
inline constexpr std::size_t kKnownFamiliesMax = 16;
inline constexpr std::size_t kKnownSlotsMax = 32;
inline constexpr std::size_t kKnownConstantBytesMax = 1'024;
// A family of fewer of a chunk's lines is not worth a try for each line.
inline constexpr std::size_t kKnownRowsShare = 64;
// All lines of a chunk are mined when more than one in this many is of no known family; told after
// so many lines.
inline constexpr std::size_t kMissedShare = 2;
inline constexpr std::size_t kMissedLinesMin = 4'096;
// Chunks that are taken apart by the same families before all lines are mined again: what has
// changed slowly is seen then.
inline constexpr std::size_t kKnownUsesMax = 64;
// Chunks that are mined without learning after known families were of no use.
inline constexpr std::size_t kKnownRest = 16;

// Texts of a slot, and pairs of ends and beginnings at a border between pieces, from which a
// block's filters are made; beyond, they are made from the text. And decimals behind a number's
// point.
inline constexpr std::size_t kBordersMax = 4'096;
inline constexpr int kFilterScaleMax = 12;

// Brackets that open in the elements of an array for which a block says that they are such; lines
// whose own depth leaves no room for so many more are looked at (json/scan_limits.h). Few have
// more.
inline constexpr std::size_t kJsonOpeningsMax = 63;

// Longest text of a value that is kept as a number, address, time or hex digits.
inline constexpr std::size_t kFormBytesMax = 64;
// Decimal digits of a number that always fits 64 bits.
inline constexpr int kDecimalDigitsMax = 18;
// A column keeps its typed form while at most one row in this many is an exception.
inline constexpr std::size_t kRowsPerException = 16;

// Definitions, dictionaries' lengths and descriptors of one block, before compression.
inline constexpr std::size_t kMetaBytesMax = 32U << 20U;

}  // namespace sky::shapes::limits
