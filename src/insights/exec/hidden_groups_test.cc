// SPDX-License-Identifier: Apache-2.0
// Groups by time are shown newest first: where enough of them are known, older rows are counted
// alone.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "insights/exec/partial_cache.h"
#include "insights/exec/query.h"
#include "insights/exec/test_snapshot.h"

namespace sky::insights {
namespace {

using testing::Cut;
using testing::Form;
using testing::TestEvent;
using testing::TestSnapshot;

std::shared_ptr<const TestSnapshot> snapshot_of(Cut cut) {
    std::vector<TestEvent> events;
    for (std::size_t i = 0; i < 3'000; ++i) {
        events.push_back({static_cast<std::int64_t>(i * 1'000), i + 1, "s",
                          "GET view-" + std::to_string(i % 7) + " " + std::to_string(i % 11)});
    }
    store::GroupInfo group;
    group.id = 7;
    return std::make_shared<const TestSnapshot>(group, std::move(events), cut, 1, Form::kShaped);
}

struct Answer {
    std::vector<Row> rows;
    Statistics statistics;
    std::string explained;
};

Answer run(const std::string& text, const std::shared_ptr<const TestSnapshot>& snapshot,
           unsigned threads, std::uint32_t limit, PartialCache* cache = nullptr) {
    const auto query = compile(text);
    REQUIRE(query);
    RunOptions options;
    options.sources.push_back({snapshot, "1:g"});
    options.range = {0, 1'000'000'000};
    options.threads = threads;
    options.limit = limit;
    options.partials = cache;
    Execution execution(*query, std::move(options));
    auto result = execution.run();
    REQUIRE(result);
    Answer out{{}, result->statistics, execution.explain()};
    for (const Row& row : result->rows) out.rows.push_back(row);
    return out;
}

std::string text_of(const Row& row) {
    std::string out;
    for (const Cell& cell : row) out += cell.field + "=" + cell.value + " ";
    return out;
}

constexpr const char* kParse = "parse @message \"* * *\" as method, view, took | ";

}  // namespace

TEST_CASE("groups by time: the first ones are those of all rows, and all rows are counted") {
    struct Case {
        const char* text;
        bool counted;  // Some morsels are not read.
    };
    static constexpr Case kCases[] = {
        {"stats count(*), avg(took) by bin(1m), view", true},
        {"stats count(*) as n by view, bin(1m)", true},
        {"stats count(*) by datefloor(@timestamp, 5m)", true},
        {"stats max(took) by bin(1m), bin(10m), view", true},
        {"stats count(*) as n by bin(1m), view | sort n desc", false},
        {"stats count(*) as n by bin(1m), view | filter n > 5", false},
        {"filter took > 5 | stats count(*) by bin(1m), view", false},
        {"stats count(*) by view", false},
    };
    for (const Cut cut : {Cut::kByTime, Cut::kScattered, Cut::kOneMorsel}) {
        const auto snapshot = snapshot_of(cut);
        for (const Case& c : kCases) {
            const std::string text = kParse + std::string(c.text);
            CAPTURE(text);
            const Answer all = run(text, snapshot, 1, 10'000);
            for (const std::uint32_t limit : {1U, 3U, 20U}) {
                for (const unsigned threads : {1U, 2U}) {
                    PartialCache cache(1 << 20);
                    for (int again = 0; again < 4; ++again) {
                        const Answer some =
                            run(text, snapshot, threads, limit, again == 0 ? nullptr : &cache);
                        CAPTURE(again);
                        REQUIRE(some.rows.size() == std::min<std::size_t>(limit, all.rows.size()));
                        for (std::size_t i = 0; i < some.rows.size(); ++i)
                            CHECK(text_of(some.rows[i]) == text_of(all.rows[i]));
                        CHECK(some.statistics.records_scanned == all.statistics.records_scanned);
                        CHECK(some.statistics.records_matched == all.statistics.records_matched);
                        CHECK(some.statistics.bytes_scanned ==
                              doctest::Approx(all.statistics.bytes_scanned).epsilon(1e-9));
                        CAPTURE(some.explained);
                        if (cut == Cut::kByTime && threads == 1 && again == 0 && limit == 1)
                            CHECK((some.explained.find("counted") != std::string::npos) ==
                                  c.counted);
                    }
                }
            }
        }
    }
}

}  // namespace sky::insights
