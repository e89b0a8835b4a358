// SPDX-License-Identifier: Apache-2.0
// FilterLogEvents over sealed files: the same events as by looking at every message, and no more
// read than the files' headers leave open.
#include <doctest/doctest.h>

#include "logs/event_page.h"
#include "logs/insights_engine.h"
#include "logs/limits.h"
#include "logs/service.h"
#include "logs/testing/running_service.h"
#include "os/sim_fs.h"

namespace sky::logs {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr std::int64_t kDay = 24LL * 3'600'000;

/// Counts what is read of the snapshot behind it.
class Counting final : public store::Snapshot {
public:
    explicit Counting(std::shared_ptr<const store::Snapshot> inner) : inner_(std::move(inner)) {}
    const store::GroupInfo& group() const override { return inner_->group(); }
    std::vector<store::Morsel> morsels(store::TimeRange range) const override {
        return inner_->morsels(range);
    }
    Result<store::EventBatch> read(const store::Morsel& morsel, store::TimeRange range,
                                   store::Columns columns,
                                   std::span<const store::StreamId> streams) const override {
        if (store::has(columns, store::Columns::kMessage)) ++reads;
        if (store::has(columns, store::Columns::kStream)) ++reads_beside;
        return inner_->read(morsel, range, columns, streams);
    }
    bool may_contain(const store::Morsel& morsel, std::string_view literal) const override {
        return inner_->may_contain(morsel, literal);
    }
    std::string stream_name(store::StreamId id) const override { return inner_->stream_name(id); }
    mutable std::size_t reads = 0;         // Of messages.
    mutable std::size_t reads_beside = 0;  // Of what is known of them.

private:
    std::shared_ptr<const store::Snapshot> inner_;
};

struct Sealed : testing::RunningService {
    GroupPtr group;
    std::vector<std::string> lines;  // By time.

    /// Three days, each a file of its own; half of the lines have the shape of an application's.
    Sealed() : RunningService(kNow) {
        REQUIRE(service->groups.create(me, {.name = "g", .kms_key_id = {}, .tags = {}}));
        REQUIRE(service->streams.create(me, "g", "s"));
        REQUIRE(service->streams.create(me, "g", "t"));
        group = *service->groups.find(me, "g");
        for (int day = 0; day < 3; ++day) {
            std::vector<std::string> texts;
            for (int row = 0; row < kRows; ++row) texts.push_back(line(day, row));
            const std::int64_t begin = kNow - (3 - day) * kDay + 1'000;
            for (const char* const name : {"s", "t"}) {
                std::vector<store::Event> events;
                for (int row = 0; row < kRows; ++row)
                    if (name == stream_of(row))
                        events.push_back({begin + row, texts[static_cast<std::size_t>(row)]});
                bool stored = false;
                const auto stream = *service->streams.find(*group, name);
                stored = store->append_wait({group->id, stream.id, kNow, events}).has_value();
                REQUIRE(stored);
            }
            lines.insert(lines.end(), texts.begin(), texts.end());
        }
        REQUIRE(store->flush().has_value());
    }
    ~Sealed() { (void)store->close(); }

    static constexpr int kRows = 3'000;  // A day.
    static std::string_view stream_of(int row) { return row % 7 == 3 ? "t" : "s"; }

