// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/random_run.h - a query over made events, its rows as text; for
              // tests and fuzzing.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "insights/exec/partial_cache.h"
#include "insights/exec/query.h"
#include "insights/exec/test_snapshot.h"

namespace sky::insights::testing {

inline constexpr store::TimeRange kAlways{0, 4'102'444'800'000};
/// The log group of the events.
inline constexpr const char* kRandomGroup = "/random";

/// A row a line, without pointers, which tell the stored form. Errors: those of Execution::run().
inline Result<std::string> rows_as_text(const std::shared_ptr<const CompiledQuery>& query,
                                        const std::vector<TestEvent>& events, Cut cut,
                                        unsigned threads, Form form,
                                        store::TimeRange range = kAlways,
                                        PartialCache* partials = nullptr) {
    store::GroupInfo group;
    group.id = 1;
    group.tenant = {"123456789012", "us-east-1"};
    group.name = kRandomGroup;
    RunOptions options;
    options.sources.push_back({std::make_shared<TestSnapshot>(group, events, cut, 1, form),
                               std::string("123456789012:") + kRandomGroup});
    options.range = range;
    options.now_s = 1'767'225'600;
    options.threads = threads;
    options.partials = partials;
    Execution execution(query, std::move(options));
    const QueryResult result = SKY_TRY(execution.run());
    std::string out;
    for (const sky::insights::Row& row : result.rows) {
        for (const Cell& cell : row) {
            if (cell.field != "@ptr") out += cell.field + "=" + cell.value + "\t";
        }
        out += "\n";
    }
    return out;
}

}  // namespace sky::insights::testing
