// SPDX-License-Identifier: Apache-2.0
#include "logs/streams.h"

#include <doctest/doctest.h>

#include "logs/identifiers.h"
#include "logs/testing/fixture.h"

namespace sky::logs {
using namespace testing;

TEST_CASE("streams: create, delete and their errors") {
    Fixture f;
    f.make("g");
    CHECK(message_of(f.streams.create(f.me, "none", "s")) == kGroupMissing);
    CHECK(f.streams.create(f.me, "g", "s"));
    CHECK(message_of(f.streams.create(f.me, "g", "s")) ==
          "The specified log stream already exists");
    CHECK(message_of(f.streams.create(f.me, "g", std::string(513, 's'))) == kNameTooLong);
    CHECK(f.streams.create(f.me, "g", "a:b").error().code == ErrorCode::kInvalidArgument);
    CHECK(f.streams.remove(f.me, "g", "s"));
    CHECK(message_of(f.streams.remove(f.me, "g", "s")) == kStreamMissing);
    CHECK(message_of(f.streams.find(*f.group("g"), "s")) == kStreamMissing);
    CHECK(f.streams.create(f.me, "g", "s"));
}

TEST_CASE("streams: listing by name and by time, both ways, every page size") {
    Fixture f;
    f.make("g", {"b", "a", "idle", "aa", "z"});
    CHECK(f.put("g", "z", {{kNow - 30, "m"}}));
    CHECK(f.put("g", "a", {{kNow - 20, "m"}, {kNow - 10, "m"}}));
    CHECK(f.put("g", "b", {{kNow - 20, "m"}}));
    CHECK(f.put("g", "aa", {{kNow - 20, "m"}}));
    struct Case {
        const char* name;
        const char* prefix;
        StreamOrder order;
        bool descending;
        std::vector<std::string> names;
    };
    const Case cases[] = {
        {"name", nullptr, StreamOrder::kName, false, {"a", "aa", "b", "idle", "z"}},
        {"name down", nullptr, StreamOrder::kName, true, {"z", "idle", "b", "aa", "a"}},
        {"prefix", "a", StreamOrder::kName, false, {"a", "aa"}},
        {"prefix down", "a", StreamOrder::kName, true, {"aa", "a"}},
        {"time", nullptr, StreamOrder::kLastEventTime, false, {"idle", "z", "aa", "b", "a"}},
        {"time down", nullptr, StreamOrder::kLastEventTime, true, {"a", "b", "aa", "z", "idle"}},
    };
    for (const Case& c : cases)
        for (const std::int64_t limit : {1, 2, 5, 50}) {
            CAPTURE(c.name);
            CAPTURE(limit);
            StreamQuery query;
            if (c.prefix) query.prefix = c.prefix;
            query.order = c.order;
            query.descending = c.descending;
            query.limit = limit;
            std::vector<std::string> names;
            do {
                const auto page = f.streams.describe(*f.group("g"), query);
                REQUIRE(page);
                CHECK(page->streams.size() <= static_cast<std::size_t>(limit));
                for (const StreamInfo& stream : page->streams) names.push_back(stream.name);
                query.token = page->next_token;
            } while (query.token);
            CHECK(names == c.names);
        }
    StreamQuery mixed;
    mixed.prefix = "a";
    mixed.order = StreamOrder::kLastEventTime;
    CHECK(message_of(f.streams.describe(*f.group("g"), mixed)) ==
          "Cannot order by LastEventTime with a logStreamNamePrefix.");
    StreamQuery first;
    first.limit = 1;
    const auto token = f.streams.describe(*f.group("g"), first)->next_token;
    first.descending = true;
    first.token = token;
    CHECK_FALSE(f.streams.describe(*f.group("g"), first));
}

}  // namespace sky::logs
