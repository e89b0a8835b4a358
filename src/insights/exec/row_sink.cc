// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "insights/exec/row_store.h"
#include "insights/exec/sink.h"
#include "insights/functions/order.h"

namespace sky::insights {
namespace {

/// The order of logs-insights-ql.md 6.4: bins first, the newest one, then the others as they sort.
/// A slot, and whether it descends.
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

/// Keeps the first (or last) rows_max rows of an order; ties are newest first, or of groups as
/// those stand.
class OrderedSink final : public Sink {
public:
    OrderedSink(const Plan& plan, const RowSinkSpec& spec, columnar::MemoryBudget& budget)
        : plan_(plan),
          spec_(spec),
          key_count_(spec.sort != nullptr ? spec.sort->keys.size() : 0),
          ties_(group_order(spec.groups)),
          store_(first_slot() + spec.slots.size(), budget) {
        if (spec.bound == nullptr) return;
        std::vector<Value> row = spec.bound->keys;
        row.resize(std::max<std::size_t>(first_slot() + spec.slots.size(), 1), Value::missing());
        bound_ = KeptRow{spec.bound->timestamp_ms, spec.bound->sequence, store_.append(row.data())};
    }

    void add(Frame& frame) override {
        if (frame.rows() == 0) return;
        const bool newest = spec_.sort == nullptr && !spec_.oldest && spec_.ascending;
        if (newest && frame.rows() > spec_.rows_max) {
            // Only the last ones can stay.
            const auto kept = static_cast<std::size_t>(spec_.rows_max);
            frame.slice(frame.rows() - kept, kept);
        }
        std::vector<const Vector*> columns;
        if (spec_.sort != nullptr) {
            for (const BoundSortKey& key : spec_.sort->keys) {
                columns.push_back(evaluate(key.expr, frame));
            }
        }
        for (const auto& [slot, descends] : ties_) columns.push_back(frame.column(slot));
        if (bound_) drop_useless(frame, columns);
        if (frame.rows() == 0) return;
        const RowOrder order = frame.order();
        for (const std::uint32_t slot : spec_.slots) columns.push_back(frame.column(slot));
        for (std::size_t i = 0; i < frame.rows(); ++i) {
            const std::uint32_t row = store_.append(columns, i);
            rows_.push_back({order.timestamp_ms[i], order.sequence[i], row});
        }
        prune_if_due();
        store_.account();
    }

    void merge(const Sink& base) override {
        const auto& other = static_cast<const OrderedSink&>(base);
        for (const KeptRow& kept : other.rows_) {
            const std::uint32_t row = store_.append(other.store_.row(kept.row));
            rows_.push_back({kept.timestamp_ms, kept.sequence, row});
        }
        prune_if_due();
        store_.account();
    }

    std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const override {
        std::vector<KeptRow> order = rows_;
        if (order.size() > spec_.rows_max) {
            keep_best(order);
            order.resize(static_cast<std::size_t>(spec_.rows_max));
        }
        std::sort(order.begin(), order.end(),
                  [this](const KeptRow& a, const KeptRow& b) { return before(a, b); });
        auto table = store_.table(plan_, order, spec_.slots, first_slot(), budget);
        if (!ties_.empty()) place_groups(order, *table);
        return table;
    }

    std::shared_ptr<const SortBound> bound() const override {
        if (rows_.size() < spec_.rows_max || rows_.empty() || spec_.rows_max == 0) return nullptr;
        std::vector<KeptRow> order = rows_;
        keep_best(order);
        const KeptRow& last = order[static_cast<std::size_t>(spec_.rows_max) - 1];
        auto made = std::make_shared<SortBound>();
        made->timestamp_ms = last.timestamp_ms;
        made->sequence = last.sequence;
        made->texts.reserve(key_count_);  // Keys point into them.
        for (std::size_t i = 0; i < key_count_; ++i) {
            Value key = store_.row(last.row)[i];
            made->texts.emplace_back(key.text);
            key.text = made->texts.back();
            made->keys.push_back(key);
        }
        return made;
    }

