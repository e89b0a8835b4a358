// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/spelling.h"
#include "insights/syntax/commands.h"
#include "insights/syntax/expression_parser.h"
#include "insights/syntax/limits.h"
#include "insights/syntax/source_parser.h"
#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    return count;
}

/// Whether every part is `field = literal` or `field in [...]`.
bool is_index_condition(const Expr& expr) {
    if (expr.kind == Expr::Kind::kGroup) return is_index_condition(expr.args[0]);
    if (expr.kind != Expr::Kind::kBinary) return false;
    if (expr.op == Op::kAnd) {
        return std::all_of(expr.args.begin(), expr.args.end(), is_index_condition);
    }
    if (expr.args[0].kind != Expr::Kind::kField) return false;
    const Expr& right = expr.args[1];
    if (expr.op == Op::kIn) return right.kind == Expr::Kind::kArray;
    return expr.op == Op::kEqual &&
           (right.kind == Expr::Kind::kString || right.kind == Expr::Kind::kNumber);
}

class Parser final : public SourceParser {
public:
    using SourceParser::SourceParser;

    Result<Query> query() {
        SKY_TRY(advance());
        Query parsed = SKY_TRY(stages());
        if (token_.kind != TokenKind::kEnd) return unexpected_token("| or the end");
        return parsed;
    }

private:
    Result<Query> nested_query() override {
        Query parsed = SKY_TRY(stages());
        if (!symbol(")")) return unexpected_token("| or )");
        return parsed;
    }
    /// Up to the end of the text, or a mark that belongs to somebody else.
    Result<Query> stages() {
        Query parsed;
        if (token_.kind == TokenKind::kEnd) return parsed;
        if (symbol("|")) SKY_TRY(advance());
        while (word("source")) {
            SKY_TRY(source_stage(parsed.source));
            parsed.commands_offset = last_end_;
            if (!symbol("|")) return parsed;
            SKY_TRY(advance());
            parsed.commands_offset = token_.span.offset;
        }
        while (true) {
            parsed.commands.push_back(SKY_TRY(command()));
            if (!symbol("|")) return parsed;
            SKY_TRY(advance());
        }
    }

    using Body = decltype(Command::body);
    struct Rule {
        std::string_view name;  // In lower case.
        Result<Body> (Parser::*parse)();
    };
    /// Null when there is no such command.
    static const Rule* rule_of(std::string_view keyword) {
        // Every row of commands() but SOURCE; syntax_test.cc holds the two lists to one another.
        static constexpr Rule kRules[] = {
            {"accum", &Parser::accum},
            {"addtotals", &Parser::addtotals},
            {"anomaly", &Parser::anomaly},
            {"appendcols", &Parser::appendcols},
            {"autoregress", &Parser::autoregress},
            {"count_frequent", &Parser::count_frequent},
            {"countfrequent", &Parser::count_frequent},
            {"dedup", &Parser::dedup},
            {"diff", &Parser::diff},
            {"display", &Parser::display},
            {"expand", &Parser::expand},
            {"fields", &Parser::fields},
            {"filldown", &Parser::filldown},
            {"fillmissing", &Parser::fillmissing},
            {"filter", &Parser::filter},
            {"filterindex", &Parser::filter_index},
            {"head", &Parser::limit},
            {"join", &Parser::join},
            {"limit", &Parser::limit},
            {"logcompare", &Parser::logcompare},
            {"lookup", &Parser::lookup},
            {"order", &Parser::sort},
            {"outlier", &Parser::outlier},
            {"parse", &Parser::parse_command},
            {"pattern", &Parser::pattern_command},
            {"sessionize", &Parser::sessionize},
            {"sort", &Parser::sort},
            {"stats", &Parser::stats},
            {"tail", &Parser::tail},
            {"unmask", &Parser::unmask},
            {"unnest", &Parser::unnest},
        };
        const auto* const at =
            std::find_if(std::begin(kRules), std::end(kRules),
                         [&](const Rule& candidate) { return candidate.name == keyword; });
        return at == std::end(kRules) ? nullptr : at;
    }

