// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/live_data_impl.h - what the parts of LiveData share: live_data.cc,
              // seals.cc, merges.cc, expiry.cc.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/deletion_clock.h"
#include "store/known_shapes.h"
#include "store/live_data.h"
#include "store/merge_plan.h"
#include "store/segment_limits.h"

namespace sky::store {

using ChunkPtr = std::shared_ptr<const OpenChunk>;
using SegmentList = std::vector<SegmentFilePtr>;

/// One group's visible rows. `mutex` makes a publish over several days, and the change from chunk
/// to segment, one step for snapshots.
struct GroupState {
    std::mutex mutex;
    bool dead = false;                       // Dropped: nothing may be added any more.
    std::map<std::int64_t, OpenChunk> open;  // By day.
    std::deque<ChunkPtr> sealing;            // Closed, oldest first; immutable.
    std::shared_ptr<const SegmentList> segments = std::make_shared<const SegmentList>();

    bool holds_records_below(std::uint64_t lsn) const;
};
using GroupStatePtr = std::shared_ptr<GroupState>;

/// A chunk on its way into a file.
struct Seal {
    GroupStatePtr state;
    ChunkPtr chunk;
    std::optional<SegmentRow> row;  // Absent: no row of a living stream was left.
    std::vector<SegmentStream> streams;
};

/// A segment on its way into a pack, with what it replaces.
struct Merged {
    GroupStatePtr state;
    SegmentList inputs;
    std::vector<std::uint64_t> replaced;  // Ids of the inputs and of what these had replaced.
    std::optional<SegmentRow> row;        // Absent: no row of a living stream was left.
};

struct LiveData::Impl {
    LiveDataOptions options;
    std::string segments_directory, orphans_directory;
    std::shared_ptr<SegmentCache> cache;
    ChunkLimits sealed_chunk{}, merged_chunk{};  // What fits the memory budget.

    mutable std::shared_mutex groups_mutex;
    std::unordered_map<GroupId, GroupStatePtr> groups;

    std::mutex merge_mutex;  // One merge at a time; taken before work_mutex.
    std::mutex work_mutex;   // One change of the live files at a time; taken before the others.
    std::optional<DeletionClock> clock;
    KnownShapes known_shapes;  // Under work_mutex.
    std::map<std::pair<Tombstone::Kind, std::uint64_t>, std::optional<std::uint64_t>>
        tombstone_barriers;

    std::atomic<std::uint64_t> segment_bytes_written{0}, shape_mismatches{0}, open_rows{0};
    std::atomic<std::uint64_t> live_segments{0}, live_segment_bytes{0}, orphans{0};
    std::atomic<std::uint64_t> merges{0}, merged_bytes_written{0};
    std::atomic<std::uint64_t> chunks_due{0};
    std::atomic<bool> deletion_suspended{false};

    // Merging. The debt is as of the last look, which comes after each change of the files.
    std::atomic<std::uint64_t> files_version{1}, debt_segments{0}, debt_bytes{0}, packs{0},
        pack_dead_bytes{0};
    std::uint64_t looked_version = 0;        // Under merge_mutex, as the next two.
    std::int64_t looked_ns = 0;              // When that was.
    std::vector<std::uint64_t> unmergeable;  // Segments that could not be read; sorted.

    SqliteCatalog& catalog() const { return *options.catalog; }
    MemoryBudget& memory() const { return *options.memory; }
    std::shared_ptr<const SegmentFile> adopt_segment(const SegmentRow& row,
                                                     StoredFilePtr file) const {
        return std::make_shared<const SegmentFile>(row, std::move(file), cache);
    }

    GroupStatePtr state_of(GroupId id) const;
    GroupStatePtr make_state(GroupId id);
    std::vector<std::pair<GroupId, GroupStatePtr>> all_states() const {
        const std::shared_lock lock(groups_mutex);
        return {groups.begin(), groups.end()};
    }

    // live_data.cc
    /// At the end of work that was charged so much.
    void give_back(std::uint64_t charged) const;
    Status adopt_files();
    Status delete_old_orphans();
    void close_chunk(GroupState& state, OpenChunk&& chunk);
    void discard_open(GroupState& state);
    void forget_open(const OpenChunk& chunk);

    // seals.cc
    struct SealBatch;
    std::vector<Seal> collect_seals(std::uint64_t lsn_below);
    Status write_seal(Seal& seal, SealBatch& batch);
    Status commit_seals(std::span<Seal> seals, SealBatch& batch);

    // merges.cc
    struct MergeOutputs;
    std::vector<MergeCandidate> merge_candidates() const;
    Status merge_group(std::span<const MergeCandidate> inputs, MergeOutputs& out,
                       const std::atomic<bool>& stop);
    Status write_merged(Merged merged, std::vector<MiniBatchPtr> pieces, MergeOutputs& out);
    Status commit_merge(MergeOutputs& out);

    // expiry.cc
    bool all_streams_deleted(const SegmentFile& file, const std::vector<StreamId>& deleted);
    Status drop_files(std::optional<std::int64_t> now_ms);
    Status end_tombstones(WalExtent wal);
    bool names_stream(GroupState& state, StreamId stream, std::uint64_t below_lsn);
};

}  // namespace sky::store
