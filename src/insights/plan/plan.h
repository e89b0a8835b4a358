// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/plan/plan.h - a query ready to run: names resolved to slots, steps in
              // order.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "columnar/vector.h"
#include "insights/functions/aggregate.h"
#include "insights/functions/glob.h"
#include "insights/functions/operators.h"
#include "insights/functions/period.h"
#include "insights/functions/regex.h"
#include "insights/functions/table.h"
#include "insights/syntax/ast.h"

namespace sky::insights {

/// Where the values of a slot come from.
enum class SlotKind : std::uint8_t {
    kMissing,  // A name that no step and no event can give.
    kTimestamp,
    kIngestionTime,
    kMessage,
    kLogStream,
    kLog,
    kPointer,     // @ptr
    kAccount,     // @aws.account
    kRegion,      // @aws.region
    kGroupName,   // @source.log
    kDiscovered,  // Found in the message (functions/discover.h) under `name`.
    kComputed,    // Written by a step.
};

struct Slot {
    SlotKind kind = SlotKind::kComputed;
    std::string name;
};

constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;
/// Not one of Plan::sides.
constexpr std::uint32_t kNoSide = 0xFFFFFFFF;

/// An expression whose names are slots and whose functions are rows of the tables.
/// Immutable; shared by all threads that run the plan.
struct BoundExpr {
    enum class Kind : std::uint8_t {
        kConstant,  // constant; its text is in `text` when it has one.
        kSlot,      // slot.
        kCall,      // function, args (with the implicit @timestamp).
        kCompare,   // comparison, args[0], args[1].
        kArithmetic,
        kNegate,
        kAnd,  // Two or more args.
        kOr,
        kNot,
        kLike,     // args[0] contains args[1].
        kMatches,  // regex found in args[0].
        kIn,       // args[0] is in set.
        kMember,   // text = path below the structure args[0].
    };
    Kind kind = Kind::kConstant;
    Comparison comparison = Comparison::kEqual;
    Arithmetic op = Arithmetic::kAdd;
    std::uint32_t slot = 0;
    Value constant;  // Without its text, see value().
    std::string text;
    const FunctionDef* function = nullptr;
    std::shared_ptr<const Regex> regex;
    std::shared_ptr<const InSet> set;
    std::uint32_t side = kNoSide;  // kIn: the side whose first column becomes the set.
    std::vector<BoundExpr> args;