    Result<Command> command() {
        const std::int64_t begin = token_.span.offset;
        if (token_.kind != TokenKind::kWord) return unexpected_token("a command");
        Command made;
        if (token_.text.starts_with('@')) {
            made.body = SKY_TRY(at_fields());
            made.span = since(begin);
            return made;
        }
        const std::string keyword = lower(token_.text);
        if (keyword == "source") return error_at(token_.span, texts::kSourceFirst);
        const Rule* const rule = rule_of(keyword);
        if (rule == nullptr) return unknown_command();
        keyword_ = rule->name;
        SKY_TRY(advance());
        made.body = SKY_TRY((this->*rule->parse)());
        made.span = since(begin);
        return made;
    }
    std::unexpected<Error> unknown_command() const {
        NearestName nearest(token_.text);
        for (const CommandDef& known : commands()) nearest.consider(known.name);
        const std::string what =
            nearest.name().empty()
                ? fmt::format(texts::kUnknownCommand, token_.text)
                : fmt::format(texts::kUnknownCommandNear, token_.text, nearest.name());
        return error_at(token_.span, what);
    }

    // A stage that is only names beginning with "@" reads as fields.
    Result<Body> at_fields() {
        FieldsCommand made;
        while (true) {
            if (token_.kind != TokenKind::kWord || !token_.text.starts_with('@')) {
                return unexpected_token("a name with @");
            }
            begin_label();
            Item item;
            item.expr = SKY_TRY(primary());
            item.label = end_label(item.expr);
            made.items.push_back(std::move(item));
            if (!SKY_TRY(accept_symbol(","))) return made;
        }
    }

    enum class Star : std::uint8_t { kAllowed, kRefused };
    Result<std::vector<Item>> items(Star star) {
        std::vector<Item> list;
        while (true) {
            Item item;
            if (star == Star::kAllowed && symbol("*")) {
                item.star = true;
                item.expr.span = token_.span;
                SKY_TRY(advance());
            } else {
                begin_label();
                item.expr = SKY_TRY(expression());
                item.label = end_label(item.expr);
                Name alias = SKY_TRY(optional_alias());
                item.alias = std::move(alias.text);
                item.alias_span = alias.span;
            }
            list.push_back(std::move(item));
            if (!SKY_TRY(accept_symbol(","))) return list;
        }
    }
    /// "as name", or an empty name.
    Result<Name> optional_alias() {
        if (!SKY_TRY(accept_word("as"))) return Name{};
        return name();
    }

    // Commands of events and columns ---------------------------------------------------------
    Result<Body> fields() { return FieldsCommand{false, SKY_TRY(items(Star::kAllowed))}; }
    Result<Body> display() { return FieldsCommand{true, SKY_TRY(items(Star::kAllowed))}; }
    Result<Body> filter() { return FilterCommand{false, SKY_TRY(expression())}; }
    Result<Body> filter_index() {
        FilterCommand made{true, SKY_TRY(expression())};
        if (is_index_condition(made.condition)) return made;
        return error_at(made.condition.span, texts::kIndexCondition);
    }
    Result<Body> stats() {
        StatsCommand made;
        made.aggregates = SKY_TRY(items(Star::kRefused));
        if (SKY_TRY(accept_word("by"))) made.by = SKY_TRY(items(Star::kRefused));
        if (SKY_TRY(accept_word("offset"))) {
            made.offset_span = token_.span;
            made.offset = SKY_TRY(period_text());
        }
        return made;
    }
    Result<Body> sort() {
        SortCommand made;
        if (word("by")) SKY_TRY(advance());
        while (true) {
            SortKey key;
            begin_label();
            key.expr = SKY_TRY(expression());
            key.label = end_label(key.expr);
            if (word("desc")) {
                key.descending = true;
                SKY_TRY(advance());
            } else if (word("asc")) {
                SKY_TRY(advance());
            }
            made.keys.push_back(std::move(key));
            if (!SKY_TRY(accept_symbol(","))) return made;
        }
    }
    Result<Body> limit() { return bounded(false); }
    Result<Body> tail() { return bounded(true); }
    Result<Body> bounded(bool from_end) {
        LimitCommand made;
        made.tail = from_end;
        made.any = SKY_TRY(accept_word("any"));
        if (token_.kind != TokenKind::kNumber) return unexpected_token("a number");
        if (!read_integer(token_.text, 1, kLimitMax, made.count)) {
            return error_at(token_.span, fmt::format(texts::kLimit, kLimitMax, token_.text));
        }
        SKY_TRY(advance());
        return made;
    }
    Result<Body> dedup() { return DedupCommand{SKY_TRY(names(Names::kFields))}; }
    Result<Body> unmask() { return UnmaskCommand{SKY_TRY(names(Names::kFields))}; }
    Result<Body> count_frequent() { return CountFrequentCommand{SKY_TRY(names(Names::kFields))}; }
    Result<Body> pattern_command() { return PatternCommand{SKY_TRY(expression())}; }
    Result<Body> anomaly() { return AnomalyCommand{}; }

