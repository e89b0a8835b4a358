// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "columnar/decimal.h"
#include "insights/plan/binder.h"
#include "insights/plan/limits.h"
#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

/// "cpu*" fits every name that begins with "cpu".
bool fits(std::string_view pattern, std::string_view name) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

Status Binder::add_rows(RowsStep step) {
    plan_.steps.push_back(std::move(step));
    return {};
}

/// The column lives in a new slot from here on; it need not show.
Result<std::uint32_t> Binder::replace_column(const std::string& written) {
    const std::string name(scope_.plain(written));
    const std::uint32_t slot = SKY_TRY(expressions_.new_slot(name));
    if (!scope_.replace_slot(name, slot)) define(name, {slot, true, false});
    return slot;
}

Status Binder::replace_columns(const std::vector<std::string>& names, RowsStep& step) {
    // All are read first: one may be spelled in two ways, with a join's alias and without.
    for (const std::string& name : names) {
        step.reads.push_back(SKY_TRY(expressions_.field(name, scope_)));
    }
    for (const std::string& name : names) step.writes.push_back(SKY_TRY(replace_column(name)));
    return {};
}

Status Binder::bind(const UnnestCommand& command, Span) {
    RowsStep step{UnnestRows{}, {}, {}, nullptr};
    step.reads.push_back(SKY_TRY(expressions_.bind(command.field, scope_)));
    if (command.alias.text.empty()) {
        step.writes.push_back(SKY_TRY(replace_column(command.field.text)));
    } else {
        SKY_TRY(check_new(command.alias.text, command.alias.span));
        step.writes.push_back(SKY_TRY(new_column(command.alias.text)));
    }
    plan_.limited = false;  // There may be more rows than the limit let through.
    return add_rows(std::move(step));
}

Status Binder::bind(const AccumCommand& command, Span) {
    RowsStep step{AccumRows{}, {}, {}, nullptr};
    step.reads.push_back(SKY_TRY(expressions_.field(command.field.text, scope_)));
    const std::string name = command.alias.text.empty()
                                 ? fmt::format("accum({})", command.field.text)
                                 : command.alias.text;
    SKY_TRY(check_new(name, command.alias.span));
    step.writes.push_back(SKY_TRY(new_column(name)));
    return add_rows(std::move(step));
}

Status Binder::bind(const AutoregressCommand& command, Span span) {
    RowsStep step{AutoregressRows{static_cast<std::size_t>(command.first)}, {}, {}, nullptr};
    step.reads.push_back(SKY_TRY(expressions_.field(command.field.text, scope_)));
    const std::string& stem = command.alias.text.empty() ? command.field.text : command.alias.text;
    for (std::int64_t distance = command.first; distance <= command.last; ++distance) {
        const std::string name = fmt::format("{}_p{}", stem, distance);
        SKY_TRY(check_new(name, span));
        step.writes.push_back(SKY_TRY(new_column(name)));
    }
    return add_rows(std::move(step));
}

Status Binder::bind(const AddtotalsCommand& command, Span span) {
    AddtotalsRows rows{command.column, command.row};
    std::vector<std::string> names;
    for (const Name& name : command.fields) add_once(names, name.text);
    if (names.empty()) {
        for (const std::string& name : shown()) {
            const Scope::Named* named = scope_.column(name);
            if (!name.starts_with('@') && (named == nullptr || !named->time_bin)) {
                names.push_back(name);
            }
        }
    }
    RowsStep step{rows, {}, {}, nullptr};
    SKY_TRY(replace_columns(names, step));
    if (command.row) {
        const std::string total = command.fieldname.text.empty() ? "Total" : command.fieldname.text;
        SKY_TRY(check_new(total, span));
        step.writes.push_back(SKY_TRY(new_column(total)));
    }
    if (command.column) plan_.limited = false;
    return add_rows(std::move(step));
}

