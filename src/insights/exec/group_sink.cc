// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "insights/exec/sink.h"

namespace sky::insights {
namespace {

/// Ascending places of key tuples: packed into one word where the columns' ranks fit.
class GroupOrder {
public:
    GroupOrder(const KeyTable& keys, const StatsStep& step) : keys_(keys) {
        // logs-insights-ql.md 6.4: bins first, descending; then the other keys, ascending.
        for (const bool bins : {true, false}) {
            for (std::size_t k = 0; k < step.keys.size(); ++k) {
                if (step.keys[k].time_bin != bins) continue;
                Column column{k, keys.dictionary(k).ranks(), 0};
                const auto count = static_cast<std::uint32_t>(column.ranks.size());
                if (bins) {
                    for (std::uint32_t& rank : column.ranks) rank = count - 1 - rank;
                }
                column.bits = static_cast<unsigned>(std::bit_width(count));
                bits_ += column.bits;
                columns_.push_back(std::move(column));
            }
        }
    }

    /// The first `count` groups of the order.
    std::vector<std::uint32_t> first(std::size_t count) const {
        std::vector<std::uint32_t> groups(keys_.size());
        std::iota(groups.begin(), groups.end(), 0U);
        if (bits_ > 64) {
            sort_first(groups, count, [this](std::uint32_t a, std::uint32_t b) {
                for (const Column& column : columns_) {
                    const std::uint32_t left = rank(column, a);
                    const std::uint32_t right = rank(column, b);
                    if (left != right) return left < right;
                }
                return false;
            });
            return groups;
        }
        std::vector<std::uint64_t> places(keys_.size());
        for (std::uint32_t i = 0; i < places.size(); ++i) {
            for (const Column& column : columns_) {
                places[i] = (column.bits < 64 ? places[i] << column.bits : 0) | rank(column, i);
            }
        }
        sort_first(groups, count,
                   [&](std::uint32_t a, std::uint32_t b) { return places[a] < places[b]; });
        return groups;
    }

    template <class Less>
    static void sort_first(std::vector<std::uint32_t>& groups, std::size_t count, Less less) {
        if (count < groups.size()) {
            const auto nth = groups.begin() + static_cast<std::ptrdiff_t>(count);
            std::nth_element(groups.begin(), nth, groups.end(), less);
            groups.resize(count);
        }
        std::sort(groups.begin(), groups.end(), less);
    }

private:
    struct Column {
        std::size_t key;
        std::vector<std::uint32_t> ranks;
        unsigned bits;
    };
    std::uint32_t rank(const Column& column, std::uint32_t group) const {
        return column.ranks[keys_.code(group, column.key)];
    }

    const KeyTable& keys_;
    std::vector<Column> columns_;
    unsigned bits_ = 0;
};

/// Whether two calls keep the same state: the percentile matters at the end only.
bool one_state(const AggregateCall& a, const AggregateCall& b) {
    if (a.kind != b.kind || a.argument.has_value() != b.argument.has_value()) return false;
    if (a.kind != AggregateKind::kPct && a.parameter != b.parameter) return false;
    if (!a.argument) return true;
    return a.argument->kind == BoundExpr::Kind::kSlot &&
           b.argument->kind == BoundExpr::Kind::kSlot && a.argument->slot == b.argument->slot;
}

bool has_bin(const StatsStep& stats) {
    return std::any_of(stats.keys.begin(), stats.keys.end(),
                       [](const GroupKey& key) { return key.time_bin; });
}

/// Some aggregate looks at the order of events.
bool has_places(const StatsStep& stats) {
    return std::any_of(
        stats.aggregates.begin(), stats.aggregates.end(), [](const AggregateCall& call) {
            return call.kind == AggregateKind::kEarliest || call.kind == AggregateKind::kLatest ||
                   call.kind == AggregateKind::kRate;
        });
}

/// Groups are shown in the order in which they appeared.
bool is_by_appearance(const GroupSinkSpec& spec) {
    return spec.ordered && !has_bin(*spec.stats) && !spec.stats->keys.empty();
}

class GroupSink final : public Sink {
public:
    GroupSink(const Plan& plan, const GroupSinkSpec& spec, columnar::MemoryBudget& budget)
        : plan_(plan),
          spec_(spec),
          step_(*spec.stats),
          budget_(budget),
          keys_(step_.keys.size(), budget) {
        for (const AggregateCall& call : step_.aggregates) {
            // Several percentiles of one column come from one state.
            const auto like =
                std::find_if(calls_.begin(), calls_.end(),
                             [&](const AggregateCall* other) { return one_state(*other, call); });
            state_of_.push_back(static_cast<std::size_t>(like - calls_.begin()));
            if (like != calls_.end()) continue;
            calls_.push_back(&call);
            aggregates_.push_back(Aggregate::make(call.kind, call.parameter, budget));
        }
        ordered_ = has_places(step_);
        by_appearance_ = is_by_appearance(spec);
        const auto first_bin = std::find_if(step_.keys.begin(), step_.keys.end(),
                                            [](const GroupKey& key) { return key.time_bin; });
        if (spec.ordered && first_bin != step_.keys.end() && period_of_bin(plan, *first_bin))
            newest_bins_ = static_cast<std::size_t>(first_bin - step_.keys.begin());
    }
    ~GroupSink() override { budget_.release(accounted_bytes_); }