    Result<Body> parse_command() {
        ParseCommand made;
        const auto at_mode = [&] { return word("logfmt") || word("csv"); };
        if (token_.kind != TokenKind::kString && !symbol("/") && !at_mode()) {
            begin_label();
            made.has_source = true;
            made.source = SKY_TRY(postfix());
            made.source_label = end_label(made.source);
        }
        if (at_mode()) {
            made.mode = word("csv") ? ParseMode::kCsv : ParseMode::kLogfmt;
            SKY_TRY(advance());
            if (!SKY_TRY(accept_word("as"))) return unexpected_token("as");
            made.aliases = SKY_TRY(names(Names::kAliases));
            if (made.mode == ParseMode::kCsv || made.aliases.size() == 1) return made;
            return error_at(made.aliases[1].span,
                            fmt::format(texts::kOneAlias, made.aliases.size()));
        }
        if (token_.kind != TokenKind::kString && !symbol("/")) {
            return unexpected_token("a glob, a regex, logfmt or csv");
        }
        made.pattern = SKY_TRY(pattern());
        if (SKY_TRY(accept_word("as"))) made.aliases = SKY_TRY(names(Names::kAliases));
        return made;
    }

    Result<Body> diff() {
        DiffCommand made;
        if (token_.kind != TokenKind::kWord) return made;
        using enum DiffCommand::Window;
        if (word("previousday")) {
            made.window = kDay;
        } else if (word("previousweek")) {
            made.window = kWeek;
        } else if (word("previousmonth")) {
            made.window = kMonth;
        } else {
            return unexpected_token("previousDay, previousWeek or previousMonth");
        }
        SKY_TRY(advance());
        return made;
    }
    Result<Body> logcompare() {
        DiffCommand made;
        made.window = DiffCommand::Window::kPeriod;
        if (!SKY_TRY(accept_word("timeshift"))) return unexpected_token("timeshift");
        static_cast<void>(SKY_TRY(accept_symbol("=")));
        made.period_span = token_.span;
        made.period = SKY_TRY(period_text());
        return made;
    }