    std::string line(int day, int row) {
        const std::string number = std::to_string(random.below(100'000));
        if (day == 1 && row == 1'234) return "needle-77 in the middle day";
        switch (row % 4) {
            case 0:
                return "[profiler] GET user-list " + number + ".25 " +
                       (row % 3 == 0 ? "500" : "200");
            case 1:
                return R"({"level":")" + std::string(row % 5 == 0 ? "error" : "info") +
                       R"(","user":{"id":)" + number + R"(},"path":"\/a\u002f)" +
                       std::to_string(row % 7) + "\"}";
            case 2:
                return number + " [a b] \"GET /" + std::to_string(row % 9) + "\" ok";
            default:
                return "text " + std::to_string(row % 11) + " without a shape " + number;
        }
    }
};

}  // namespace

TEST_CASE("sealed events: a pattern finds what a look at each message finds") {
    Sealed sealed;
    static constexpr std::string_view kPatterns[] = {
        "needle",
        "\"needle-77\" middle",
        "?needle ?\"user-list 99\"",
        "-profiler -shape",
        "profiler 500",
        "%user-list [0-9]{3}\\.%",
        "{ $.level = error }",
        "{ $.level = error && $.user.id > 50000 }",
        "{ $.path = \"/a/3\" || $.user.id = 7 }",
        "{ $.other NOT EXISTS && $.level != error }",
        "[n, p=\"a b\", request=\"GET /5\", ok]",
        "[..., status=500]",
        "[a=text, b=10, ...]",
        "absent",
    };
    for (const std::string_view text : kPatterns) {
        CAPTURE(text);
        const auto pattern = FilterPattern::compile(text);
        REQUIRE(pattern);
        std::vector<std::string> expected, of_t, got;
        for (std::size_t i = 0; i < sealed.lines.size(); ++i) {
            if (!pattern->matches(sealed.lines[i])) continue;
            expected.push_back(sealed.lines[i]);
            const int row = static_cast<int>(i) % Sealed::kRows;
            if (Sealed::stream_of(row) == "t") of_t.push_back(sealed.lines[i]);
        }
        CHECK((text == "absent") == expected.empty());
        for (const bool from_head : {true, false}) {
            CAPTURE(from_head);
            FilterEvents request;
            request.pattern = std::string(text);
            request.limit = 700;
            request.from_head = from_head;
            request.start_ms = limits::kDescendingStartMsMin;
            got.clear();
            do {
                const auto page = sealed.service->reading.filter(*sealed.group, request);
                REQUIRE(page);
                for (const FilteredEvent& event : page->events) got.push_back(event.event.message);
                request.token = page->next_token;
            } while (request.token);
            CHECK(got == expected);
            std::reverse(expected.begin(), expected.end());
        }
        FilterEvents request;
        request.pattern = std::string(text);
        request.streams = {"t"};
        const auto page = sealed.service->reading.filter(*sealed.group, request);
        REQUIRE(page);
        got.clear();
        for (const FilteredEvent& event : page->events) {
            CHECK(event.stream_name == "t");
            got.push_back(event.event.message);
        }
        CHECK(got == of_t);
    }
}

TEST_CASE("sealed events: files whose header rules a pattern out are not read") {
    Sealed sealed;
    struct Case {
        const char* pattern;
        std::size_t reads, found;
    };
    static constexpr Case kCases[] = {
        {"needle", 1, 1},
        {"\"GET user-list 1000000.25 \"", 0, 0},  // No file has the number.
        {"\"needle-77 in\" -absent", 1, 1},
        {"[word=needle*, ...]", 1, 1},
        {"nowhere", 0, 0},
        {"%nowhere-\\d+%", 0, 0},
        {"{ $.nowhere = nothing }", 3, 0},  // The lines have escapes: any text may be behind them.
    };
    for (const Case& c : kCases) {
        CAPTURE(c.pattern);
        const FilterPattern pattern = *FilterPattern::compile(c.pattern);
        const Counting snapshot(sealed.store->snapshot(sealed.group->id));
        PageSpec spec{};
        spec.range = {0, kNow};
        spec.pattern = &pattern;
        spec.events_max = 100;
        spec.bytes_max = 1U << 20U;
        spec.morsels_max = 64;
        const auto page = read_page(snapshot, spec);
        REQUIRE(page);
        CHECK(page->events.size() == c.found);
        CHECK(snapshot.reads == c.reads);
        CHECK(snapshot.reads_beside == (c.found == 0 ? 0U : 1U));
    }
}

}  // namespace sky::logs