    void add(Frame& frame) override {
        if (frame.rows() == 0) return;
        EvalContext& context = frame.context();
        const std::uint32_t* groups = nullptr;
        if (step_.keys.empty()) {
            groups_ = 1;
        } else {
            std::vector<const Vector*> columns;
            for (const GroupKey& key : step_.keys) columns.push_back(evaluate(key.expr, frame));
            if (!spec_.share.all()) {
                auto* hashes = context.arena.array<std::uint64_t>(frame.rows());
                hash_keys(context, columns, hashes);
                select_share(spec_.share, frame, columns, hashes);
                if (frame.rows() == 0) return;
            }
            auto* numbers = context.arena.array<std::uint32_t>(frame.rows());
            if (!keys_.number_rows(context, columns, numbers)) return;
            groups_ = keys_.size();
            groups = numbers;
        }
        resize();
        const RowOrder order = ordered_ ? event_order(frame) : RowOrder{};
        for (std::size_t i = 0; i < aggregates_.size(); ++i) {
            const auto& argument = calls_[i]->argument;
            const Vector* column = argument ? evaluate(*argument, frame) : nullptr;
            aggregates_[i]->update(context, groups, column, order);
        }
        if (by_appearance_) {
            const RowOrder rank = frame.order();
            for (std::size_t i = 0; i < frame.rows(); ++i) {
                raise(appearance_[groups[i]], {rank.timestamp_ms[i], rank.sequence[i]});
            }
        }
    }

    void add_rows(EvalContext& context, std::uint64_t rows) override {
        if (rows == 0) return;
        groups_ = 1;
        resize();
        context.rows = static_cast<std::size_t>(rows);
        for (const auto& aggregate : aggregates_) aggregate->update(context, nullptr, nullptr, {});
    }

    void merge(const Sink& base) override {
        const auto& other = static_cast<const GroupSink&>(base);
        std::vector<std::uint32_t> numbers;
        if (step_.keys.empty()) {
            numbers.assign(other.groups_, 0);
            groups_ = std::max(groups_, other.groups_);
        } else {
            if (!keys_.number_keys(other.keys_, numbers)) return;
            numbers.resize(other.groups_);
            groups_ = keys_.size();
        }
        resize();
        for (std::size_t i = 0; i < aggregates_.size(); ++i) {
            aggregates_[i]->merge(*other.aggregates_[i], numbers);
        }
        for (std::size_t i = 0; i < other.appearance_.size(); ++i) {
            raise(appearance_[numbers[i]], other.appearance_[i]);
        }
    }

    void settle() override { keys_.settle(); }

    bool may_show(std::int64_t last_ms) const override {
        if (newest_bins_ == kNoKey || groups_ < spec_.rows_max) return true;
        const ValueDictionary& bins = keys_.dictionary(newest_bins_);
        std::vector<std::uint8_t> newer(bins.size());
        for (std::uint32_t i = 0; i < newer.size(); ++i) {
            const Value& bin = bins.value(i);
            newer[i] = bin.kind == Kind::kTimestamp && bin.integer > last_ms ? 1 : 0;
        }
        std::uint64_t before = 0;
        for (std::uint32_t i = 0; i < groups_; ++i) before += newer[keys_.code(i, newest_bins_)];
        return before < spec_.rows_max;
    }

