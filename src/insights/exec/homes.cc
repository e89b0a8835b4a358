// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/homes.h"

namespace sky::insights {
namespace {

/// Estimates how many rows are at or behind a time, as if each morsel's came evenly. Asked for
/// times that descend.
class RowsBehind {
public:
    explicit RowsBehind(std::span<const Work> work) {
        for (const Work& item : work) by_end_.push_back(&item.morsel);
        by_begin_ = by_end_;
        std::ranges::sort(by_end_, std::ranges::greater{}, &store::Morsel::max_ms);
        std::ranges::sort(by_begin_, std::ranges::greater{}, &store::Morsel::min_ms);
        if (!by_end_.empty()) newest_ms_ = by_end_.front()->max_ms;
    }
    double at(std::int64_t time_ms) {
        for (; ends_ < by_end_.size() && by_end_[ends_]->max_ms >= time_ms; ++ends_) {
            begin(*by_end_[ends_], 1);
        }
        for (; begins_ < by_begin_.size() && by_begin_[begins_]->min_ms >= time_ms; ++begins_) {
            begin(*by_begin_[begins_], -1);
            whole_ += static_cast<double>(by_begin_[begins_]->rows);
        }
        return whole_ + sum_of_ends_ - rows_a_ms_ * before(time_ms);
    }

private:
    /// Times as differences from the newest: sums of large numbers would lose the small ones.
    double before(std::int64_t time_ms) const {
        return static_cast<double>(time_ms) - static_cast<double>(newest_ms_);
    }
    void begin(const store::Morsel& morsel, double sign) {
        const double length = before(morsel.max_ms) - before(morsel.min_ms) + 1;
        const double rows_a_ms = sign * static_cast<double>(morsel.rows) / length;
        rows_a_ms_ += rows_a_ms;
        sum_of_ends_ += rows_a_ms * (before(morsel.max_ms) + 1);
    }

    std::vector<const store::Morsel*> by_end_, by_begin_;
    std::size_t ends_ = 0, begins_ = 0;
    std::int64_t newest_ms_ = 0;
    double whole_ = 0;  // Of morsels wholly behind.
    // Of those that the time is in.
    double rows_a_ms_ = 0, sum_of_ends_ = 0;
};

}  // namespace

Homes::Homes(std::span<const Work> work, std::size_t run_length, const Period& period,
             std::size_t rows_min) {
    std::uint64_t rows = 0;
    for (const Work& item : work) rows += item.morsel.rows;
    const double rows_least = std::max(static_cast<double>(rows) / static_cast<double>(kHomesMax),
                                       static_cast<double>(rows_min));
    begins_.clear();
    runs_.clear();
    RowsBehind rows_behind(work);
    double rows_before = 0;
    for (std::size_t next = run_length; next < work.size(); next += run_length) {
        const std::int64_t last_ms = work[next].morsel.max_ms;  // No later run has a newer row.
        if (last_ms == std::numeric_limits<std::int64_t>::max()) continue;
        const std::int64_t begin_ms = ceil_to(period, last_ms + 1);
        const double behind = rows_behind.at(begin_ms);
        if (behind - rows_before < rows_least) continue;
        rows_before = behind;
        begins_.push_back(begin_ms);
        runs_.push_back(next / run_length);
    }
    begins_.push_back(kAll);
    runs_.push_back((work.size() + run_length - 1) / run_length);
}

std::size_t Homes::whole_after(std::size_t runs_read) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(runs_, runs_read) - runs_.begin());
}

}  // namespace sky::insights