    // Commands of rows in their order --------------------------------------------------------
    Result<Body> unnest() {
        UnnestCommand made;
        made.field = SKY_TRY(postfix());
        if (!SKY_TRY(accept_word("into"))) return unexpected_token("into");
        made.alias = SKY_TRY(name());
        return made;
    }
    Result<Body> expand() {
        UnnestCommand made;
        made.field = SKY_TRY(postfix());
        if (made.field.kind == Expr::Kind::kField) return made;
        return error_at(made.field.span, texts::kFieldNeeded);
    }
    Result<Body> accum() {
        AccumCommand made;
        made.field = SKY_TRY(field_name());
        made.alias = SKY_TRY(optional_alias());
        return made;
    }
    Result<Body> autoregress() {
        AutoregressCommand made;
        made.field = SKY_TRY(field_name());
        made.alias = SKY_TRY(optional_alias());
        if (!word("p")) return made;
        const std::int64_t begin = token_.span.offset;
        SKY_TRY(advance());
        SKY_TRY(expect_symbol("="));
        bool good = token_.kind == TokenKind::kNumber &&
                    read_integer(token_.text, 1, kAutoregressMax, made.first);
        SKY_TRY(advance());
        made.last = made.first;
        if (good && SKY_TRY(accept_symbol("-"))) {
            good = token_.kind == TokenKind::kNumber &&
                   read_integer(token_.text, made.first, kAutoregressMax, made.last);
            SKY_TRY(advance());
        }
        if (good) return made;
        return error_at(since(begin), fmt::format(texts::kAutoregress, kAutoregressMax));
    }
    /// Field names between blanks or commas, up to whatever is none. "cpu*" where stars count.
    Result<std::vector<Name>> loose_names(Star star) {
        std::vector<Name> list;
        while (at_name() || (star == Star::kAllowed && symbol("*"))) {
            Name made;
            made.span = token_.span;
            if (at_name()) made = SKY_TRY(field_name());
            if (star == Star::kAllowed && symbol("*") &&
                (made.text.empty() || token_.span.offset == last_end_)) {
                made.text += '*';
                SKY_TRY(advance());
            }
            list.push_back(std::move(made));
            if (SKY_TRY(accept_symbol(",")) && !at_name()) return unexpected_token("a name");
        }
        return list;
    }
    Result<Body> filldown() { return FilldownCommand{SKY_TRY(loose_names(Star::kAllowed))}; }
    Result<Body> fillmissing() {
        FillmissingCommand made;
        if (!SKY_TRY(accept_word("with"))) return made;
        do {
            FillmissingCommand::Fill fill;
            fill.value = SKY_TRY(literal());
            if (!SKY_TRY(accept_word("for"))) return unexpected_token("for");
            fill.field = SKY_TRY(field_name());
            made.fills.push_back(std::move(fill));
        } while (SKY_TRY(accept_symbol(",")));
        return made;
    }
    Result<Expr> literal() {
        const bool negative = symbol("-");
        Expr made = SKY_TRY(expression());
        const Expr& value = negative && !made.args.empty() ? made.args[0] : made;
        if (value.kind == Expr::Kind::kNumber || value.kind == Expr::Kind::kString ||
            value.kind == Expr::Kind::kBoolean) {
            return made;
        }
        return error_at(made.span, "a number or a text is needed");
    }
    Result<Body> sessionize() {
        SessionizeCommand made;
        made.fields = SKY_TRY(names(Names::kFields));
        if (SKY_TRY(accept_word("maxspan"))) {
            static_cast<void>(SKY_TRY(accept_symbol("=")));
            made.maxspan_span = token_.span;
            made.maxspan = SKY_TRY(period_text());
        }
        made.alias = SKY_TRY(optional_alias());
        return made;
    }

    // Commands with options ------------------------------------------------------------------
    bool at_option() const { return token_.kind == TokenKind::kWord && symbol_follows("="); }
    /// The option's name in lower case; its value is the next token.
    Result<Name> option() {
        Name made{lower(token_.text), token_.span};
        SKY_TRY(advance());
        SKY_TRY(advance());
        return made;
    }
    std::unexpected<Error> unknown_option(const Name& made, std::string_view known) const {
        return error_at(made.span, fmt::format(texts::kOption, made.text, keyword_, known));
    }
    std::unexpected<Error> bad_value(const Name& made, std::string_view values) const {
        return error_at(token_.span,
                        fmt::format(texts::kOptionValue, made.text, values, token_.text));
    }
    Result<bool> truth(const Name& made) {
        const std::string value = lower(token_.text);
        if (value != "true" && value != "false") return bad_value(made, "true or false");
        SKY_TRY(advance());
        return value == "true";
    }