Status Binder::bind(const FilldownCommand& command, Span) {
    std::vector<std::string> known = shown();
    for (const std::string& name : defined_) add_once(known, name);
    std::vector<std::string> names;
    if (command.fields.empty()) names = shown();
    for (const Name& wanted : command.fields) {
        if (!wanted.text.ends_with('*')) {
            add_once(names, wanted.text);
            continue;
        }
        for (const std::string& name : known) {
            if (fits(wanted.text, name)) add_once(names, name);
        }
    }
    RowsStep step{FilldownRows{}, {}, {}, nullptr};
    SKY_TRY(replace_columns(names, step));
    return add_rows(std::move(step));
}

Status Binder::bind(const FillmissingCommand& command, Span span) {
    const Scope::Named* bin = bin_name_.empty() ? nullptr : scope_.column(bin_name_);
    if (bin == nullptr || !bin->time_bin) {
        return expressions_.error_at(
            span, fmt::format(texts::kBehind, "fillmissing", "a stats by bin()"));
    }
    FillmissingRows rows;
    rows.period = bin_period_;
    std::vector<std::string> names = {bin_name_};
    for (const std::string& key : key_names_) {
        if (scope_.column(key) != nullptr) names.push_back(key);
    }
    rows.keys = names.size() - 1;
    for (const std::string& name : defined_) add_once(names, name);
    rows.values.resize(names.size());
    for (const FillmissingCommand::Fill& fill : command.fills) {
        const auto at = std::find(names.begin(), names.end(), fill.field.text);
        if (at == names.end()) continue;  // An unknown field is missing everywhere.
        rows.values[static_cast<std::size_t>(at - names.begin())] =
            SKY_TRY(expressions_.bind(fill.value, scope_));
    }
    RowsStep step{std::move(rows), {}, {}, nullptr};
    SKY_TRY(replace_columns(names, step));
    plan_.limited = false;
    return add_rows(std::move(step));
}

Status Binder::bind(const OutlierCommand& command, Span span) {
    OutlierRows rows;
    rows.transform = command.transform;
    rows.use_lower = command.use_lower;
    rows.mark = command.mark;
    if (command.param.kind == Expr::Kind::kNumber) {
        columnar::ParsedNumber parsed{};
        if (!columnar::parse_number(command.param.text, parsed)) {
            return expressions_.error_at(command.param.span,
                                         fmt::format(texts::kNumberRange, command.param.text));
        }
        rows.param = parsed.value;
    }
    RowsStep step{rows, {}, {}, nullptr};
    std::vector<std::string> names;
    for (const Name& name : command.fields) add_once(names, name.text);
    SKY_TRY(replace_columns(names, step));
    for (const std::string& name : names) {
        if (!command.mark) break;
        const std::string mark = name + "_outlier";
        SKY_TRY(check_new(mark, span));
        step.writes.push_back(SKY_TRY(new_column(mark)));
    }
    return add_rows(std::move(step));
}

Status Binder::bind(const SessionizeCommand& command, Span span) {
    SessionizeRows rows;
    rows.maxspan_ms = kSessionGapMs;
    if (!command.maxspan.empty()) {
        const auto period = parse_period(command.maxspan);
        const auto ms = period ? fixed_ms(*period) : std::nullopt;
        if (!ms) {
            return expressions_.error_at(command.maxspan_span,
                                         fmt::format(texts::kBadPeriod, command.maxspan));
        }
        rows.maxspan_ms = *ms;
    }
    RowsStep step{rows, {}, {}, nullptr};
    step.reads.push_back(SKY_TRY(expressions_.field("@timestamp", scope_)));
    for (const Name& name : command.fields) {
        step.reads.push_back(SKY_TRY(expressions_.field(name.text, scope_)));
    }
    const std::string name = command.alias.text.empty() ? "session_id" : command.alias.text;
    SKY_TRY(check_new(name, span));
    step.writes.push_back(SKY_TRY(new_column(name)));
    return add_rows(std::move(step));
}

}  // namespace sky::insights
