// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/key_shares.h"

#include <algorithm>
#include <numeric>

#include "insights/exec/carried_slots.h"
#include "insights/exec/limits.h"
#include "insights/exec/value_dictionary.h"
#include "insights/functions/order.h"

namespace sky::insights {
namespace {

constexpr std::uint64_t kShareSeed = 0xE7037ED1A0B428DBULL;

/// The order of logs-insights-ql.md 6.4: bins first, the newest one, then the others as they sort.
std::vector<std::pair<std::uint32_t, bool>> group_order(const StatsStep* groups) {
    std::vector<std::pair<std::uint32_t, bool>> keys;
    for (const bool bins : {true, false}) {
        if (groups == nullptr) break;
        for (const GroupKey& key : groups->keys) {
            if (key.time_bin == bins) keys.emplace_back(key.slot, bins);
        }
    }
    return keys;
}

}  // namespace

void hash_keys(EvalContext& context, std::span<const Vector* const> keys, std::uint64_t* hashes) {
    std::fill_n(hashes, context.rows, kShareSeed);
    std::vector<std::uint64_t> entries;
    for (const Vector* key : keys) {
        if (key->is_constant()) {
            const std::uint64_t hash = ValueDictionary::hash_of(key->constant_value());
            for (std::size_t i = 0; i < context.rows; ++i) {
                hashes[i] = mix_hash(hashes[i] ^ hash, kShareSeed);
            }
            continue;
        }
        const bool coded = key->codes() != nullptr && key->present_bytes() == nullptr &&
                           key->dictionary()->entries.size() <= context.rows;
        entries.clear();
        if (coded) {
            for (const std::string_view text : key->dictionary()->entries) {
                entries.push_back(ValueDictionary::hash_of(Value::of_text(text)));
            }
        }
        for (std::size_t i = 0; i < context.rows; ++i) {
            const std::uint64_t hash =
                coded ? entries[key->codes()[i]] : ValueDictionary::hash_of(key->at(i));
            hashes[i] = mix_hash(hashes[i] ^ hash, kShareSeed);
        }
    }
}

void select_share(const KeyShare& share, Frame& frame, std::vector<const Vector*>& keys,
                  const std::uint64_t* hashes) {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < frame.rows(); ++i) {
        if (share.has(hashes[i])) rows.push_back(i);
    }
    if (rows.size() == frame.rows()) return;
    for (const Vector*& key : keys) key = key->gather(frame.context().arena, rows);
    frame.select(rows);
}

std::optional<ShareSpec> share_spec(const Plan& plan, const KeyedStep& keyed, std::size_t rest,
                                    std::uint64_t rows_max) {
    const bool grouped = keyed.groups != nullptr && !keyed.groups->keys.empty();
    if (!grouped && keyed.dedup == nullptr) return std::nullopt;
    const std::vector<Step>& steps = plan.steps;
    ShareSpec spec;
    spec.begin = rest;
    spec.end = rest;
    while (spec.end < steps.size() && is_row_step(steps[spec.end])) ++spec.end;
    const bool has_bin =
        grouped && std::any_of(keyed.groups->keys.begin(), keyed.groups->keys.end(),
                               [](const GroupKey& key) { return key.time_bin; });
    if (has_bin && keyed.ordered) spec.groups = keyed.groups;
    spec.rest = spec.end;
    if (spec.end < steps.size()) spec.sort = std::get_if<SortStep>(&steps[spec.end]);
    if (spec.sort != nullptr) ++spec.rest;
    std::size_t behind = spec.rest;  // First step behind the order that may drop rows.
    while (behind < steps.size() && keeps_rows(steps[behind])) ++behind;
    if (behind == steps.size()) {
        spec.rows_max = rows_max;
    } else if (const auto* limit = std::get_if<LimitStep>(&steps[behind]);
               limit != nullptr && !limit->tail) {
        spec.rows_max = limit->count;
    }
    spec.slots = carried_slots(plan, spec.rest);
    return spec;
}

