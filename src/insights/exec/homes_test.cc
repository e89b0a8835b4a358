// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/homes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/random.h"

namespace sky::insights {
namespace {

constexpr Period kTenMs{10, PeriodUnit::kMillisecond};

/// Morsels by the times of their rows, newest first.
using Rows = std::vector<std::vector<std::int64_t>>;

std::vector<Work> work_over(Rows& rows) {
    for (auto& times : rows) std::ranges::sort(times);
    std::ranges::stable_sort(rows,
                             [](const auto& a, const auto& b) { return a.back() > b.back(); });
    std::vector<Work> work;
    for (const auto& times : rows) {
        Work item;
        item.morsel = {static_cast<std::uint32_t>(work.size()), times.front(), times.back(),
                       times.size(), 0};
        work.push_back(item);
    }
    return work;
}

/// Cuts each morsel as a scan does. All rows of a period must get one home, and none may come when
/// that home is said to be whole.
std::map<std::size_t, std::size_t> rows_by_home(const Rows& rows, const Homes& homes,
                                                std::size_t run_length) {
    std::map<std::int64_t, std::size_t> home_of_period;
    std::map<std::size_t, std::size_t> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& times = rows[i];
        std::size_t end = times.size();
        while (end > 0) {
            const auto [begin, home] =
                homes.cut(end > 5 ? end - 5 : 0, end, [&](std::size_t row) { return times[row]; });
            REQUIRE(begin < end);
            REQUIRE(home < homes.count());
            REQUIRE(home >= homes.whole_after(i / run_length));
            REQUIRE(homes.last_run(home) >= i / run_length);
            for (std::size_t row = begin; row < end; ++row) {
                const auto [known, added] =
                    home_of_period.try_emplace(floor_to(kTenMs, times[row]), home);
                REQUIRE(known->second == home);
            }
            out[home] += end - begin;
            end = begin;
        }
    }
    return out;
}

}  // namespace

TEST_CASE("homes: rows of a period have one, whole when the last run with rows of it is read") {
    SeededRandom random(11);
    for (int round = 0; round < 300; ++round) {
        Rows rows(1 + random.below(30));
        const std::uint64_t late = random.below(4);  // Of ten rows; by up to half of the time.
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t count = 1 + random.below(40);
            for (std::size_t row = 0; row < count; ++row) {
                auto time = static_cast<std::int64_t>(i * 25 + random.below(30));
                if (random.below(10) < late) time -= static_cast<std::int64_t>(random.below(400));
                rows[i].push_back(time);
            }
        }
        const std::vector<Work> work = work_over(rows);
        const std::size_t run_length = 1 + random.below(4);
        const Homes homes(work, run_length, kTenMs, random.below(60));
        std::size_t sum = 0;
        for (const auto& [home, count] : rows_by_home(rows, homes, run_length)) sum += count;
        std::size_t expected = 0;
        for (const auto& times : rows) expected += times.size();
        CHECK(sum == expected);
        const std::size_t runs = (work.size() + run_length - 1) / run_length;
        CHECK(homes.whole_after(runs) == homes.count());
        CHECK(homes.whole_after(runs - 1) < homes.count());
    }
}

TEST_CASE("homes: a late row in each morsel does not make one of all") {
    for (const bool late : {false, true}) {
        Rows rows(20);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto begin = static_cast<std::int64_t>(i * 1'000);
            for (std::int64_t at = 0; at < 1'000; at += 5) rows[i].push_back(begin + at);
            if (late && i > 7) rows[i].push_back(begin - 7'000);
        }
        const std::vector<Work> work = work_over(rows);
        const Homes homes(work, 2, kTenMs, 300);
        // Where the newest rows are is not known so well then.
        CHECK(homes.count() >= (late ? 7 : 10));
        CHECK(homes.count() <= 10);
        CHECK(homes.whole_after(0) == 0);
        CHECK(homes.whole_after(9) == homes.count() - 1);
    }
}

TEST_CASE("homes: few, however many morsels there are, and none thin") {
    Rows many(1'000);
    Rows same(100);
    for (std::size_t i = 0; i < many.size(); ++i) {
        for (std::int64_t at = 0; at < 100; ++at) {
            many[i].push_back(static_cast<std::int64_t>(i * 100) + at);
        }
    }
    for (std::size_t i = 0; i < same.size(); ++i) {
        for (std::int64_t at = 0; at < 100; ++at) {
            same[i].push_back(at * 10 + static_cast<std::int64_t>(i % 10));
        }
    }
    const Homes of_many(work_over(many), 1, kTenMs, 1);
    CHECK(of_many.count() > kHomesMax / 2);
    CHECK(of_many.count() <= kHomesMax + 1);
    const std::vector<Work> over_same = work_over(same);
    CHECK(Homes(over_same, 1, kTenMs, 1).count() == 1);
    CHECK(Homes(std::span<const Work>(), 1, kTenMs).count() == 1);
}

}  // namespace sky::insights
