// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/family.h - what many lines have in common: constant text and slots.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sky::shapes {

/// A set of byte values.
class ByteSet {
public:
    void add(unsigned char byte) { words_[byte / 64] |= std::uint64_t{1} << (byte % 64); }
    void add(std::string_view text) {
        if (text.size() < kManyBytes) {
            for (const char byte : text) add(static_cast<unsigned char>(byte));
            return;
        }
        // A byte's store does not wait for the one before, as setting a bit does.
        std::array<std::uint8_t, 256> seen{};
        for (const char byte : text) seen[static_cast<unsigned char>(byte)] = 1;
        for (std::size_t byte = 0; byte < seen.size(); ++byte) {
            words_[byte / 64] |= static_cast<std::uint64_t>(seen[byte]) << (byte % 64);
        }
    }
    void add(const ByteSet& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    }
    bool contains(unsigned char byte) const { return (words_[byte / 64] >> (byte % 64) & 1U) != 0; }
    bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
    const std::array<std::uint64_t, 4>& words() const { return words_; }
    friend bool operator==(const ByteSet&, const ByteSet&) = default;

private:
    static constexpr std::size_t kManyBytes = 128;
    std::array<std::uint64_t, 4> words_{};
};

/// What is known about every text of a slot, exceptions included: the B, E, one and more of
/// docs/store.md "symbolic parse". Always a superset of the truth, which keeps conclusions sound.
struct SlotStats {
    ByteSet bytes;           // Bytes that may occur.
    bool has_empty = false;  // Some text may be empty.
    bool has_one = false;    // Some text may be one byte.
    bool has_more = false;   // Some text may be longer.

    void add(std::string_view text) {
        bytes.add(text);
        add_length(text.size());
    }
    void add_length(std::size_t length) {
        (length == 0 ? has_empty : length == 1 ? has_one : has_more) = true;
    }
    void add(const SlotStats& other) {
        bytes.add(other.bytes);
        has_empty |= other.has_empty;
        has_one |= other.has_one;
        has_more |= other.has_more;
    }
    friend bool operator==(const SlotStats&, const SlotStats&) = default;
};

/// One stretch of a line: text that all lines of the family share, or the place of a value.
struct Piece {
    static constexpr std::int32_t kConstant = -1;
    std::int32_t slot = kConstant;  // Or the number of a slot.
    std::string constant;           // Not empty when it is one.

    bool is_slot() const { return slot != kConstant; }
    friend bool operator==(const Piece&, const Piece&) = default;
};

/// A line of the family is its pieces, one after the other.
/// Shape: slots are numbered from 0 in the order of their pieces, each once; no two constants are
/// neighbours (two slots may be). No pieces: the empty line.
struct Family {
    enum class Layout : std::uint8_t {
        kText,
        kJson,  // The line is a JSON object; slots are whole values of it (strings without quotes).
    };
    Layout layout = Layout::kText;
    std::uint32_t slots = 0;
    std::vector<Piece> pieces;

    /// Appends text that is part of every line.
    void add_constant(std::string_view text) {
        if (text.empty()) return;
        if (!pieces.empty() && !pieces.back().is_slot())
            pieces.back().constant += text;
        else
            pieces.push_back({Piece::kConstant, std::string(text)});
    }
    void add_slot() {
        pieces.push_back({static_cast<std::int32_t>(slots), {}});
        ++slots;
    }
    friend bool operator==(const Family&, const Family&) = default;
};

}  // namespace sky::shapes
