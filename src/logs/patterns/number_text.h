// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/patterns/number_text.h - decimal numbers as texts, compared exactly.

#include <cstdint>
#include <optional>
#include <string_view>

namespace sky::logs {

/// `[+-]?digits[.digits][e[+-]digits]`, of any length. No value is rounded: two ids of nineteen
/// digits that differ in the last one are two numbers. Views the text that it was read from.
class NumberText {
public:
    static std::optional<NumberText> read(std::string_view text);
    /// -1, 0, 1.
    static int compare(const NumberText& a, const NumberText& b);

private:
    int sign_ = 0;                // 0 for every way to write zero.
    std::int64_t magnitude_ = 0;  // Power of ten of the first digit that is not 0.
    std::string_view digits_;     // From that digit on; may hold the point.
};

}  // namespace sky::logs
