// SPDX-License-Identifier: Apache-2.0
#include "logs/patterns/filter_pattern.h"

#include <algorithm>
#include <cstring>

#include "logs/patterns/compiled.h"
#include "logs/patterns/field_event.h"
#include "logs/patterns/limits.h"

namespace sky::logs {
namespace {

using Impl = FilterPattern::Impl;

std::size_t find_text(std::string_view text, std::string_view what, std::size_t from) {
    if (from >= text.size()) return std::string_view::npos;
    const void* const found =
        memmem(text.data() + from, text.size() - from, what.data(), what.size());
    return found == nullptr
               ? std::string_view::npos
               : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

bool holds_any(std::string_view message, const Clause& clause) {
    return std::any_of(clause.texts.begin(), clause.texts.end(), [&](const std::string& text) {
        return find_text(message, text, 0) != std::string_view::npos;
    });
}

bool match_terms(const Impl& pattern, std::string_view message) {
    const auto is_in = [&](const Impl::Term& term) { return term.is_in(message); };
    return std::all_of(pattern.all.begin(), pattern.all.end(), is_in) &&
           std::none_of(pattern.none.begin(), pattern.none.end(), is_in) &&
           (pattern.any.empty() || std::any_of(pattern.any.begin(), pattern.any.end(), is_in));
}

/// Collects what the conditions of a JSON pattern say of one event, and the values if asked to.
class JsonVerdict final : public JsonPlaces {
public:
    JsonVerdict(const Impl& pattern, FilterPattern::Values* values)
        : pattern_(pattern),
          values_(values),
          holds_(pattern.conditions.size(), 0),
          exists_(pattern.selectors.size(), 0) {}

    bool match(std::string_view message) {
        if (!walk_json(message, pattern_.selectors, *this)) return false;
        for (std::size_t i = 0; i < holds_.size(); ++i) {
            const Condition& condition = pattern_.conditions[i];
            if (condition.comparison == Comparison::kNotExists)
                holds_[i] = exists_[condition.subject] == 0 ? 1 : 0;
        }
        return pattern_.formula.evaluate(holds_);
    }

    void found(std::size_t selector, const json::Token& value) override {
        exists_[selector] = 1;
        Scalar scalar{Scalar::Kind::kText, value.raw};
        switch (value.type) {
            case json::Type::kString:
                scalar.text = json::string_text(value, scratch_);
                break;
            case json::Type::kNumber:
                scalar.kind = Scalar::Kind::kNumber;
                break;
            case json::Type::kTrue:
                scalar.kind = Scalar::Kind::kTrue;
                break;
            case json::Type::kFalse:
                scalar.kind = Scalar::Kind::kFalse;
                break;
            case json::Type::kNull:
                scalar.kind = Scalar::Kind::kNull;
                break;
            default:
                return;  // Objects and arrays match nothing (logs-api.md 7.3).
        }
        for (std::size_t i = 0; i < holds_.size(); ++i)
            if (pattern_.conditions[i].subject == selector && holds_[i] == 0)
                holds_[i] = pattern_.conditions[i].holds(scalar) ? 1 : 0;
        if (values_ != nullptr && scalar.kind != Scalar::Kind::kNull)
            values_->emplace(pattern_.selectors[selector].text, scalar.text);
    }

private:
    const Impl& pattern_;
    FilterPattern::Values* const values_;
    std::vector<std::uint8_t> holds_, exists_;
    std::string scratch_;
};

/// Matches the items of a space-delimited pattern to the fields of one event.
class FieldVerdict {
public:
    FieldVerdict(const Impl& pattern, FilterPattern::Values* values)
        : pattern_(pattern), values_(values), holds_(pattern.conditions.size(), 0) {}

    bool match(std::string_view message) {
        return pattern_.gap ? match_around_gap(message) : match_in_order(message);
    }

private:
    bool item(std::size_t index, std::string_view field, std::size_t place) {
        const Impl::Item& item = pattern_.items[index];
        for (std::size_t i = item.conditions_begin; i < item.conditions_end; ++i)
            holds_[i] = pattern_.conditions[i].holds({Scalar::Kind::kField, field}) ? 1 : 0;
        if (item.has_formula && !item.formula.evaluate(holds_)) return false;
        keep(item.name, field, place);
        return true;
    }
    void keep(const std::string& name, std::string_view field, std::size_t place) {
        if (values_ != nullptr)
            values_->insert_or_assign("$" + (name.empty() ? std::to_string(place + 1) : name),
                                      std::string(field));
    }

    bool match_in_order(std::string_view message) {
        FieldReader reader(message);
        std::string_view field;
        const std::size_t count = pattern_.items.size();
        for (std::size_t i = 0; i < count; ++i) {
            if (reader.at_end()) return false;
            const std::string_view rest = reader.rest();
            (void)reader.next(field);  // There is one.
            // A last item without a condition takes all that is left (logs-api.md 7.4).
            const bool takes_rest = i + 1 == count && !pattern_.items[i].has_formula;
            if (takes_rest && !reader.at_end()) {
                keep(pattern_.items[i].name, rest, i);
                return true;
            }
            if (!item(i, field, i)) return false;
        }
        return reader.at_end();
    }

    bool match_around_gap(std::string_view message) {
        std::vector<std::string_view> fields;
        FieldReader reader(message);
        for (std::string_view field; reader.next(field);) fields.push_back(field);
        const std::size_t count = pattern_.items.size();
        if (fields.size() < count) return false;
        const std::size_t skipped = fields.size() - count;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t place = i < *pattern_.gap ? i : i + skipped;
            if (!item(i, fields[place], place)) return false;
        }
        if (values_ != nullptr)
            for (std::size_t i = 0; i < skipped; ++i)
                keep({}, fields[*pattern_.gap + i], *pattern_.gap + i);
        return true;
    }

    const Impl& pattern_;
    FilterPattern::Values* const values_;
    std::vector<std::uint8_t> holds_;
};

bool match(const Impl& pattern, std::string_view message, FilterPattern::Values* values) {
    switch (pattern.kind) {
        case Impl::Kind::kEverything:
            return true;
        case Impl::Kind::kTerms:
            return match_terms(pattern, message);
        case Impl::Kind::kJson:
            // Much cheaper than the walk where the text is rare.
            if (!pattern.clauses.empty() && !holds_any(message, pattern.clauses.front()))
                return false;
            return JsonVerdict(pattern, values).match(message);
        case Impl::Kind::kFields:
            if (!pattern.clauses.empty() && !holds_any(message, pattern.clauses.front()))
                return false;
            return FieldVerdict(pattern, values).match(message);
    }
    return false;
}

/// Raises the rows whose messages hold the text.
void mark(const columnar::TextColumn& messages, std::string_view text,
          std::vector<std::uint8_t>& rows) {
    const std::string_view data = messages.data();
    const auto offsets = messages.offsets();
    std::size_t row = 0;
    for (std::size_t at = find_text(data, text, 0); at != std::string_view::npos;) {
        while (offsets[row + 1] <= at) ++row;
        if (at + text.size() <= offsets[row + 1]) {
            rows[row] = 1;
            at = find_text(data, text, offsets[row + 1]);
        } else {  // Across two messages.
            at = find_text(data, text, at + 1);
        }
    }
}

}  // namespace

bool FilterPattern::Impl::Term::is_in(std::string_view message) const {
    return regex ? regex->search(message) : find_text(message, text, 0) != std::string_view::npos;
}

FilterPattern::FilterPattern() : impl_(std::make_shared<const Impl>()) {}

Result<FilterPattern> FilterPattern::compile(std::string_view text) {
    auto impl = std::make_shared<Impl>(SKY_TRY(parse_pattern(text)));
    add_clauses(*impl);
    return FilterPattern(std::move(impl));
}

bool FilterPattern::matches_everything() const { return impl_->kind == Impl::Kind::kEverything; }
bool FilterPattern::has_values() const {
    return impl_->kind == Impl::Kind::kJson || impl_->kind == Impl::Kind::kFields;
}
std::size_t FilterPattern::regexes() const { return impl_->regexes; }

bool FilterPattern::matches(std::string_view message) const {
    return match(*impl_, message, nullptr);
}

std::optional<FilterPattern::Values> FilterPattern::extract(std::string_view message) const {
    Values values;
    if (!match(*impl_, message, &values)) return std::nullopt;
    return values;
}

void FilterPattern::select(const columnar::TextColumn& messages,
                           std::vector<std::uint32_t>& rows) const {
    const std::vector<Clause>& clauses = impl_->clauses;
    const bool search =
        !clauses.empty() && clauses.front().texts.size() <= limits::kSearchedTextsMax;
    std::vector<std::uint8_t> candidates(messages.size(), search ? 0 : 1);
    if (search)
        for (const std::string& text : clauses.front().texts) mark(messages, text, candidates);
    for (std::size_t row = 0; row < candidates.size(); ++row)
        if (candidates[row] != 0 && matches(messages[row]))
            rows.push_back(static_cast<std::uint32_t>(row));
}

bool FilterPattern::may_match(const std::function<bool(std::string_view)>& may_contain) const {
    return std::all_of(impl_->clauses.begin(), impl_->clauses.end(), [&](const Clause& clause) {
        return std::any_of(clause.texts.begin(), clause.texts.end(),
                           [&](const std::string& text) { return may_contain(text); });
    });
}

std::vector<std::span<const std::string>> FilterPattern::needed() const {
    std::vector<std::span<const std::string>> out;
    for (const Clause& clause : impl_->clauses) out.emplace_back(clause.texts);
    return out;
}

}  // namespace sky::logs
