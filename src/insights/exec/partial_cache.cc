// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/partial_cache.h"

#include <algorithm>

#include "insights/exec/limits.h"

namespace sky::insights {
namespace {

/// Whether the answer depends on when it is asked, or on rows of other queries.
bool varies(const BoundExpr& expr) {
    if (expr.side != kNoSide) return true;
    if (expr.function != nullptr && expr.function->name == std::string_view("now")) return true;
    return std::any_of(expr.args.begin(), expr.args.end(), varies);
}

bool varies(const Step& step) {
    if (const auto* compute = std::get_if<ComputeStep>(&step)) return varies(compute->expr);
    if (const auto* parse = std::get_if<ParseStep>(&step)) return varies(parse->source);
    if (const auto* filter = std::get_if<FilterStep>(&step)) return varies(filter->condition);
    if (const auto* stats = std::get_if<StatsStep>(&step)) {
        return std::any_of(stats->keys.begin(), stats->keys.end(),
                           [](const GroupKey& key) { return varies(key.expr); }) ||
               std::any_of(stats->aggregates.begin(), stats->aggregates.end(),
                           [](const AggregateCall& call) {
                               return call.argument && varies(*call.argument);
                           });
    }
    return true;
}

std::uint64_t bytes_of(const Partial& partial) { return partial.budget->used() + sizeof partial; }

}  // namespace

bool may_keep_partials(const CompiledQuery& query, std::size_t sink) {
    const Plan& plan = query.plan;
    if (query.text.empty() || !plan.sides.empty() || !plan.lookups.empty() || plan.unmasks ||
        sink >= plan.steps.size() || !std::holds_alternative<StatsStep>(plan.steps[sink])) {
        return false;
    }
    return std::none_of(plan.steps.begin(),
                        plan.steps.begin() + static_cast<std::ptrdiff_t>(sink) + 1,
                        [](const Step& step) { return varies(step); });
}

std::uint64_t PartialCache::number_of(std::string_view text) {
    if (bytes_max_ == 0 || text.size() > kPartialQueryBytesMax) return 0;
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find(text);
    if (found != asked_.end()) {
        asked_used_.splice(asked_used_.begin(), asked_used_, found->second.used);
        return found->second.number;
    }
    // Partials of a forgotten text keep its number, which is not given again: they are used no more
    // and go before others.
    if (asked_.size() == kPartialQueriesMax) {
        const std::string* const oldest = asked_used_.back();
        asked_used_.pop_back();
        asked_.erase(asked_.find(*oldest));
    }
    const auto made = asked_.emplace(std::string(text), Asked{++last_number_, {}}).first;
    asked_used_.push_front(&made->first);
    made->second.used = asked_used_.begin();
    return 0;
}

PartialPtr PartialCache::find(const PartialKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
        ++stats_.misses;
        return nullptr;
    }
    ++stats_.hits;
    used_.splice(used_.begin(), used_, found->second);
    return found->second->partial;
}

void PartialCache::put(const PartialKey& key, PartialPtr partial) {
    const std::uint64_t bytes = bytes_of(*partial);
    if (bytes > bytes_max_) return;
    Dropped dropped;  // Ends behind the lock.
    const std::lock_guard lock(mutex_);
    if (by_key_.contains(key)) return;  // Another run was faster.
    while (!used_.empty() && stats_.bytes + bytes > bytes_max_) drop_oldest(dropped);
    used_.push_front({key, std::move(partial)});
    by_key_[key] = used_.begin();
    stats_.bytes += bytes;
    ++stats_.entries;
}

void PartialCache::free_up(std::uint64_t bytes) {
    Dropped dropped;
    const std::lock_guard lock(mutex_);
    std::uint64_t freed = 0;
    while (!used_.empty() && freed < bytes) {
        freed += bytes_of(*used_.back().partial);
        drop_oldest(dropped);
    }
}

void PartialCache::drop_oldest(Dropped& dropped) {
    stats_.bytes -= bytes_of(*used_.back().partial);
    --stats_.entries;
    ++stats_.dropped;
    by_key_.erase(used_.back().key);
    dropped.splice(dropped.begin(), used_, std::prev(used_.end()));
}

PartialCacheStats PartialCache::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

}  // namespace sky::insights