    std::optional<std::int64_t> earliest_useful_ms() const override {
        if (!bound_ || spec_.sort != nullptr || spec_.oldest || !spec_.ascending) {
            return std::nullopt;
        }
        return bound_->timestamp_ms;
    }

private:
    /// Where a row's own values begin, behind what it is put in order by.
    std::size_t first_slot() const { return key_count_ + ties_.size(); }
    /// Value `i` of two rows, one of those in front of first_slot().
    int compare(std::size_t i, const Value& a, const Value& b) const {
        const bool sorted = i < key_count_;
        const int order = sorted ? compare_order(a, b) : ValueDictionary::compare_ranks(a, b);
        const bool descends =
            sorted ? spec_.sort->keys[i].descending : ties_[i - key_count_].second;
        return descends ? -order : order;
    }
    bool before(const KeptRow& a, const KeptRow& b) const { return before(0, a, b); }
    bool before(std::size_t first, const KeptRow& a, const KeptRow& b) const {
        const Value* left = store_.row(a.row);
        const Value* right = store_.row(b.row);
        for (std::size_t i = first; i < first_slot(); ++i) {
            if (const int order = compare(i, left[i], right[i]); order != 0) return order < 0;
        }
        return a.newer_than(b);
    }
    /// A row's place is that of its group, whatever it is sorted by.
    void place_groups(const std::vector<KeptRow>& rows, Table& table) const {
        std::vector<std::uint32_t> places(rows.size());
        std::iota(places.begin(), places.end(), 0U);
        std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) {
            return before(key_count_, rows[a], rows[b]);
        });
        auto* timestamps = table.arena.array<std::int64_t>(rows.size());
        auto* ranks = table.arena.array<std::uint64_t>(rows.size());
        for (std::size_t i = 0; i < places.size(); ++i) {
            timestamps[places[i]] = 0;
            ranks[places[i]] = places.size() - i;
        }
        table.order = {timestamps, ranks};
    }
    /// Puts the rows_max rows that stay first, the last of them at that place.
    void keep_best(std::vector<KeptRow>& rows) const {
        const auto nth = rows.begin() + static_cast<std::ptrdiff_t>(spec_.rows_max) - 1;
        std::nth_element(rows.begin(), nth, rows.end(), [this](const KeptRow& a, const KeptRow& b) {
            return spec_.oldest ? before(b, a) : before(a, b);
        });
    }

    /// Drops the rows that come behind the bound; `keys` follow.
    void drop_useless(Frame& frame, std::vector<const Vector*>& keys) const {
        const RowOrder order = frame.order();
        const Value* bound = store_.row(bound_->row);
        std::vector<std::uint32_t> useful;
        for (std::size_t i = 0; i < frame.rows(); ++i) {
            int compared = 0;
            for (std::size_t k = 0; k < keys.size() && compared == 0; ++k) {
                compared = compare(k, keys[k]->at(i), bound[k]);
            }
            const KeptRow row{order.timestamp_ms[i], order.sequence[i], 0};
            const bool first = compared != 0 ? compared < 0 : row.newer_than(*bound_);
            // A bound that was found before is one of the rows.
            const bool itself = spec_.bound != nullptr && compared == 0 &&
                                order.timestamp_ms[i] == bound_->timestamp_ms &&
                                order.sequence[i] == bound_->sequence;
            if (first != spec_.oldest || itself) useful.push_back(static_cast<std::uint32_t>(i));
        }
        if (useful.size() == frame.rows()) return;
        for (const Vector*& key : keys) key = key->gather(frame.context().arena, useful);
        frame.select(useful);
    }

    /// The first time as soon as rows_max are held, so that there is a bound; then twice as many
    /// are let in before the others are dropped.
    void prune_if_due() {
        const std::size_t held = rows_.size();
        if (held < spec_.rows_max) return;
        const auto kept = static_cast<std::size_t>(spec_.rows_max);
        if (bound_ && held < 2 * kept + 64) return;
        keep_best(rows_);
        rows_.resize(kept);
        store_.compact(rows_);
        bound_ = rows_.back();
    }

    const Plan& plan_;
    const RowSinkSpec spec_;
    const std::size_t key_count_;
    const std::vector<std::pair<std::uint32_t, bool>> ties_;
    RowStore store_;  // Sort keys, then ties, then slots.
    std::vector<KeptRow> rows_;
    std::optional<KeptRow> bound_;  // The last row that stays, once rows_max are held.
};

