// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/symbolic/regex_program.h - a regular expression as instructions over
              // bytes, for the abstract machine.

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "insights/symbolic/limits.h"

namespace sky::insights::symbolic {

/// Leftmost-first, as RE2 searches. Immutable; any thread.
class RegexProgram {
public:
    enum class Op : std::uint8_t {
        kByte,   // Reads a byte of `classes`, goes on behind itself.
        kSplit,  // Prefers `x`, else `y`.
        kJump,   // To `x`.
        kSave,   // Capture token `x`.
        kBegin,  // Only at the beginning of the text.
        kEnd,    // Only at its end.
        kMatch,
    };
    struct Instruction {
        Op op = Op::kMatch;
        std::uint32_t x = 0, y = 0;
        std::bitset<256> classes;  // Byte classes that kByte accepts.
    };

    /// `pattern` is in RE2's syntax (functions/regex_syntax.h). Group i + 1 is captured where
    /// needed[i]. None: the pattern has something that this machine does not do, or whose meaning
    /// is delicate (a repeat of what may be empty), or it is too long; RE2 has to look at each
    /// line.
    static std::optional<RegexProgram> compile(std::string_view pattern,
                                               std::span<const bool> needed);

    std::span<const Instruction> instructions() const { return code_; }
    /// Bytes that no instruction tells apart have one class.
    std::uint8_t class_of(char byte) const { return class_of_[static_cast<unsigned char>(byte)]; }
    std::size_t classes() const { return classes_; }
    /// Places of captures: two a group, also of groups that are not needed (never set).
    std::size_t tokens() const { return 2 * groups_; }
    std::size_t groups() const { return groups_; }

private:
    std::vector<Instruction> code_;
    std::array<std::uint8_t, 256> class_of_{};
    std::size_t classes_ = 0;
    std::size_t groups_ = 0;
};

}  // namespace sky::insights::symbolic
