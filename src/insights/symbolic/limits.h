// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/symbolic/limits.h - bounds of deciding a pattern once a family.

#include <cstddef>

namespace sky::insights::symbolic::limits {

/// Instructions of one regex; a longer one takes the slow path. Counted repeats unroll. Ours.
constexpr std::size_t kProgramMax = 1'000;
/// Nested groups of a regex. Ours: the parser and the closure recurse.
constexpr std::size_t kNestingMax = 64;
/// Positions of a family (bytes of constants and slots) that are worth deciding; beyond it rows
/// are read one by one. Ours: an event over 64 KiB is mined on its first 4 KiB only (store.md 2.1).
constexpr std::size_t kPositionsMax = 64 << 10;
/// Instructions that one decision may visit before it gives up. Ours: about 5 ms.
constexpr std::size_t kVisitsMax = 2'000'000;

/// States of a search as a machine (search_machine.h); a regex that needs more is searched for line
/// by line. Ours: as many as a byte numbers; most have ten.
constexpr std::size_t kSearchStatesMax = 256;

}  // namespace sky::insights::symbolic::limits