/// Keeps the newest row of each key, and every row that lacks a field of it.
class DistinctSink final : public Sink {
public:
    DistinctSink(const Plan& plan, const RowSinkSpec& spec, columnar::MemoryBudget& budget)
        : plan_(plan),
          spec_(spec),
          keys_(spec.dedup->keys.size(), budget),
          store_(spec.slots.size(), budget) {}

    void add(Frame& frame) override {
        EvalContext& context = frame.context();
        std::vector<const Vector*> keys;
        for (const BoundExpr& key : spec_.dedup->keys) keys.push_back(evaluate(key, frame));
        if (!spec_.share.whole()) take_share(frame, keys);
        if (frame.rows() == 0) return;
        auto* numbers = context.arena.array<std::uint32_t>(frame.rows());
        if (!keys_.number_rows(context, keys, numbers)) return;
        newest_.resize(keys_.size(), KeptRow{0, 0, kNoRow});
        const RowOrder order = frame.order();
        std::vector<const Vector*> columns;
        for (const std::uint32_t slot : spec_.slots) columns.push_back(frame.column(slot));
        for (std::size_t i = frame.rows(); i-- > 0;) {  // Newest first: fewer replacements.
            const bool whole = std::all_of(keys.begin(), keys.end(),
                                           [&](const Vector* key) { return key->present(i); });
            KeptRow kept{order.timestamp_ms[i], order.sequence[i], kNoRow};
            if (!whole) {
                kept.row = store_.append(columns, i);
                loose_.push_back(kept);
            } else if (replaces(kept, newest_[numbers[i]])) {
                kept.row = store_.append(columns, i);
                newest_[numbers[i]] = kept;
            }
        }
        store_.account();
    }

    void merge(const Sink& base) override {
        const auto& other = static_cast<const DistinctSink&>(base);
        std::vector<std::uint32_t> numbers;
        if (!keys_.number_keys(other.keys_, numbers)) return;
        newest_.resize(keys_.size(), KeptRow{0, 0, kNoRow});
        for (std::size_t i = 0; i < other.newest_.size(); ++i) {
            KeptRow kept = other.newest_[i];
            if (kept.row == kNoRow || !replaces(kept, newest_[numbers[i]])) continue;
            kept.row = store_.append(other.store_.row(kept.row));
            newest_[numbers[i]] = kept;
        }
        for (KeptRow kept : other.loose_) {
            kept.row = store_.append(other.store_.row(kept.row));
            loose_.push_back(kept);
        }
        store_.account();
    }

    std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const override {
        std::vector<KeptRow> order = loose_;
        for (const KeptRow& kept : newest_) {
            if (kept.row != kNoRow) order.push_back(kept);
        }
        std::sort(order.begin(), order.end(),
                  [](const KeptRow& a, const KeptRow& b) { return a.newer_than(b); });
        return store_.table(plan_, order, spec_.slots, 0, budget);
    }

private:
    static constexpr std::uint32_t kNoRow = 0xFFFFFFFF;
    /// Rows that lack a key are no key's: any share may have each of them.
    void take_share(Frame& frame, std::vector<const Vector*>& keys) const {
        EvalContext& context = frame.context();
        auto* hashes = context.arena.array<std::uint64_t>(frame.rows());
        hash_keys(context, keys, hashes);
        const RowOrder order = frame.order();
        for (std::size_t i = 0; i < frame.rows(); ++i) {
            const bool whole = std::all_of(keys.begin(), keys.end(),
                                           [&](const Vector* key) { return key->present(i); });
            if (!whole) hashes[i] = mix_hash(order.sequence[i], hashes[i]);
        }
        select_share(spec_.share, frame, keys, hashes);
    }
    static bool replaces(const KeptRow& row, const KeptRow& held) {
        return held.row == kNoRow || row.newer_than(held);
    }

    const Plan& plan_;
    const RowSinkSpec spec_;
    KeyTable keys_;
    RowStore store_;
    std::vector<KeptRow> newest_;  // By key number; kNoRow: only rows that lack a field.
    std::vector<KeptRow> loose_;
};

}  // namespace

std::unique_ptr<Sink> make_row_sink(const Plan& plan, const RowSinkSpec& spec,
                                    columnar::MemoryBudget& budget) {
    if (spec.dedup != nullptr) return std::make_unique<DistinctSink>(plan, spec, budget);
    return std::make_unique<OrderedSink>(plan, spec, budget);
}

}  // namespace sky::insights
