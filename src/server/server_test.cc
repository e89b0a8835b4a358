// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "server/memory_budget.h"
#include "server/metrics_text.h"

namespace sky::server {

TEST_CASE("memory budget: min(1 GiB, half of the cgroup limit)") {
    struct Case {
        const char* memory_max;
        std::uint64_t bytes;
    };
    static constexpr Case kCases[] = {{"max", 1ULL << 30},
                                      {"", 1ULL << 30},
                                      {"1073741824\n", 1ULL << 29},
                                      {"99999999999", 1ULL << 30},
                                      {"0", 1ULL << 30}};
    for (const Case& c : kCases) {
        CAPTURE(c.memory_max);
        CHECK(default_memory_bytes(c.memory_max) == c.bytes);
    }
}

TEST_CASE("metrics: Prometheus text with escaped labels") {
    MetricsText text;
    text.counter("a_total", "Things.", 3);
    text.header("b", "Sizes.", "gauge");
    text.sample("b", {{"op", "x\"y\\z\n"}, {"k", "v"}}, 1);
    CHECK(text.take() ==
          "# HELP a_total Things.\n# TYPE a_total counter\na_total 3\n# HELP b Sizes.\n# TYPE b "
          "gauge\n"
          "b{op=\"x\\\"y\\\\z\\n\",k=\"v\"} 1\n");
}

}  // namespace sky::server
