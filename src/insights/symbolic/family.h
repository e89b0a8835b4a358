// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/symbolic/family.h - what is known about many lines at once: constants,
              // and facts about what stands between them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sky::insights::symbolic {

/// A set of bytes.
struct ByteSet {
    std::array<std::uint64_t, 4> words{};

    bool contains(char c) const {
        const auto byte = static_cast<unsigned char>(c);
        return ((words[byte >> 6] >> (byte & 63)) & 1) != 0;
    }
    void add(char c) {
        const auto byte = static_cast<unsigned char>(c);
        words[byte >> 6] |= std::uint64_t{1} << (byte & 63);
    }
    void remove(char c) {
        const auto byte = static_cast<unsigned char>(c);
        words[byte >> 6] &= ~(std::uint64_t{1} << (byte & 63));
    }
    void add_all(std::string_view text) {
        for (const char c : text) add(c);
    }
    bool operator==(const ByteSet&) const = default;
};

/// What the values of a slot are known to be, over some set of rows and their raw bytes. Every
/// superset is sound: a byte or a flag too many costs speed, never an answer (store.md 5).
struct SlotFacts {
    ByteSet bytes;
    bool has_empty = false;  // Some value is empty,
    bool has_one = false;    // of one byte,
    bool has_more = false;   // longer.

    void add(std::string_view value) {
        bytes.add_all(value);
        has_empty = has_empty || value.empty();
        has_one = has_one || value.size() == 1;
        has_more = has_more || value.size() > 1;
    }
};

constexpr std::uint32_t kConstantPiece = 0xFFFFFFFF;

/// A piece of a line: a text that all lines share, or a slot whose text differs.
struct Piece {
    std::string_view text;                // Of a constant.
    std::uint32_t slot = kConstantPiece;  // Index into the facts.
    bool is_constant() const { return slot == kConstantPiece; }
    bool operator==(const Piece&) const = default;
};

/// Lines of one family: each is its pieces one after the other.
/// Texts and arrays are the caller's and outlive the family.
struct Family {
    std::span<const Piece> pieces;
    std::span<const SlotFacts> slots;
};

enum class Verdict : std::uint8_t {
    kSlow,   // Not decided: look at each line.
    kMiss,   // No line matches.
    kMatch,  // Every line matches; captures are the same pieces in each.
};

/// What one capture is in every line: pieces one after the other.
struct Capture {
    bool present = true;  // False: the group takes no part in any match.
    std::vector<Piece> pieces;
    bool operator==(const Capture&) const = default;
};

struct Binding {
    Verdict verdict = Verdict::kSlow;
    std::vector<Capture> captures;  // Of kMatch only.
};

}  // namespace sky::insights::symbolic
