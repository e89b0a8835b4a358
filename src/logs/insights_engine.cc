// SPDX-License-Identifier: Apache-2.0
#include "logs/insights_engine.h"

#include "insights/exec/pointer.h"

namespace sky::logs {
namespace {

class Run final : public QueryRun {
public:
    Run(std::shared_ptr<const insights::CompiledQuery> query, insights::RunOptions options)
        : execution_(std::move(query), std::move(options)) {}
    Result<insights::QueryResult> run() override { return execution_.run(); }
    void request_stop() override { execution_.request_stop(); }
    insights::QueryResult progress() const override { return execution_.progress(); }
    std::string explain() const override { return execution_.explain(); }

private:
    insights::Execution execution_;
};

class Plan final : public QueryPlan {
public:
    explicit Plan(std::shared_ptr<const insights::CompiledQuery> query)
        : query_(std::move(query)) {}
    insights::QueryNeeds needs() const override { return insights::needs_of(*query_); }
    store::TimeRange range(store::TimeRange range, std::int64_t now_s) const override {
        return insights::range_of(*query_, range, now_s);
    }
    std::unique_ptr<QueryRun> start(insights::RunOptions options) const override {
        return std::make_unique<Run>(query_, std::move(options));
    }

private:
    std::shared_ptr<const insights::CompiledQuery> query_;
};

}  // namespace

Result<std::shared_ptr<const QueryPlan>> InsightsEngine::compile(std::string_view text) const {
    return std::make_shared<const Plan>(SKY_TRY(insights::compile(text)));
}

Result<EventPointer> InsightsEngine::decode_pointer(std::string_view pointer) const {
    const insights::RecordPointer place = SKY_TRY(insights::decode_pointer(pointer));
    return EventPointer{place.group, {place.timestamp_ms, place.sequence}};
}

std::vector<insights::Cell> InsightsEngine::record_fields(const store::EventBatch& one_row,
                                                          std::string_view log,
                                                          std::string_view stream_name,
                                                          std::string_view pointer) const {
    return insights::record_fields(one_row, log, stream_name, pointer);
}

std::vector<std::string> InsightsEngine::discover_fields(std::string_view log,
                                                         std::string_view message) const {
    return insights::discover_fields(log, message);
}

}  // namespace sky::logs
