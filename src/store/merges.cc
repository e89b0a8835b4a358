// SPDX-License-Identifier: Apache-2.0
// LiveData: small segments are put together, packs with holes are written anew.
#include <algorithm>

#include "base/log.h"
#include "os/fs.h"
#include "store/limits.h"
#include "store/live_data_impl.h"
#include "store/packs.h"
#include "store/rows.h"

namespace sky::store {

namespace {

/// What a job holds at once, at most: one chunk of what it makes.
std::uint64_t merge_need(std::span<const MergeCandidate> inputs, ChunkLimits most) {
    std::uint64_t rows = 0, bytes = 0, largest_rows = 0, largest_bytes = 0;
    for (const MergeCandidate& input : inputs) {
        const SegmentRow& row = input.segment->row();
        rows += row.rows;
        bytes += row.message_bytes;
        largest_rows = std::max(largest_rows, row.rows);
        largest_bytes = std::max(largest_bytes, row.message_bytes);
    }
    // A segment that was made under a larger budget is not cut.
    return merge_memory(std::min<std::uint64_t>(rows, std::max(largest_rows, most.rows)),
                        std::min<std::uint64_t>(bytes, std::max(largest_bytes, most.bytes)));
}

bool large_enough(const MiniBatch& rows) {
    return rows.rows.rows() >= limits::kMergedRowsFinal ||
           rows.rows.message.bytes() >= limits::kMergedBytesFinal;
}

/// The living rows of a segment; null when none is left. Its pages are not kept. `replaced` gets
/// the segment's id and those that it had replaced itself: a dead one may outlive it inside a pack,
/// and must not come back when the catalog is rebuilt from footers.
Result<MiniBatchPtr> read_rows(const SegmentFile& segment, const std::vector<StreamId>* deleted,
                               std::vector<std::uint64_t>& replaced) {
    const auto reader = SKY_TRY(segment.open_once());
    const SegmentRow& row = segment.row();
    RowFilter filter{.range = {row.min_ms, row.max_ms}};
    if (deleted != nullptr) filter.deleted = *deleted;
    auto piece = std::make_shared<MiniBatch>();
    piece->rows = SKY_TRY(reader->read(filter, Columns::kAll));
    reader->drop_cached();
    const std::vector<std::uint64_t>& before = reader->footer().replaced;
    replaced.insert(replaced.end(), before.begin(), before.end());
    replaced.push_back(segment.row().id);
    if (piece->rows.rows() == 0) return MiniBatchPtr();
    piece->min_ms = piece->rows.timestamp_ms.front();
    piece->max_ms = piece->rows.timestamp_ms.back();
    piece->lsn_min = row.lsn_min;
    piece->lsn_max = row.lsn_max;
    piece->sequence_max = row.sequence_max;
    return MiniBatchPtr(std::move(piece));
}

}  // namespace

/// What one merge has written so far: packs of one tenant and day, and of single large groups.
struct LiveData::Impl::MergeOutputs {
    Impl& live;
    std::uint32_t level;                              // Of what is not final.
    std::unique_ptr<PackWriter> partial, final, own;  // Being written.
    std::vector<std::unique_ptr<PackWriter>> packs;   // With their final names.
    std::vector<Merged> merged;
    bool kept = false;

    MergeOutputs(Impl& owner, std::uint32_t output_level) : live(owner), level(output_level) {}
    ~MergeOutputs() {
        if (kept) return;
        for (const auto& pack : packs) (void)live.options.fs->unlink(pack->path());
    }
    MergeOutputs(const MergeOutputs&) = delete;
    MergeOutputs& operator=(const MergeOutputs&) = delete;

