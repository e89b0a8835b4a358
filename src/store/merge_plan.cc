// SPDX-License-Identifier: Apache-2.0
#include "store/merge_plan.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/time.h"
#include "store/segment_limits.h"

namespace sky::store {

namespace {

/// A pack with its segments; or a segment that has a file of its own.
struct View {
    const StoredFile* file;
    std::uint64_t id;  // Rises with time.
    std::vector<const MergeCandidate*> members;
    const SegmentRow& row() const { return members.front()->segment->row(); }
    std::uint64_t live_bytes() const { return file->live_bytes(); }
};

bool settled(std::int64_t day, std::int64_t now_ms) {
    return now_ms - limits::kMergeSettleMs > last_ms_of_day(day);
}

class Planner {
public:
    explicit Planner(const MergeOptions& options)
        : now_ms_(options.now_ms), fan_(options.fan), chunk_(options.chunk) {}

    void add(const View& view) {
        const SegmentRow& row = view.row();
        if (row.pack == 0) {
            if (row.level == 0 && !full(row)) singles_[{row.group, row.day}].push_back(&view);
            return;
        }
        if (row.level == 0) {
            young_.push_back(&view);
        } else if (row.level < limits::kMergeLevelMax) {
            daily_[{view.members.front()->group->tenant, row.day}].push_back(&view);
        }
        const std::uint64_t bytes = view.file->bytes();
        const std::uint64_t dead = bytes - std::min(bytes, view.live_bytes());
        ++plan_.packs;
        plan_.pack_dead_bytes += dead;
        if (dead * 100 > bytes * limits::kPackDeadPercent) holey_.push_back(&view);
    }

    MergePlan finish() {
        if (young_.size() >= fan_) due(young_, 1, "packs");
        for (auto& [key, views] : daily_)
            if (views.size() >= fan_) due(views, limits::kMergeLevelMax, "packs of a day");
        for (auto& [key, views] : singles_) {
            std::ranges::sort(views, {}, [](const View* view) { return view->id; });
            std::uint64_t rows = 0, bytes = 0;
            std::size_t fit = 0;  // The oldest, as many as one chunk holds.
            for (; fit < views.size(); ++fit) {
                rows += views[fit]->row().rows;
                bytes += views[fit]->row().message_bytes;
                if (rows > chunk_.rows || bytes > chunk_.bytes) break;
            }
            const bool filled = fit < views.size();
            if (fit >= 2 && (filled || fit >= fan_ || settled(key.second, now_ms_))) {
                views.resize(fit);
                due(views, limits::kMergeLevelMax, "chunks of a day");
            }
        }
        for (const View* view : holey_) {
            if (std::ranges::binary_search(taken_, view->id)) continue;
            std::vector<const View*> one{view};
            due(one, std::max<std::uint32_t>(1, view->row().level), "a pack with holes");
        }
        return std::move(plan_);
    }

private:
    /// A chunk of half of what a chunk may hold is left as it is: two smaller ones always fit
    /// together.
    bool full(const SegmentRow& row) const {
        return row.rows >= chunk_.rows / 2 || row.message_bytes >= chunk_.bytes / 2;
    }

    /// The oldest of `views`, as many as a job may have, are due. The first call makes the job.
    void due(std::vector<const View*>& views, std::uint32_t level, const char* reason) {
        std::ranges::sort(views, {}, [](const View* view) { return view->id; });
        const std::size_t count = std::min(views.size(), fan_);
        std::uint64_t bytes = 0;
        std::size_t taken = 0;
        for (; taken < count; ++taken) {
            if (taken >= 2 && bytes + views[taken]->live_bytes() > limits::kMergeJobBytesMax) break;
            bytes += views[taken]->live_bytes();
        }
        for (const View* view : views) {
            plan_.debt_segments += view->members.size();
            plan_.debt_bytes += view->live_bytes();
        }
        for (std::size_t i = 0; i < taken; ++i) taken_.push_back(views[i]->id);
        std::ranges::sort(taken_);
        if (plan_.job) return;
        MergeJob& job = plan_.job.emplace();
        job.level = level;
        job.reason = reason;
        for (std::size_t i = 0; i < taken; ++i)
            for (const MergeCandidate* member : views[i]->members) job.inputs.push_back(*member);
        const auto key = [](const MergeCandidate& input) {
            const SegmentRow& row = input.segment->row();
            return std::tie(input.group->tenant, row.day, row.group, row.lsn_min, row.id);
        };
        std::ranges::sort(job.inputs, [&](const MergeCandidate& a, const MergeCandidate& b) {
            return key(a) < key(b);
        });
    }

    const std::int64_t now_ms_;
    const std::size_t fan_;
    const ChunkLimits chunk_;
    MergePlan plan_;
    std::vector<const View*> young_, holey_;
    std::map<std::pair<Tenant, std::int64_t>, std::vector<const View*>> daily_;
    std::map<std::pair<GroupId, std::int64_t>, std::vector<const View*>> singles_;
    std::vector<std::uint64_t> taken_;  // Ids of files in due jobs; sorted.
};

}  // namespace

MergePlan plan_merges(std::span<const MergeCandidate> candidates, const MergeOptions& options) {
    std::unordered_map<const StoredFile*, std::size_t> places;
    std::vector<View> views;
    for (const MergeCandidate& candidate : candidates) {
        const SegmentRow& row = candidate.segment->row();
        if (std::ranges::binary_search(options.unmergeable, row.id)) continue;
        const StoredFile* const file = candidate.segment->file().get();
        const auto [it, fresh] = places.try_emplace(file, views.size());
        if (fresh) views.push_back({file, row.pack != 0 ? row.pack : row.id, {}});
        views[it->second].members.push_back(&candidate);
    }
    Planner planner(options);
    for (const View& view : views) planner.add(view);
    return planner.finish();
}

}  // namespace sky::store