    std::unique_ptr<Table> finish(columnar::MemoryBudget& budget) const override {
        auto table = std::make_unique<Table>(budget);
        Arena& arena = table->arena;
        const std::vector<std::uint32_t> shown = shown_groups();
        table->rows = shown.size();
        table->columns.assign(plan_.slots.size(), nullptr);
        auto* timestamps = arena.array<std::int64_t>(shown.size());
        auto* ranks = arena.array<std::uint64_t>(shown.size());
        const bool places = by_appearance_ && !spec_.share.all();
        for (std::size_t i = 0; i < shown.size(); ++i) {
            timestamps[i] = places ? appearance_[shown[i]].timestamp_ms : 0;
            ranks[i] = places ? appearance_[shown[i]].sequence : shown.size() - i;
        }
        table->order = {timestamps, ranks};
        for (std::size_t k = 0; k < step_.keys.size(); ++k) {
            const std::uint32_t slot = step_.keys[k].slot;
            // Shares of groups are put in order by their keys.
            if (plan_.needed[slot] != 0 || !spec_.share.all()) {
                table->columns[slot] = key_column(arena, k, shown);
            }
            if (budget.exhausted()) return table;
        }
        EvalContext context{arena, groups_, 0, std::nullopt};
        for (std::size_t i = 0; i < step_.aggregates.size() && groups_ > 0; ++i) {
            const Aggregate& aggregate = *aggregates_[state_of_[i]];
            const AggregateCall& call = step_.aggregates[i];
            const Vector* values = call.kind == AggregateKind::kPct
                                       ? aggregate.finish_percentile(context, 0, call.parameter)
                                       : aggregate.finish(context, 0);
            const bool as_they_are = !spec_.ordered && shown.size() == groups_;
            table->columns[step_.aggregates[i].slot] =
                as_they_are ? values : values->gather(arena, shown);
        }
        return table;
    }

private:
    struct Place {
        std::int64_t timestamp_ms = INT64_MIN;
        std::uint64_t sequence = 0;
    };
    static bool newer(const Place& a, const Place& b) {
        return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms > b.timestamp_ms
                                                : a.sequence > b.sequence;
    }
    static void raise(Place& held, const Place& seen) {
        if (newer(seen, held)) held = seen;
    }

    void resize() {
        for (const auto& aggregate : aggregates_) {
            if (aggregate->groups() < groups_) aggregate->resize(groups_);
        }
        if (!by_appearance_ || appearance_.size() >= groups_) return;
        appearance_.resize(groups_);
        const std::uint64_t bytes = appearance_.capacity() * sizeof(Place);
        if (bytes > accounted_bytes_) budget_.reserve(bytes - accounted_bytes_);
        accounted_bytes_ = std::max(accounted_bytes_, bytes);
    }

    /// earliest and latest go by @timestamp, which behind another stats is one of its columns.
    RowOrder event_order(Frame& frame) const {
        RowOrder order = frame.order();
        if (step_.timestamp_slot == kNoSlot) return order;
        const Vector* times = frame.column(step_.timestamp_slot);
        auto* timestamps = frame.context().arena.array<std::int64_t>(frame.rows());
        for (std::size_t i = 0; i < frame.rows(); ++i) {
            const Value value = times->at(i);
            timestamps[i] = value.kind == Kind::kTimestamp ? value.integer : 0;
        }
        order.timestamp_ms = timestamps;
        return order;
    }

    /// With a bin by the keys; without one by first appearance, newest first.
    std::vector<std::uint32_t> shown_groups() const {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(groups_, spec_.rows_max));
        if (!by_appearance_ && spec_.ordered && !step_.keys.empty()) {
            return GroupOrder(keys_, step_).first(count);
        }
        std::vector<std::uint32_t> groups(groups_);
        std::iota(groups.begin(), groups.end(), 0U);
        if (by_appearance_) {
            GroupOrder::sort_first(groups, count, [this](std::uint32_t a, std::uint32_t b) {
                return newer(appearance_[a], appearance_[b]);
            });
        }
        return groups;
    }

