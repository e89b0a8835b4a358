// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>

#include "insights/functions/render.h"
#include "insights/plan/plan.h"

namespace sky::insights {
namespace {

constexpr std::string_view kComparisonText[] = {"=", "!=", "<", "<=", ">", ">="};
constexpr std::string_view kArithmeticText[] = {"+", "-", "*", "/", "%", "^"};

class Describer {
public:
    explicit Describer(const Plan& plan) : plan_(plan) {}

    std::string run() {
        for (std::size_t i = 0; i < plan_.sides.size(); ++i) {
            out_ += fmt::format("query {}:\n", i);
            std::string inner = Describer(*plan_.sides[i].plan).run();
            std::size_t line = 0;
            while (line != std::string::npos) {  // Indented below its number.
                const std::size_t end = inner.find('\n', line);
                out_ += "  " + inner.substr(line, end - line) + "\n";
                line = end == std::string::npos ? end : end + 1;
            }
        }
        for (const Step& step : plan_.steps) {
            std::visit([&](const auto& s) { put(s); }, step);
            out_ += '\n';
        }
        out_ += "output";
        for (std::size_t i = 0; i < plan_.output.size(); ++i) {
            out_ += fmt::format("{}{}={}", i == 0 ? " " : ", ", plan_.output[i].name,
                                slot(plan_.output[i].slot));
        }
        return std::move(out_);
    }

    std::string step(std::size_t i) {
        std::visit([&](const auto& s) { put(s); }, plan_.steps[i]);
        return std::move(out_);
    }

private:
    std::string slot(std::uint32_t index) const {
        if (index == kNoSlot) return "-";
        const Slot& named = plan_.slots[index];
        if (named.kind == SlotKind::kMissing) return "missing";
        if (named.kind == SlotKind::kDiscovered) return "?" + named.name;
        if (named.kind != SlotKind::kComputed) return named.name;
        return fmt::format("{}#{}", named.name, index);
    }
    std::string list(const std::vector<BoundExpr>& args, std::string_view separator) const {
        std::string out;
        for (const BoundExpr& arg : args) {
            if (!out.empty()) out += separator;
            out += text(arg);
        }
        return out;
    }
    std::string text(const BoundExpr& expr) const {
        switch (expr.kind) {
            case BoundExpr::Kind::kConstant:
                return expr.constant.kind == Kind::kText ? fmt::format("\"{}\"", expr.text)
                                                         : render(expr.value());
            case BoundExpr::Kind::kSlot:
                return slot(expr.slot);
            case BoundExpr::Kind::kCall:
                return fmt::format("{}({})", expr.function->name, list(expr.args, ", "));
            case BoundExpr::Kind::kCompare:
                return fmt::format(
                    "({})",
                    list(expr.args,
                         fmt::format(" {} ",
                                     kComparisonText[static_cast<std::size_t>(expr.comparison)])));
            case BoundExpr::Kind::kArithmetic:
                return fmt::format(
                    "({})",
                    list(expr.args,
                         fmt::format(" {} ", kArithmeticText[static_cast<std::size_t>(expr.op)])));
            case BoundExpr::Kind::kNegate:
                return fmt::format("-{}", text(expr.args[0]));
            case BoundExpr::Kind::kAnd:
                return fmt::format("({})", list(expr.args, " and "));
            case BoundExpr::Kind::kOr:
                return fmt::format("({})", list(expr.args, " or "));
            case BoundExpr::Kind::kNot:
                return fmt::format("not {}", text(expr.args[0]));
            case BoundExpr::Kind::kLike:
                return fmt::format("({})", list(expr.args, " like "));
            case BoundExpr::Kind::kMatches:
                return fmt::format("({} =~ regex)", text(expr.args[0]));
            case BoundExpr::Kind::kIn:
                return expr.side == kNoSide
                           ? fmt::format("({} in set)", text(expr.args[0]))
                           : fmt::format("({} in query {})", text(expr.args[0]), expr.side);
            case BoundExpr::Kind::kMember:
                return fmt::format("{}.{}", text(expr.args[0]), expr.text);
        }
        return {};
    }

    void put(const ComputeStep& step) {
        out_ += fmt::format("compute {} = {}", slot(step.slot), text(step.expr));
    }
    void put(const ParseStep& step) {
        out_ += fmt::format("parse {} {}", text(step.source), step.glob ? "glob" : "regex");
        for (const std::uint32_t capture : step.slots) out_ += " " + slot(capture);
    }
    void put(const FilterStep& step) { out_ += "filter " + text(step.condition); }
    void put(const StatsStep& step) {
        out_ += "stats";
        for (const AggregateCall& call : step.aggregates) out_ += " " + slot(call.slot);
        if (!step.keys.empty()) out_ += " by";
        for (const GroupKey& key : step.keys) {
            out_ += fmt::format(" {}{}", text(key.expr), key.time_bin ? " (bin)" : "");
        }
    }
    void put(const SortStep& step) {
        out_ += "sort";
        for (const BoundSortKey& key : step.keys) {
            out_ += fmt::format(" {}{}", text(key.expr), key.descending ? " desc" : "");
        }
    }
    void put(const LimitStep& step) {
        out_ += fmt::format("{} {}", step.tail ? "tail" : "limit", step.count);
    }
    void put(const DedupStep& step) { out_ += "dedup " + list(step.keys, ", "); }

    void put(const RowsStep& step) {
        static constexpr std::string_view kNames[] = {
            "unnest",      "accum",   "autoregress", "addtotals", "filldown",
            "fillmissing", "outlier", "sessionize",  "lookup",    "join",
            "appendcols",  "pattern", "compare"};
        static_assert(std::size(kNames) == std::variant_size_v<decltype(step.what)>);
        out_ += kNames[step.what.index()];
        if (!step.reads.empty()) out_ += " " + list(step.reads, " ");
        out_ += " ->";
        for (const std::uint32_t written : step.writes) out_ += " " + slot(written);
    }

    const Plan& plan_;
    std::string out_;
};

}  // namespace

std::string describe(const Plan& plan) { return Describer(plan).run(); }
std::string describe_step(const Plan& plan, std::size_t i) { return Describer(plan).step(i); }

}  // namespace sky::insights