    /// The constant with its text, which points into this expression.
    Value value() const {
        Value out = constant;
        out.text = text;
        return out;
    }
};

struct ComputeStep {
    BoundExpr expr;
    std::uint32_t slot = 0;
};
struct ParseStep {
    BoundExpr source;
    std::shared_ptr<const Glob> glob;    // One of the two.
    std::shared_ptr<const Regex> regex;  // Capture i is group i + 1.
    std::vector<std::uint32_t> slots;    // One a capture; kNoSlot: nobody needs it.
};

struct FilterStep {
    BoundExpr condition;
};
struct GroupKey {
    BoundExpr expr;
    std::uint32_t slot = 0;
    bool time_bin = false;
};
struct AggregateCall {
    AggregateKind kind = AggregateKind::kCount;
    double parameter = 0;               // aggregate.h says of what.
    std::optional<BoundExpr> argument;  // None: count(*).
    std::uint32_t slot = 0;
};
/// Replaces the rows by one a group, the columns by the slots named here.
struct StatsStep {
    std::vector<GroupKey> keys;
    std::vector<AggregateCall> aggregates;
    std::uint32_t timestamp_slot = kNoSlot;  // Orders earliest and latest behind another stats.
};
struct BoundSortKey {
    BoundExpr expr;
    bool descending = false;
};
struct SortStep {
    std::vector<BoundSortKey> keys;
};
struct LimitStep {
    std::uint64_t count = 0;
    bool tail = false;
};
struct DedupStep {
    std::vector<BoundExpr> keys;
};

// What a RowsStep does with all rows in their order. `reads` and `writes` are the step's.
struct UnnestRows {};  // A row for each element of reads[0], which goes to writes[0].
struct AccumRows {};   // writes[0]: the sum of reads[0] so far.
struct AutoregressRows {
    std::size_t first = 1;  // writes[i]: reads[0] of the row `first + i` before.
};
struct AddtotalsRows {
    bool column = false;  // writes[i]: reads[i] and, in one row more, its sum; last the row's sum.
    bool row = true;      // Otherwise there is no such column.
};
struct FilldownRows {};  // writes[i]: reads[i], or where that is missing the one before.
struct FillmissingRows {
    Period period{1, PeriodUnit::kSecond};         // Of the bins in reads[0].
    std::size_t keys = 0;                          // reads[1, 1 + keys) are the other group keys.
    std::vector<std::optional<BoundExpr>> values;  // Constants: of new rows, for each read.
};
struct OutlierRows {
    double param = 2.5;  // Interquartile ranges between the quartile and the fence.
    bool transform = false;
    bool use_lower = false;
    bool mark = false;  // writes[i + n] says whether reads[i] was beyond.
};
struct SessionizeRows {
    std::int64_t maxspan_ms = 0;  // reads[0] is the time; the others are the identity.
};
struct LookupRows {
    std::uint32_t table = 0;  // Of Plan::lookups: its columns are keys, then outputs.
    std::size_t keys = 0;     // reads[0, keys); then the outputs' values where nothing matches.
};
struct JoinRows {
    std::uint32_t side = kNoSide;
    bool keep_left = false;
    std::vector<std::uint32_t> keys;     // Columns of the side, equal to reads.
    std::vector<std::uint32_t> columns;  // Columns of the side that go to writes.
};
struct AppendcolsRows {
    std::uint32_t side = kNoSide;
    bool override_fields = false;
    std::vector<std::uint32_t> columns;  // Of the side; reads[i] is what the row has, if anything.
};
/// reads: template, count. writes: pattern, ratio, count, severity, regex.
struct PatternRows {};
/// reads: pattern, count, severity. writes: the same and previous count, percentage, type; for
/// anomalies type, score, description.
struct CompareRows {
    std::uint32_t side = kNoSide;          // The other window's patterns.
    std::uint32_t pattern = 0, count = 0;  // Its columns.
    bool anomalies = false;                // Keeps what changed out of proportion; otherwise all.
};

/// What a side's rows are once it has run (exec/side_rows.h).
class SideRows;

/// A step that needs all rows in their order.
struct RowsStep {
    std::variant<UnnestRows, AccumRows, AutoregressRows, AddtotalsRows, FilldownRows,
                 FillmissingRows, OutlierRows, SessionizeRows, LookupRows, JoinRows, AppendcolsRows,
                 PatternRows, CompareRows>
        what;
    std::vector<BoundExpr> reads;
    std::vector<std::uint32_t> writes;
    std::shared_ptr<const SideRows> side;  // Put here before the run, where `what` names one.
};

using Step = std::variant<ComputeStep, ParseStep, FilterStep, StatsStep, SortStep, LimitStep,
                          DedupStep, RowsStep>;

struct OutputColumn {
    std::string name;
    std::uint32_t slot = 0;
};

/// A lookup table that the query names.
struct LookupUse {
    std::string table;
    std::vector<Name> columns;  // Keys, then outputs.
    Span span;
};

struct SidePlan;

/// Immutable; any number of executions may run it.
struct Plan {
    std::vector<Slot> slots;
    std::vector<Step> steps;
    std::vector<OutputColumn> output;
    std::vector<std::uint8_t> needed;  // A byte a slot: some step or the output reads it.
    bool aggregated = false;           // There is a stats: rows are no events any more.
    bool limited = false;              // A limit or tail bounds the final rows.
    std::vector<SidePlan> sides;       // Queries that run before this one.
    std::vector<LookupUse> lookups;
    std::optional<SourceClause> source;
    std::int64_t commands_offset = 0;  // Of the text behind its SOURCE stages.
    std::int64_t offset_ms = 0;        // The scanned time lies so far before the asked one.
    bool indexed_only = false;         // filterIndex: groups with an index on the field alone.
    bool unmasks = false;
    std::string_view standard_only;  // A command that infrequent-access groups lack, or empty.
};

/// Which time a side looks at.
struct SideWindow {
    enum class Kind : std::uint8_t { kSame, kPreceding, kShifted };
    Kind kind = Kind::kSame;
    Period shift{1, PeriodUnit::kDay};  // kShifted: so far back.
};

/// A query inside another one.
struct SidePlan {
    std::shared_ptr<const Plan> plan;
    SideWindow window;
    std::uint64_t rows_max = 0;  // Of its result.
    bool cut = false;            // More rows are left out; otherwise they fail the query.
    bool timed = false;          // A query in parentheses: bounded by kSubqueryRunMsMax.
};

/// Parses and binds. Errors: kMalformedQuery with byte offset and length into `text`.
Result<Plan> plan_query(std::string_view text);
Result<Plan> bind(std::string_view text, const Query& query);

/// A readable form, one step a line, for tests and for people.
std::string describe(const Plan& plan);
/// The line of one step.
std::string describe_step(const Plan& plan, std::size_t i);

/// Calls `visit(slot)` for each slot that the expression reads.
template <class Visit>
void for_each_slot(const BoundExpr& expr, Visit&& visit) {
    if (expr.kind == BoundExpr::Kind::kSlot) visit(expr.slot);
    for (const BoundExpr& arg : expr.args) for_each_slot(arg, visit);
}

}  // namespace sky::insights
