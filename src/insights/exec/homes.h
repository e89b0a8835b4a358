// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/homes.h - the times whose groups are collected together, and when
              // they are whole.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ranges>
#include <span>
#include <vector>

#include "insights/exec/limits.h"
#include "insights/exec/scan_work.h"
#include "insights/functions/period.h"

namespace sky::insights {

/// Where a scan passes groups of a time on as soon as they are whole, few are held: such a table
/// stays in the processor's cache. Events that came late make a morsel reach back over many others,
/// so no time is one morsel's alone; but morsels are read newest first, in runs, and a time can
/// have no rows in runs that end before it. It is at home in the last run that can have rows of it:
/// when that run and all before it have been read, its groups are whole.
///
/// Homes follow one another, newest first; each is a whole number of periods. Threads: any.
class Homes {
public:
    /// One home for all times, which is never whole before the end.
    Homes() = default;
    /// `work` as work_of() gives it, taken `run_length` at a time; groups last a period each. A
    /// home has `rows_min` rows at least, as far as morsels tell.
    Homes(std::span<const Work> work, std::size_t run_length, const Period& period,
          std::size_t rows_min = kHomeRowsMin);

    /// At least one.
    std::size_t count() const { return begins_.size(); }
    /// Homes below it are whole when the first `runs_read` runs have been read.
    std::size_t whole_after(std::size_t runs_read) const;

    /// The last run that can have rows of it.
    std::size_t last_run(std::size_t home) const { return runs_[home] - 1; }

    struct Cut {
        std::size_t begin, home;
    };
    /// Of rows [begin, end) in ascending time, at least one: the home of the last one, and the
    /// first row of those before it that are at home there, too.
    template <class TimeOf>
    Cut cut(std::size_t begin, std::size_t end, const TimeOf& time_of) const {
        if (begins_.size() == 1) return {begin, 0};
        const std::int64_t last_ms = time_of(end - 1);
        const auto home = std::ranges::lower_bound(
            begins_, last_ms, [](std::int64_t home_ms, std::int64_t ms) { return home_ms > ms; });
        const std::size_t number = static_cast<std::size_t>(home - begins_.begin());
        if (time_of(begin) >= *home) return {begin, number};
        const auto places = std::views::iota(begin, end);
        const auto first = std::ranges::lower_bound(places, *home, {}, time_of);
        return {begin + static_cast<std::size_t>(first - places.begin()), number};
    }

private:
    static constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::min();
    std::vector<std::int64_t> begins_ = {kAll};                                  // Descending.
    std::vector<std::size_t> runs_ = {std::numeric_limits<std::size_t>::max()};  // That each needs.
};

}  // namespace sky::insights