    Status finish(std::unique_ptr<PackWriter>& pack) {
        if (!pack) return {};
        SKY_TRY(pack->finish());
        live.segment_bytes_written += pack->bytes();
        live.merged_bytes_written += pack->bytes();
        packs.push_back(std::move(pack));
        return {};
    }
    Status end_day() {
        SKY_TRY(finish(partial));
        return finish(final);
    }
};

/// Folds `pieces` into one segment.
Status LiveData::Impl::write_merged(Merged merged, std::vector<MiniBatchPtr> pieces,
                                    MergeOutputs& out) {
    if (pieces.empty()) {
        if (!merged.inputs.empty()) out.merged.push_back(std::move(merged));
        return {};
    }
    const SegmentRow& first = merged.inputs.front()->row();
    const auto group = catalog().find_group(first.group);
    if (!group) return {};  // Deleted meanwhile; expire() drops the inputs.
    const MiniBatchPtr rows = fold(pieces);
    pieces.clear();
    SegmentFooter footer;
    footer.row.id = SKY_TRY(catalog().allocate_segment_id());
    footer.row.group = group->id;
    footer.row.day = first.day;
    footer.tenant = group->tenant;
    footer.group_name = group->name;
    footer.group_creation_ms = group->creation_ms;
    footer.replaced = std::move(merged.replaced);
    const EncodedSegment encoded = SKY_TRY(
        encode_segment(*rows, [&](StreamId id) { return catalog().stream_name(id); }, footer));
    shape_mismatches += encoded.shape_mismatches;
    const bool last =
        out.own != nullptr || large_enough(*rows) || out.level == limits::kMergeLevelMax;
    std::unique_ptr<PackWriter>& pack = out.own ? out.own : last ? out.final : out.partial;
    SegmentRow row = footer.row;
    row.level = last ? limits::kMergeLevelMax : out.level;
    if (!pack)
        pack = std::make_unique<PackWriter>(*options.fs, segments_directory,
                                            SKY_TRY(catalog().allocate_segment_id()), row.level);
    row.pack = pack->id();
    row.offset = SKY_TRY(pack->add(row.id, encoded.file));
    merged.row = row;
    out.merged.push_back(std::move(merged));
    // A group's own file goes on: its day is deleted as one.
    if (pack != out.own && pack->bytes() >= limits::kPackBytesMax) SKY_TRY(out.finish(pack));
    return {};
}

/// Segments of one group and day, oldest first, into as few as hold them.
Status LiveData::Impl::merge_group(std::span<const MergeCandidate> inputs, MergeOutputs& out,
                                   const std::atomic<bool>& stop) {
    const GroupId group = inputs.front().group->id;
    const GroupStatePtr state = state_of(group);
    if (!state) return {};
    std::uint64_t text = 0;
    for (const MergeCandidate& input : inputs) text += input.segment->row().message_bytes;
    if (text > limits::kGroupFileTextBytes)
        out.own = std::make_unique<PackWriter>(*options.fs, segments_directory,
                                               SKY_TRY(catalog().allocate_segment_id()),
                                               limits::kMergeLevelMax);
    Merged merged{state, {}, {}, std::nullopt};
    std::vector<MiniBatchPtr> pieces;
    std::uint64_t rows = 0, bytes = 0;
    const auto write = [&]() -> Status {
        rows = bytes = 0;
        return write_merged(std::exchange(merged, {state, {}, {}, std::nullopt}),
                            std::exchange(pieces, {}), out);
    };
    for (const MergeCandidate& input : inputs) {
        if (stop.load()) return {};
        const auto deleted = catalog().deleted_streams(group);
        std::vector<std::uint64_t> replaced;
        auto piece = read_rows(*input.segment, deleted.get(), replaced);
        if (!piece) {
            const ErrorCode code = piece.error().code;
            if (code != ErrorCode::kCorruption && code != ErrorCode::kUnavailable)
                return std::unexpected(std::move(piece).error());
            // It stays as it is; the others do not wait for it.
            log::error("merge.unreadable", {{"error", piece.error().message}});
            const std::uint64_t id = input.segment->row().id;
            unmergeable.insert(std::ranges::lower_bound(unmergeable, id), id);
            continue;
        }
        const std::uint64_t more_rows = *piece ? (*piece)->rows.rows() : 0;
        const std::uint64_t more_bytes = *piece ? (*piece)->rows.message.bytes() : 0;
        if (rows + more_rows > merged_chunk.rows || bytes + more_bytes > merged_chunk.bytes)
            SKY_TRY(write());
        rows += more_rows;
        bytes += more_bytes;
        merged.inputs.push_back(input.segment);
        merged.replaced.insert(merged.replaced.end(), replaced.begin(), replaced.end());
        if (*piece) pieces.push_back(*std::move(piece));
    }
    SKY_TRY(write());
    if (out.own && out.own->segments() == 0) out.own.reset();
    return out.finish(out.own);
}

/// Lists the outputs in the place of their inputs, all at once, but for those of which an input is
/// gone: whoever removed it decided about its rows.
Status LiveData::Impl::commit_merge(MergeOutputs& out) {
    if (!out.packs.empty()) SKY_TRY(options.fs->fsync_directory(segments_directory));
    const std::lock_guard working(work_mutex);
    struct Change {
        std::vector<std::uint64_t> gone;  // Sorted.
        std::vector<const Merged*> added;
    };
    std::map<GroupState*, Change> changes;
    FilesChange change;
    for (const Merged& merged : out.merged) {
        std::shared_ptr<const SegmentList> segments;
        {
            const std::lock_guard lock(merged.state->mutex);
            segments = merged.state->segments;
        }
        const bool whole = std::ranges::all_of(merged.inputs, [&](const SegmentFilePtr& input) {
            return std::ranges::find(*segments, input) != segments->end();
        });
        if (!whole) continue;
        Change& of_group = changes[merged.state.get()];
        for (const SegmentFilePtr& input : merged.inputs) {
            of_group.gone.push_back(input->row().id);
            change.remove.push_back(input->row().id);
        }
        if (!merged.row) continue;
        of_group.added.push_back(&merged);
        change.insert.push_back(*merged.row);
    }
    if (change.remove.empty()) return {};
    if (Status applied = catalog().apply(change); !applied) {
        // The commit may have happened, so the files must stay for the next start.
        if (applied.error().code == ErrorCode::kUnavailable) out.kept = true;
        return applied;
    }
    out.kept = true;
    ++files_version;
    ++merges;
    std::unordered_map<std::uint64_t, StoredFilePtr> files;
    for (const auto& pack : out.packs)
        files[pack->id()] =
            std::make_shared<const StoredFile>(*options.fs, pack->path(), pack->bytes());
    for (auto& [state, of_group] : changes) {
        std::ranges::sort(of_group.gone);
        auto list = std::make_shared<SegmentList>();
        SegmentList dead;
        for (const Merged* merged : of_group.added) {
            list->push_back(adopt_segment(*merged->row, files.at(merged->row->pack)));
            ++live_segments;
            live_segment_bytes += merged->row->file_bytes;
        }
        {
            const std::lock_guard lock(state->mutex);
            for (const SegmentFilePtr& file : *state->segments)
                (std::ranges::binary_search(of_group.gone, file->row().id) ? dead : *list)
                    .push_back(file);
            state->segments = std::move(list);
        }
        for (const SegmentFilePtr& file : dead) {
            --live_segments;
            live_segment_bytes -= file->row().file_bytes;
            file->doom();
        }
    }
    // What none of its segments was wanted of.
    for (const auto& [id, file] : files)
        if (file->live_bytes() == 0) (void)options.fs->unlink(file->path());
    return {};
}

std::vector<MergeCandidate> LiveData::Impl::merge_candidates() const {
    std::vector<MergeCandidate> out;
    for (const auto& [id, state] : all_states()) {
        const auto group = catalog().find_group(id);
        if (!group) continue;
        const std::lock_guard lock(state->mutex);
        for (const SegmentFilePtr& segment : *state->segments) out.push_back({segment, group});
    }
    return out;
}

Result<bool> LiveData::merge(const std::atomic<bool>& stop) {
    Impl& self = *impl_;
    const std::lock_guard merging(self.merge_mutex);
    const std::uint64_t version = self.files_version.load();
    const std::int64_t now_ns = self.options.clock->monotonic_ns();
    if (version == self.looked_version &&
        now_ns - self.looked_ns < limits::kMergeLookEveryMs * 1'000'000)
        return false;
    const std::vector<MergeCandidate> candidates = self.merge_candidates();
    const MergePlan plan = plan_merges(candidates, {.fan = self.options.merge_fan,
                                                    .now_ms = self.options.clock->now_ms(),
                                                    .unmergeable = self.unmergeable,
                                                    .chunk = self.merged_chunk});
    self.debt_segments = plan.debt_segments;
    self.debt_bytes = plan.debt_bytes;
    self.packs = plan.packs;
    self.pack_dead_bytes = plan.pack_dead_bytes;
    if (!plan.job) {
        self.looked_version = version;
        self.looked_ns = now_ns;
        return false;
    }
    // What is open is sealed first, which gives memory back; a merge takes more. Not for ever:
    // merges that are behind go on, and appends wait for the memory.
    if (self.memory().used() > self.memory().percent(limits::kMemoryFlushPercent) &&
        !merge_debt_is_soft())
        return false;
    const std::span<const MergeCandidate> inputs = plan.job->inputs;
    const std::uint64_t need = merge_need(inputs, self.merged_chunk);
    const MemoryCharge charge(self.memory(), MemoryUse::kMerges, need);
    Impl::MergeOutputs out(self, plan.job->level);
    for (std::size_t begin = 0, end = 0; begin < inputs.size(); begin = end) {
        const auto same_day = [&](const MergeCandidate& other) {
            return other.segment->row().day == inputs[begin].segment->row().day &&
                   other.group->tenant == inputs[begin].group->tenant;
        };
        while (end < inputs.size() && inputs[end].group->id == inputs[begin].group->id &&
               same_day(inputs[end]))
            ++end;
        SKY_TRY(self.merge_group(inputs.subspan(begin, end - begin), out, stop));
        if (stop.load()) return false;
        if (end == inputs.size() || !same_day(inputs[end])) SKY_TRY(out.end_day());
    }
    SKY_TRY(self.commit_merge(out));
    self.give_back(need);
    log::info(
        "store.merged",
        {{"what", plan.job->reason}, {"inputs", inputs.size()}, {"outputs", out.merged.size()}});
    return true;
}

bool LiveData::merge_debt_is_hard() const {
    return impl_->debt_bytes.load() > limits::kMergeDebtHardBytes ||
           impl_->debt_segments.load() > limits::kMergeDebtHardSegments;
}

bool LiveData::merge_debt_is_soft() const {
    return impl_->debt_bytes.load() > limits::kMergeDebtSoftBytes ||
           impl_->debt_segments.load() > limits::kMergeDebtSoftSegments;
}

}  // namespace sky::store
