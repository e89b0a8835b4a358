// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/insights_engine.h - the query language behind the domain's seam.

#include "logs/query_engine.h"

namespace sky::logs {

/// sky::insights as a QueryEngine. Stateless. Threads: any.
class InsightsEngine final : public QueryEngine {
public:
    Result<std::shared_ptr<const QueryPlan>> compile(std::string_view text) const override;
    Result<EventPointer> decode_pointer(std::string_view pointer) const override;
    std::vector<insights::Cell> record_fields(const store::EventBatch& one_row,
                                              std::string_view log, std::string_view stream_name,
                                              std::string_view pointer) const override;
    std::vector<std::string> discover_fields(std::string_view log,
                                             std::string_view message) const override;
};

}  // namespace sky::logs
