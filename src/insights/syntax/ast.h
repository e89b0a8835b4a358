// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/ast.h - a Logs Insights query as a tree, with offsets into its
              // text.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sky::insights {

/// Bytes [offset, offset + length) of the query text. Two spans always compare equal: trees are
/// compared by meaning.
struct Span {
    std::int64_t offset = 0;
    std::int64_t length = 0;
    friend bool operator==(const Span&, const Span&) { return true; }
};

enum class Op : std::uint8_t {
    kNone,
    kNegate,  // Unary.
    kPlus,
    kNot,
    kAdd,  // Binary.
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kPower,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kLike,
    kNotLike,
    kMatch,  // =~
    kNotMatch,
    kIn,
    kNotIn,
    kAnd,  // Two or more operands.
    kOr,
};

/// The operator as the printer writes it ("not like").
std::string_view op_text(Op op);

struct Expr {
    enum class Kind : std::uint8_t {
        kNumber,   // text = the source, unsigned.
        kString,   // text = the value, escapes resolved.
        kRegex,    // text = the source between the slashes, "\/" still escaped.
        kBoolean,  // boolean.
        kPeriod,   // period.
        kStar,     // The "*" of count(*).
        kField,    // text = name; path steps joined with dots, indices as numbers ("items.0.id").
        kUnary,    // op, args[0].
        kBinary,   // op, args[0], args[1]; kAnd and kOr: two or more args.
        kArray,    // args. Only to the right of in.
        kCall,     // text = function name as written, args.
        kPath,     // args[0] is not a field; text = path below it ("users.0.name").
        kGroup,    // args[0] in parentheses; kept because column names show them.
    };
    Kind kind = Kind::kNumber;
    Op op = Op::kNone;
    bool boolean = false;
    std::string text;
    std::vector<Expr> args;
    std::uint16_t depth = 1;  // Levels of this tree, at most kTreeDepthMax.
    Span span;
    friend bool operator==(const Expr&, const Expr&) = default;
};

struct Name {
    std::string text;
    Span span;
    friend bool operator==(const Name&, const Name&) = default;
};

/// A source text without the blanks between its tokens: the column name of an expression without
/// alias (logs-insights-ql.md 4). Equal to every other label, as spans are: derived, not meaning.
struct Label {
    std::string text;
    friend bool operator==(const Label&, const Label&) { return true; }
};

/// One entry of fields, display, stats, by. `star` is "fields *".
struct Item {
    bool star = false;
    Expr expr;
    std::string alias;  // Empty = none.
    Span alias_span;
    Label label;
    friend bool operator==(const Item&, const Item&) = default;
    const std::string& column() const { return alias.empty() ? label.text : alias; }
};

struct FieldsCommand {
    bool display = false;
    std::vector<Item> items;
    friend bool operator==(const FieldsCommand&, const FieldsCommand&) = default;
};
struct FilterCommand {
    Expr condition;
    friend bool operator==(const FilterCommand&, const FilterCommand&) = default;
};
struct StatsCommand {
    std::vector<Item> aggregates;
    std::vector<Item> by;
    friend bool operator==(const StatsCommand&, const StatsCommand&) = default;
};
struct SortKey {
    Expr expr;
    bool descending = false;
    Label label;
    friend bool operator==(const SortKey&, const SortKey&) = default;
};
struct SortCommand {
    std::vector<SortKey> keys;
    friend bool operator==(const SortCommand&, const SortCommand&) = default;
};
struct LimitCommand {
    std::int64_t count = 0;  // 1..kLimitMax.
    bool any = false;
    bool tail = false;
    friend bool operator==(const LimitCommand&, const LimitCommand&) = default;
};
struct ParseCommand {
    bool has_source = false;  // Otherwise @message.
    Expr source;
    Label source_label;
    Expr pattern;  // kString (a glob) or kRegex.
    std::vector<Name> aliases;
    friend bool operator==(const ParseCommand&, const ParseCommand&) = default;
};
struct DedupCommand {
    std::vector<Name> fields;
    friend bool operator==(const DedupCommand&, const DedupCommand&) = default;
};

struct Command {
    std::variant<FieldsCommand, FilterCommand, StatsCommand, SortCommand, LimitCommand,
                 ParseCommand, DedupCommand>
        body;
    Span span;  // From the command word to its last token.
    friend bool operator==(const Command&, const Command&) = default;
};

struct Query {
    std::vector<Command> commands;  // Empty: the text was blank.
    friend bool operator==(const Query&, const Query&) = default;
};

}  // namespace sky::insights
