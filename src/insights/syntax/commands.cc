// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/commands.h"

#include <algorithm>
#include <array>

namespace sky::insights {
namespace {

constexpr auto kCommands = std::to_array<CommandDef>({
    {"accum", "accum field [as name]",
     "Running sum of a field in the present order; accum(field) without a name.",
     "filter ispresent(bytes) | sort @timestamp | accum bytes as total | display bytes, total"},
    {"addtotals", "addtotals [fieldname=name] [row=true] [col=false] [field, …]",
     "Adds the sum of a row's numbers as Total, and with col=true a row of the columns' sums.",
     "stats sum(bytes) as out, count(*) as calls by method | addtotals col=true"},
    {"anomaly", "anomaly",
     "Behind pattern: keeps the patterns that the time window before did not have (@anomalyType "
     "is New pattern), or had far more or far less often (Pattern frequency). What varies inside "
     "a pattern (words, numbers, HTTP codes) is not compared.",
     "filter @message like 'profiler' | pattern @message | anomaly | display @pattern, "
     "@anomalyType"},
    {"appendcols", "appendcols [override=false] [max=10000] (query)",
     "Puts the columns of row n of another query beside row n.",
     "stats count(*) as all | appendcols (filter status >= 500 | stats count(*) as failed)"},
    {"autoregress", "autoregress field [as name] [p=1 | p=1-4]",
     "Values of the rows before: field_p1, field_p2, …",
     "stats sum(bytes) as out by bin(1m) | sort bin(1m) | autoregress out p=1-2"},
    {"count_frequent", "count_frequent field, …", "Another spelling of countFrequent.", ""},
    {"countFrequent", "countFrequent field, …",
     "Rows of each combination of values, the most frequent first, as _approxcount.",
     "countFrequent method, status"},
    {"dedup", "dedup field, …",
     "Keeps the first row of each combination, and every row that lacks one of the fields.",
     "filter ispresent(user) | dedup user | display user, @message"},
    {"diff", "diff [previousDay | previousWeek | previousMonth]",
     "Behind pattern: compares with the time window of the same length before, or a day, week or "
     "month before.",
     "filter @message like 'profiler' | pattern @message | diff | display @pattern, "
     "@sampleCount, @differenceType"},
    {"display", "display expression [as name], …", "Chooses the columns that are shown.",
     "display method, status"},
    {"expand", "expand field", "One row for each element of a LIST, in the field's place.",
     "filter ispresent(items) | expand items | display items"},
    {"fields", "fields expression [as name], …", "Adds columns.",
     "fields concat(method, ' ', path) as call | filter ispresent(method)"},
    {"filldown", "filldown [field* …]",
     "Where a row lacks a value, the one of the nearest row before that has it.",
     "fields user | filldown user | display @message, user"},
    {"fillmissing", "fillmissing [with value for field, …]",
     "Behind stats by bin(): rows for the bins without events.",
     "filter status >= 500 | stats count(*) as failed by bin(1m) | fillmissing with 0 for failed"},
    {"filter", "filter condition", "Keeps the rows for which the condition is true.",
     "filter status >= 500 and path like 'orders'"},
    {"filterIndex", "filterIndex field = value [and …]",
     "As filter, in the log groups that have an index on the field; no others are read.",
     "filterIndex user = 'ada'"},
    {"head", "head n", "Another spelling of limit.", ""},
    {"join",
     "join [type=inner | left] [left=name] [right=name] where left.f = right.f [and …] "
     "(query)",
     "Puts the rows of another query beside those with the same values.",
     "filter ispresent(path) | join left=call right=who where call.user = who.user (filter "
     "@message like 'login' | fields user, host) | display call.path, who.host"},
    {"limit", "limit [any] n", "The first n rows, 1 to 100000.", "limit 2"},
    {"logcompare", "logcompare timeshift period",
     "Behind pattern: compares with the same window shifted back.",
     "filter @message like 'profiler' | pattern @message | logcompare timeshift 7d | display "
     "@pattern, @previousSampleCount, @differenceType"},
    {"lookup", "lookup table column [as field], … OUTPUT column, …",
     "Adds columns of the lookup table's row whose columns equal the fields.",
     "filter ispresent(user) | lookup people name as user OUTPUT team | display user, team"},
    {"order", "order expression [asc | desc], …", "Another spelling of sort.", ""},
    {"outlier",
     "outlier [action=remove | transform] [param=2.5] [uselower=false] [mark=false] field …",
     "Drops the rows outside the interquartile fences, or brings their values to the fence, or "
     "marks them.",
     "filter ispresent(ms) | outlier action=transform ms | display ms"},
    {"parse", "parse [field] \"glob\" as name, … | /regex/ | logfmt as name | csv as name, …",
     "Takes parts of a text as fields.",
     "parse @message '[*] * * * *' as logger, verb, view, took, code | filter ispresent(took) | "
     "display verb, took"},
    {"pattern", "pattern expression", "Groups texts that differ in changing parts only.",
     "pattern @message | display @pattern, @sampleCount, @ratio"},
    {"sessionize", "sessionize field, … [maxspan period] [as name]",
     "Numbers each run of a user's events that has no gap longer than maxspan (30m).",
     "filter ispresent(user) | sessionize user maxspan 1m | display user, session_id"},
    {"sort", "sort [by] expression [asc | desc], …", "Natural order; missing values first.",
     "filter ispresent(ms) | sort ms desc | display ms"},
    {"SOURCE", "SOURCE 'group', … | logGroups(namePrefix: ['a']) [start=-1d] [end=now]",
     "Names the log groups in the query itself, in front of everything else.",
     "SOURCE '/shop' | stats count(*)"},
    {"stats", "stats aggregate [as name], … [by expression, …] [offset period]",
     "One row for each group.", "stats count(*) as calls, avg(ms) by method"},
    {"tail", "tail n", "The last n rows.", "tail 1"},
    {"unmask", "unmask field, …", "Shows fields without masking; needs logs:Unmask.",
     "fields user | unmask user | filter ispresent(user)"},
    {"unnest", "unnest field into name", "One row for each element of a LIST.",
     "filter ispresent(items) | fields jsonParse(items) as list | unnest list into item | display "
     "item"},
});

constexpr char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr int compare_folded(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (folded(a[i]) != folded(b[i])) return folded(a[i]) < folded(b[i]) ? -1 : 1;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

constexpr bool strictly_sorted() {
    for (std::size_t i = 1; i < kCommands.size(); ++i) {
        if (compare_folded(kCommands[i - 1].name, kCommands[i].name) >= 0) return false;
    }
    return true;
}
static_assert(strictly_sorted(), "sorted by lower-case name, no duplicates");

}  // namespace

std::span<const CommandDef> commands() { return kCommands; }

const CommandDef* find_command(std::string_view lower_name) {
    const auto* const at = std::lower_bound(
        kCommands.begin(), kCommands.end(), lower_name,
        [](const CommandDef& c, std::string_view n) { return compare_folded(c.name, n) < 0; });
    return at != kCommands.end() && compare_folded(at->name, lower_name) == 0 ? at : nullptr;
}

}  // namespace sky::insights
