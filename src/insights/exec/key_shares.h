// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/key_shares.h - groups that need more memory than there is: a
              // share of their keys at a time, each by a scan of its own.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "insights/exec/frame.h"
#include "insights/exec/row_store.h"

namespace sky::insights {

/// Which keys a sink takes. What has been read once can be read again: snapshots do not change, so
/// nothing need be written to a disk for the keys that have to wait.
struct KeyShare {
    std::uint32_t part = 0;
    std::uint32_t of = 1;  // A power of two: part p of n is parts p and p + n of 2 n.

    bool all() const { return of == 1; }
    bool has(std::uint64_t hash) const { return (hash & (of - 1)) == part; }
};

/// Hashes of keys that are equal where ValueDictionary finds their values equal, one a row.
void hash_keys(EvalContext& context, std::span<const Vector* const> keys, std::uint64_t* hashes);

/// Keeps the rows of `frame` whose keys are the share's, in `keys` too.
void select_share(const KeyShare& share, Frame& frame, std::vector<const Vector*>& keys,
                  const std::uint64_t* hashes);

/// What the shares' rows go through, and which of them stay.
struct ShareSpec {
    std::size_t begin = 0, end = 0;     // Steps of the plan on each share's rows, row by row.
    const SortStep* sort = nullptr;     // Null: in the order of `groups`.
    const StatsStep* groups = nullptr;  // By its bins and keys; null: newest first.
    std::uint64_t rows_max = ~0ULL;     // Of the order; more are dropped.
    std::size_t rest = 0;               // The step behind.
    std::vector<std::uint32_t> slots;   // Columns that it and the ones behind it read.
};

/// The step that keeps rows by their keys: one of the two, or neither.
struct KeyedStep {
    const StatsStep* groups = nullptr;
    bool ordered = true;  // Something behind it depends on the order of the groups.
    const DedupStep* dedup = nullptr;
};
/// Nothing where there are no keys. plan.steps[rest] is the step behind; `rows_max` rows of the
/// result are wanted.
std::optional<ShareSpec> share_spec(const Plan& plan, const KeyedStep& keyed, std::size_t rest,
                                    std::uint64_t rows_max);

/// Puts the rows of all shares in the order that one sink of all keys would give.
/// Memory is taken from the budget. Threads: one at a time.
class ShareCollector {
public:
    ShareCollector(const Plan& plan, const ShareSpec& spec, std::int64_t now_s,
                   columnar::MemoryBudget& budget);

    /// What a share's sink kept. Errors: those of the steps.
    Status add(Table& kept);
    /// `budget` pays for the table.
    std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const;

private:
    int compare_groups(const KeptRow& a, const KeptRow& b) const;
    bool before(const KeptRow& a, const KeptRow& b) const;
    void prune();

    const Plan& plan_;
    const ShareSpec& spec_;
    const std::int64_t now_s_;
    const std::size_t sort_keys_;
    std::vector<std::pair<std::uint32_t, bool>> group_keys_;  // Slot, and whether it descends.
    RowStore store_;                                          // Sort keys, group keys, slots.
    std::vector<KeptRow> rows_;
};

}  // namespace sky::insights
