// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/ast.h - a Logs Insights query as a tree, with offsets into its
              // text.

#include <cstdint>
#include <memory>
#include <optional>
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

struct Query;

/// A query in parentheses inside another one. Compared by what it points at.
struct SubQuery {
    std::shared_ptr<const Query> query;
    friend bool operator==(const SubQuery& a, const SubQuery& b);
};

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
        kQuery,    // subquery. Only to the right of in.
    };
    Kind kind = Kind::kNumber;
    Op op = Op::kNone;
    bool boolean = false;
    std::string text;
    std::vector<Expr> args;
    SubQuery subquery;
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
    bool index = false;  // filterIndex.
    Expr condition;
    friend bool operator==(const FilterCommand&, const FilterCommand&) = default;
};
struct StatsCommand {
    std::vector<Item> aggregates;
    std::vector<Item> by;
    std::string offset;  // A period as written, or empty.
    Span offset_span;
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
enum class ParseMode : std::uint8_t { kPattern, kLogfmt, kCsv };
struct ParseCommand {
    bool has_source = false;  // Otherwise @message.
    Expr source;
    Label source_label;
    ParseMode mode = ParseMode::kPattern;
    Expr pattern;  // kString (a glob) or kRegex; only for ParseMode::kPattern.
    std::vector<Name> aliases;
    friend bool operator==(const ParseCommand&, const ParseCommand&) = default;
};
struct DedupCommand {
    std::vector<Name> fields;
    friend bool operator==(const DedupCommand&, const DedupCommand&) = default;
};
struct PatternCommand {
    Expr expr;
    friend bool operator==(const PatternCommand&, const PatternCommand&) = default;
};
/// diff, and logcompare, which names its own distance.
struct DiffCommand {
    enum class Window : std::uint8_t { kPreceding, kDay, kWeek, kMonth, kPeriod };
    Window window = Window::kPreceding;
    std::string period;  // kPeriod: as written.
    Span period_span;
    friend bool operator==(const DiffCommand&, const DiffCommand&) = default;
};
struct AnomalyCommand {
    friend bool operator==(const AnomalyCommand&, const AnomalyCommand&) = default;
};
struct UnmaskCommand {
    std::vector<Name> fields;
    friend bool operator==(const UnmaskCommand&, const UnmaskCommand&) = default;
};
/// unnest f into e; expand f has no alias: the element takes the field's place.
struct UnnestCommand {
    Expr field;
    Name alias;
    friend bool operator==(const UnnestCommand&, const UnnestCommand&) = default;
};
struct LookupCommand {
    struct Key {
        Name column, field;
        friend bool operator==(const Key&, const Key&) = default;
    };
    Name table;
    std::vector<Key> keys;
    std::vector<Name> outputs;
    friend bool operator==(const LookupCommand&, const LookupCommand&) = default;
};
struct JoinCommand {
    struct Key {
        Name left, right;  // As written, aliases included.
        friend bool operator==(const Key&, const Key&) = default;
    };
    bool keep_left = false;  // type=left.
    Name left, right;        // Aliases; empty = none.
    std::vector<Key> keys;
    SubQuery query;
    friend bool operator==(const JoinCommand&, const JoinCommand&) = default;
};
struct AppendcolsCommand {
    bool override_fields = false;
    std::int64_t rows_max = 10'000;
    SubQuery query;
    friend bool operator==(const AppendcolsCommand&, const AppendcolsCommand&) = default;
};
struct AddtotalsCommand {
    Name fieldname;  // Empty text: "Total".
    bool row = true;
    bool column = false;
    std::vector<Name> fields;  // Empty: every numeric one.
    friend bool operator==(const AddtotalsCommand&, const AddtotalsCommand&) = default;
};
struct AccumCommand {
    Name field;
    Name alias;  // Empty text: none.
    friend bool operator==(const AccumCommand&, const AccumCommand&) = default;
};
struct AutoregressCommand {
    Name field;
    Name alias;
    std::int64_t first = 1, last = 1;  // Distances, 1..kAutoregressMax.
    friend bool operator==(const AutoregressCommand&, const AutoregressCommand&) = default;
};
struct CountFrequentCommand {
    std::vector<Name> fields;
    friend bool operator==(const CountFrequentCommand&, const CountFrequentCommand&) = default;
};
struct FilldownCommand {
    std::vector<Name> fields;  // May end in "*"; empty: all.
    friend bool operator==(const FilldownCommand&, const FilldownCommand&) = default;
};
struct FillmissingCommand {
    struct Fill {
        Expr value;  // A literal.
        Name field;
        friend bool operator==(const Fill&, const Fill&) = default;
    };
    std::vector<Fill> fills;
    friend bool operator==(const FillmissingCommand&, const FillmissingCommand&) = default;
};
struct OutlierCommand {
    bool transform = false;  // action=transform; otherwise rows are removed.
    bool use_lower = false;
    bool mark = false;
    Expr param;  // kNumber; kStar: not written.
    std::vector<Name> fields;
    friend bool operator==(const OutlierCommand&, const OutlierCommand&) = default;
};
struct SessionizeCommand {
    std::vector<Name> fields;
    std::string maxspan;  // A period as written, or empty.
    Span maxspan_span;
    Name alias;  // Empty text: session_id.
    friend bool operator==(const SessionizeCommand&, const SessionizeCommand&) = default;
};

struct Command {
    std::variant<FieldsCommand, FilterCommand, StatsCommand, SortCommand, LimitCommand,
                 ParseCommand, DedupCommand, PatternCommand, DiffCommand, AnomalyCommand,
                 UnmaskCommand, UnnestCommand, LookupCommand, JoinCommand, AppendcolsCommand,
                 AddtotalsCommand, AccumCommand, AutoregressCommand, CountFrequentCommand,
                 FilldownCommand, FillmissingCommand, OutlierCommand, SessionizeCommand>
        body;
    Span span;  // From the command word to its last token.
    friend bool operator==(const Command&, const Command&) = default;
};

/// An instant of SOURCE: epoch milliseconds, or milliseconds from the start of the run ("-1d",
/// "now").
struct SourceTime {
    std::int64_t ms = 0;
    bool relative = false;
    friend bool operator==(const SourceTime&, const SourceTime&) = default;
};

/// The log groups and the time of a query, as its text has them (logs-insights-ql.md 6.16).
/// Several SOURCE stages are one list: the union of their groups.
struct SourceClause {
    struct Tag {
        std::string key;
        std::vector<std::string> values;
        friend bool operator==(const Tag&, const Tag&) = default;
    };
    /// logGroups(...): conditions are AND-ed. Empty lists ask for nothing.
    struct Groups {
        std::vector<std::string> prefixes, identifiers, classes, accounts;
        std::vector<Tag> tags;
        friend bool operator==(const Groups&, const Groups&) = default;
    };
    std::vector<Groups> groups;     // logGroups(...) and names; a union.
    std::vector<std::string> data;  // dataSource([...]): cuts the groups down.
    bool has_data = false;
    std::optional<SourceTime> start, end;
    Span span;
    friend bool operator==(const SourceClause&, const SourceClause&) = default;
};

struct Query {
    std::optional<SourceClause> source;
    std::vector<Command> commands;     // Empty: the text was blank.
    std::int64_t commands_offset = 0;  // Where the text goes on behind the SOURCE stages.
    friend bool operator==(const Query& a, const Query& b) {
        return a.source == b.source && a.commands == b.commands;
    }
};

inline bool operator==(const SubQuery& a, const SubQuery& b) {
    if (a.query == nullptr || b.query == nullptr) return a.query == b.query;
    return *a.query == *b.query;
}

}  // namespace sky::insights
