// SPDX-License-Identifier: Apache-2.0
#include "base/spelling.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

TEST_CASE("spelling: the nearest known name") {
    static constexpr auto kNames =
        std::to_array<std::string_view>({"count_distinct", "count", "sort"});
    struct Case {
        const char* word;
        const char* nearest;
    };
    static constexpr Case kCases[] = {
        {"count_distict", "count_distinct"},
        {"CUONT", "count"},
        {"srt", "sort"},
        {"average", ""},
        {"x", ""},
        {"", ""},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.word);
        sky::NearestName nearest(c.word);
        nearest.consider(kNames);
        CHECK(nearest.name() == c.nearest);
    }
    const std::string huge(10'000, 'a');
    sky::NearestName nearest(huge);
    nearest.consider(kNames);
    CHECK(nearest.name().empty());
    CHECK(sky::edit_distance("kitten", "sitting") == 3);
}
