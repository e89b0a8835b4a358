// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/key_shares.h - groups that need more memory than there is: a
              // share of their keys at a time, each by a scan of its own.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "insights/exec/frame.h"
#include "insights/functions/period.h"

namespace sky::insights {

/// Which keys a scan takes. What has been read once can be read again: snapshots do not change, so
/// nothing need be written to a disk for the keys that have to wait.
struct KeyShare {
    std::uint32_t part = 0;
    std::uint32_t of = 1;  // A power of two: part p of n is parts p and p + n of 2 n.
    /// Where the time is a key: events of these times alone, so that no other ones are read.
    std::optional<store::TimeRange> times = {};

    bool all() const { return whole() && !times; }
    /// Of its times.
    bool whole() const { return of == 1; }
    bool has(std::uint64_t hash) const { return (hash & (of - 1)) == part; }
};
/// Appends the two halves of the share: by time where it has times that can be cut at a multiple of
/// `period`, else by hash. False when it is as small as a share may be.
bool halve(const KeyShare& share, const std::optional<Period>& period,
           std::vector<KeyShare>& halves);

/// Hashes of keys that are equal where ValueDictionary finds their values equal, one a row.
void hash_keys(EvalContext& context, std::span<const Vector* const> keys, std::uint64_t* hashes);

/// Keeps the rows of `frame` whose keys are the share's, in `keys` too.
void select_share(const KeyShare& share, Frame& frame, std::vector<const Vector*>& keys,
                  const std::uint64_t* hashes);

}  // namespace sky::insights