ShareCollector::ShareCollector(const Plan& plan, const ShareSpec& spec, std::int64_t now_s,
                               columnar::MemoryBudget& budget)
    : plan_(plan),
      spec_(spec),
      now_s_(now_s),
      sort_keys_(spec.sort != nullptr ? spec.sort->keys.size() : 0),
      group_keys_(group_order(spec.groups)),
      store_(sort_keys_ + group_keys_.size() + spec.slots.size(), budget) {}

Status ShareCollector::add(Table& kept) {
    EvalContext context{kept.arena, kept.rows, now_s_, std::nullopt};
    Frame frame(plan_, context, nullptr);
    frame.begin_table(kept);
    for (std::size_t i = spec_.begin; i < spec_.end && frame.rows() > 0; ++i) {
        apply_row_step(plan_.steps[i], frame);
    }
    if (context.error) return std::unexpected(*context.error);
    std::vector<const Vector*> columns;
    for (std::size_t i = 0; i < sort_keys_; ++i) {
        columns.push_back(evaluate(spec_.sort->keys[i].expr, frame));
    }
    for (const auto& [slot, descending] : group_keys_) columns.push_back(frame.column(slot));
    for (const std::uint32_t slot : spec_.slots) columns.push_back(frame.column(slot));
    const RowOrder order = frame.order();
    for (std::size_t i = 0; i < frame.rows(); ++i) {
        const std::uint32_t row = store_.append(columns, i);
        rows_.push_back({order.timestamp_ms[i], order.sequence[i], row});
        if (rows_.size() >= spec_.rows_max && rows_.size() - spec_.rows_max >= kShareSlackRows) {
            prune();
        }
        if (i % kPassRowsMax == 0) store_.account();
    }
    store_.account();
    return {};
}

int ShareCollector::compare_groups(const KeptRow& a, const KeptRow& b) const {
    const Value* left = store_.row(a.row) + sort_keys_;
    const Value* right = store_.row(b.row) + sort_keys_;
    for (std::size_t i = 0; i < group_keys_.size(); ++i) {
        const int order = ValueDictionary::compare_ranks(left[i], right[i]);
        if (order != 0) return group_keys_[i].second ? -order : order;
    }
    return 0;
}

bool ShareCollector::before(const KeptRow& a, const KeptRow& b) const {
    const Value* left = store_.row(a.row);
    const Value* right = store_.row(b.row);
    for (std::size_t i = 0; i < sort_keys_; ++i) {
        const int order = compare_order(left[i], right[i]);
        if (order != 0) return (order < 0) != spec_.sort->keys[i].descending;
    }
    if (const int order = compare_groups(a, b); order != 0) return order < 0;
    return a.newer_than(b);
}

void ShareCollector::prune() {
    const auto nth = rows_.begin() + static_cast<std::ptrdiff_t>(spec_.rows_max);
    std::nth_element(rows_.begin(), nth, rows_.end(),
                     [this](const KeptRow& a, const KeptRow& b) { return before(a, b); });
    rows_.erase(nth, rows_.end());
    store_.compact(rows_);
}

std::unique_ptr<Table> ShareCollector::finish(columnar::MemoryBudget& budget) const {
    std::vector<KeptRow> order = rows_;
    std::sort(order.begin(), order.end(),
              [this](const KeptRow& a, const KeptRow& b) { return before(a, b); });
    if (order.size() > spec_.rows_max) order.resize(static_cast<std::size_t>(spec_.rows_max));
    const std::size_t first = sort_keys_ + group_keys_.size();
    std::unique_ptr<Table> table = store_.table(plan_, order, spec_.slots, first, budget);
    if (group_keys_.empty()) return table;
    // A row's place is that of its group, whatever it is sorted by.
    std::vector<std::uint32_t> places(order.size());
    std::iota(places.begin(), places.end(), 0U);
    std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) {
        return compare_groups(order[a], order[b]) < 0;
    });
    auto* timestamps = table->arena.array<std::int64_t>(order.size());
    auto* ranks = table->arena.array<std::uint64_t>(order.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        timestamps[places[i]] = 0;
        ranks[places[i]] = places.size() - i;
    }
    table->order = {timestamps, ranks};
    return table;
}

}  // namespace sky::insights
