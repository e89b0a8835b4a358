// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/test_segment.h - an encoded segment of chosen lines; for tests.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/assert.h"
#include "store/chunk.h"
#include "store/segment.h"

namespace sky::store::testing {

struct TestSegment {
    std::string file;
    SegmentFooter footer;
};

/// Segment `id` of group 3: a line a second from 1970 on, all of one stream.
inline TestSegment test_segment(std::uint64_t id, std::span<const std::string> texts) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < texts.size(); ++i)
        events.push_back({static_cast<std::int64_t>(1'000 * i), texts[i]});
    const auto days = split_by_day(
        {.group = 3, .stream = 10, .ingestion_ms = 50'000, .events = events}, 1'000 * id, id);
    TestSegment out;
    out.footer.row.id = id;
    out.footer.row.group = 3;
    out.footer.tenant = {"123456789012", "us-east-1"};
    out.footer.group_name = "/aws/group";
    out.footer.group_creation_ms = 42;
    auto encoded =
        encode_segment(*days[0].rows, [](StreamId) { return std::string("stream"); }, out.footer);
    SKY_ASSERT(encoded.has_value(), "a few lines are a segment");
    out.file = std::move(encoded->file);
    return out;
}

}  // namespace sky::store::testing