    /// Key `k` of the groups. Each text is copied once where the groups outnumber the texts.
    const Vector* key_column(Arena& arena, std::size_t k,
                             const std::vector<std::uint32_t>& shown) const {
        const ValueDictionary& values = keys_.dictionary(k);
        std::vector<Value> copies(values.size());
        std::vector<std::uint8_t> copied(values.size(), 0);
        bool all_texts = true;
        bool all_times = true;
        bool none_missing = true;
        for (const std::uint32_t group : shown) {
            const std::uint32_t code = keys_.code(group, k);
            if (copied[code] != 0) continue;
            copied[code] = 1;
            Value value = values.value(code);
            if (!value.text.empty()) {
                char* text = arena.try_text(value.text.size());
                if (text == nullptr) return nullptr;  // The budget is exhausted.
                std::memcpy(text, value.text.data(), value.text.size());
                value.text = {text, value.text.size()};
            }
            none_missing = none_missing && value.present();
            all_texts = all_texts && (!value.present() || value.kind == Kind::kText);
            all_times = all_times && (!value.present() || value.kind == Kind::kTimestamp);
            copies[code] = value;
        }
        const std::size_t rows = shown.size();
        const auto at = [&](std::size_t i) -> const Value& {
            return copies[keys_.code(shown[i], k)];
        };
        if (!all_texts && !all_times) {
            auto* mixed = arena.array<Value>(rows);
            for (std::size_t i = 0; i < rows; ++i) mixed[i] = at(i);
            return Vector::mixed(arena, rows, mixed);
        }
        std::uint8_t* present = none_missing ? nullptr : arena.array<std::uint8_t>(rows);
        if (present != nullptr) {
            for (std::size_t i = 0; i < rows; ++i) present[i] = at(i).present() ? 1 : 0;
        }
        if (all_texts) {
            auto* texts = arena.array<std::string_view>(rows);
            for (std::size_t i = 0; i < rows; ++i) texts[i] = at(i).text;
            return Vector::texts(arena, rows, texts, present);
        }
        auto* times = arena.array<std::int64_t>(rows);
        for (std::size_t i = 0; i < rows; ++i) times[i] = at(i).integer;
        return Vector::timestamps(arena, rows, times, present);
    }

    const Plan& plan_;
    const GroupSinkSpec spec_;
    const StatsStep& step_;
    columnar::MemoryBudget& budget_;
    KeyTable keys_;
    std::vector<std::unique_ptr<Aggregate>> aggregates_;
    std::vector<const AggregateCall*> calls_;  // What each of them is.
    std::vector<std::size_t> state_of_;        // Which of them answers each call of the step.
    std::vector<Place> appearance_;  // The newest row of each group; only where it orders them.
    std::size_t groups_ = 0;
    bool by_appearance_ = false;
    static constexpr std::size_t kNoKey = ~std::size_t{0};
    std::size_t newest_bins_ = kNoKey;  // The key that groups are shown by, newest first.
    bool ordered_ = false;              // Some aggregate looks at the order of events.
    std::uint64_t accounted_bytes_ = 0;
};

}  // namespace

void Sink::add_rows(EvalContext&, std::uint64_t) {
    SKY_ASSERT(false, "only sinks that count rows are given mere numbers");
}

bool counts_rows(const StatsStep& stats) {
    return stats.keys.empty() && std::all_of(stats.aggregates.begin(), stats.aggregates.end(),
                                             [](const AggregateCall& call) {
                                                 return call.kind == AggregateKind::kCount &&
                                                        !call.argument;
                                             });
}

bool needs_order(const GroupSinkSpec& spec) {
    return has_places(*spec.stats) || is_by_appearance(spec);
}

std::unique_ptr<Sink> make_group_sink(const Plan& plan, const GroupSinkSpec& spec,
                                      columnar::MemoryBudget& budget) {
    return std::make_unique<GroupSink>(plan, spec, budget);
}

bool order_matters(const Plan& plan, std::size_t first) {
    for (std::size_t i = first; i < plan.steps.size(); ++i) {
        const auto* stats = std::get_if<StatsStep>(&plan.steps[i]);
        if (stats != nullptr) {
            return has_places(*stats) || !(has_bin(*stats) || stats->keys.empty());
        }
        const bool by_row = std::holds_alternative<ComputeStep>(plan.steps[i]) ||
                            std::holds_alternative<ParseStep>(plan.steps[i]) ||
                            std::holds_alternative<FilterStep>(plan.steps[i]);
        if (!by_row) return true;
    }
    return true;
}

}  // namespace sky::insights