    Result<Body> addtotals() {
        AddtotalsCommand made;
        while (at_option()) {
            const Name key = SKY_TRY(option());
            if (key.text == "fieldname") {
                made.fieldname = SKY_TRY(name());
            } else if (key.text == "row") {
                made.row = SKY_TRY(truth(key));
            } else if (key.text == "col") {
                made.column = SKY_TRY(truth(key));
            } else {
                return unknown_option(key, "fieldname, row and col");
            }
        }
        made.fields = SKY_TRY(loose_names(Star::kRefused));
        return made;
    }
    Result<Body> outlier() {
        OutlierCommand made;
        made.param.kind = Expr::Kind::kStar;
        while (at_option()) {
            const Name key = SKY_TRY(option());
            if (key.text == "action") {
                if (!word("remove") && !word("transform")) {
                    return bad_value(key, "remove or transform");
                }
                made.transform = word("transform");
                SKY_TRY(advance());
            } else if (key.text == "param") {
                if (token_.kind != TokenKind::kNumber) return bad_value(key, "a number");
                made.param = SKY_TRY(primary());
                if (made.param.kind != Expr::Kind::kNumber) return bad_value(key, "a number");
            } else if (key.text == "uselower") {
                made.use_lower = SKY_TRY(truth(key));
            } else if (key.text == "mark") {
                made.mark = SKY_TRY(truth(key));
            } else {
                return unknown_option(key, "action, param, uselower and mark");
            }
        }
        made.fields = SKY_TRY(loose_names(Star::kRefused));
        if (made.fields.empty()) return unexpected_token("a field");
        return made;
    }

    // Commands with a second input -----------------------------------------------------------
    Result<SubQuery> subquery() {
        if (!symbol("(")) return unexpected_token("( and a query");
        SKY_TRY(enter());
        SKY_TRY(advance());
        SubQuery made;
        made.query = std::make_shared<const Query>(SKY_TRY(nested_query()));
        SKY_TRY(expect_symbol(")"));
        leave();
        return made;
    }
    Result<Body> appendcols() {
        AppendcolsCommand made;
        while (at_option()) {
            const Name key = SKY_TRY(option());
            if (key.text == "override") {
                made.override_fields = SKY_TRY(truth(key));
            } else if (key.text == "max") {
                if (token_.kind != TokenKind::kNumber ||
                    !read_integer(token_.text, 1, kAppendcolsMax, made.rows_max)) {
                    return bad_value(key, fmt::format("1 to {}", kAppendcolsMax));
                }
                SKY_TRY(advance());
            } else {
                return unknown_option(key, "override and max");
            }
        }
        made.query = SKY_TRY(subquery());
        return made;
    }
    Result<Body> join() {
        JoinCommand made;
        while (!word("where") && at_option()) {
            const Name key = SKY_TRY(option());
            if (key.text == "type") {
                if (!word("inner") && !word("left")) return bad_value(key, "inner or left");
                made.keep_left = word("left");
                SKY_TRY(advance());
            } else if (key.text == "left") {
                made.left = SKY_TRY(name());
            } else if (key.text == "right") {
                made.right = SKY_TRY(name());
            } else {
                return unknown_option(key, "type, left and right");
            }
        }
        if (!SKY_TRY(accept_word("where"))) return unexpected_token("where");
        do {
            JoinCommand::Key key;
            key.left = SKY_TRY(name());  // No field_name(): "b.id (…" would read as a call.
            if (!symbol("==")) {
                SKY_TRY(expect_symbol("="));
            } else {
                SKY_TRY(advance());
            }
            key.right = SKY_TRY(name());
            made.keys.push_back(std::move(key));
        } while (SKY_TRY(accept_word("and")));
        made.query = SKY_TRY(subquery());
        return made;
    }
    Result<Body> lookup() {
        LookupCommand made;
        made.table = SKY_TRY(name());
        do {
            LookupCommand::Key key;
            key.column = SKY_TRY(name());
            key.field = key.column;
            if (SKY_TRY(accept_word("as"))) key.field = SKY_TRY(field_name());
            made.keys.push_back(std::move(key));
        } while (SKY_TRY(accept_symbol(",")));
        if (!SKY_TRY(accept_word("output"))) return unexpected_token("OUTPUT");
        made.outputs = SKY_TRY(names(Names::kAliases));
        return made;
    }

    std::string_view keyword_;  // Of the command that is read; a row of kRules.
};

}  // namespace

Result<Query> parse(std::string_view text) {
    if (count_characters(text) > kQueryCharactersMax) {
        return fail(ErrorCode::kMalformedQuery,
                    fmt::format(texts::kQueryTooLong, kQueryCharactersMax), 0,
                    static_cast<std::int64_t>(text.size()));
    }
    return Parser(text).query();
}

}  // namespace sky::insights
