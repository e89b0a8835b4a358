// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/cli/terminal/nearest.h - "did you mean": the known word that is closest to a
              // mistyped one.

#include <span>
#include <string>
#include <string_view>

namespace sky::cli {

/// Letters added, left out, replaced or swapped with a neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known` within a third of the word's length (at least 1, at most 3 steps), or one
/// that begins with the word; empty when nothing is near.
std::string nearest(std::string_view word, std::span<const std::string> known);

/// " Did you mean --group?", or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace sky::cli
