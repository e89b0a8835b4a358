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
    kDiscovered,  // Found in the message (functions/discover.h) under `name`.
    kComputed,    // Written by a step.
};

struct Slot {
    SlotKind kind = SlotKind::kComputed;
    std::string name;
};

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
constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;

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
    double percentile = 0;
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

using Step =
    std::variant<ComputeStep, ParseStep, FilterStep, StatsStep, SortStep, LimitStep, DedupStep>;

struct OutputColumn {
    std::string name;
    std::uint32_t slot = 0;
};

/// Immutable; any number of executions may run it.
struct Plan {
    std::vector<Slot> slots;
    std::vector<Step> steps;
    std::vector<OutputColumn> output;
    std::vector<std::uint8_t> needed;  // A byte a slot: some step or the output reads it.
    bool aggregated = false;           // There is a stats: rows are no events any more.
    bool limited = false;              // A limit or tail bounds the final rows.
};

/// Parses and binds. Errors: kMalformedQuery with byte offset and length into `text`.
Result<Plan> plan_query(std::string_view text);
Result<Plan> bind(std::string_view text, const Query& query);

/// A readable form, one step a line, for tests and for people.
std::string describe(const Plan& plan);

/// Calls `visit(slot)` for each slot that the expression reads.
template <class Visit>
void for_each_slot(const BoundExpr& expr, Visit&& visit) {
    if (expr.kind == BoundExpr::Kind::kSlot) visit(expr.slot);
    for (const BoundExpr& arg : expr.args) for_each_slot(arg, visit);
}

}  // namespace sky::insights
