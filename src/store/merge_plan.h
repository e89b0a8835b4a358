// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/merge_plan.h - which segments a merge should put together next.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "store/memory_budget.h"
#include "store/segment_file.h"
#include "store/segment_limits.h"

namespace sky::store {

/// A live segment of a living group.
struct MergeCandidate {
    SegmentFilePtr segment;
    std::shared_ptr<const GroupInfo> group;
};

/// Segments that are written anew together. Sorted by tenant, day, group and first LSN, so that
/// what belongs together is neighbours.
struct MergeJob {
    std::vector<MergeCandidate> inputs;
    std::uint32_t level = 0;  // Of what is written.
    const char* reason = "";  // For the log.
};

struct MergePlan {
    std::optional<MergeJob> job;  // The most urgent one.
    /// What all due jobs would read.
    std::uint64_t debt_segments = 0, debt_bytes = 0;
    std::uint64_t packs = 0, pack_dead_bytes = 0;
};

struct MergeOptions {
    std::size_t fan;                             // Files of a kind that are merged at once.
    std::int64_t now_ms;                         // Decides which days are settled.
    std::span<const std::uint64_t> unmergeable;  // Ids, sorted, of segments to be left alone.
    ChunkLimits chunk{limits::kChunkRowsMax, limits::kChunkBytesMax};  // Of what is made.
};

/// The rules of docs/store.md.
MergePlan plan_merges(std::span<const MergeCandidate> candidates, const MergeOptions& options);

}  // namespace sky::store
