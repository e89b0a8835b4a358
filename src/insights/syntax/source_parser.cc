// SPDX-License-Identifier: Apache-2.0
#include "insights/syntax/source_parser.h"

#include <fmt/format.h>

#include <charconv>

#include "insights/syntax/limits.h"
#include "insights/syntax/texts.h"

namespace sky::insights {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t ms;
};
// Months and years have no length of their own.
constexpr Unit kUnits[] = {
    {"ms", 1},          {"msec", 1},         {"millisecond", 1}, {"s", 1'000},
    {"sec", 1'000},     {"second", 1'000},   {"m", 60'000},      {"min", 60'000},
    {"minute", 60'000}, {"h", 3'600'000},    {"hr", 3'600'000},  {"hour", 3'600'000},
    {"d", 86'400'000},  {"day", 86'400'000}, {"w", 604'800'000}, {"week", 604'800'000},
};
constexpr std::int64_t kPeriodMax = 10'000'000'000;        // Ours: no product overflows.
constexpr std::int64_t kEpochMsMax = 253'402'300'799'999;  // Year 9999.

std::optional<std::int64_t> period_ms(std::string_view text) {
    const std::size_t unit_at = text.find_first_not_of("0123456789");
    if (unit_at == std::string_view::npos) return std::nullopt;
    std::int64_t count = 0;
    if (!read_integer(text.substr(0, unit_at), 0, kPeriodMax, count)) return std::nullopt;
    std::string unit = lower(text.substr(unit_at));
    if (unit.size() > 2 && unit.back() == 's') unit.pop_back();
    for (const Unit& known : kUnits) {
        if (known.name == unit) return count * known.ms;
    }
    return std::nullopt;
}

}  // namespace

bool read_integer(std::string_view text, std::int64_t least, std::int64_t most, std::int64_t& out) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, out);
    return read.ptr == end && read.ec == std::errc() && out >= least && out <= most;
}

Status SourceParser::source_stage(std::optional<SourceClause>& clause) {
    if (!clause) clause.emplace();
    const std::int64_t begin = token_.span.offset;
    SKY_TRY(advance());
    if (symbol_follows("(")) {
        while (token_.kind == TokenKind::kWord && symbol_follows("(")) {
            if (word("loggroups") || word("loggrouptags")) {
                SKY_TRY(log_groups(*clause));
            } else if (word("datasource")) {
                SKY_TRY(data_sources(*clause));
            } else {
                return unexpected_token("logGroups or dataSource");
            }
            static_cast<void>(SKY_TRY(accept_symbol(",")));
        }
    } else {
        SourceClause::Groups groups;
        do {
            const std::string name = SKY_TRY(text_value());
            groups.identifiers.push_back(name);
            if (groups.identifiers.size() > kSourceNamesMax) {
                return error_at(since(begin),
                                fmt::format(texts::kSourceTooMany, kSourceNamesMax, "log groups"));
            }
        } while (SKY_TRY(accept_symbol(",")));
        clause->groups.push_back(std::move(groups));
    }
    while (word("start") || word("end")) {
        const bool start = word("start");
        SKY_TRY(advance());
        SKY_TRY(expect_symbol("="));
        SKY_TRY(time(start ? clause->start : clause->end));
    }
    clause->span = since(begin);
    return {};
}

/// A text in quotes, or a bare name.
Result<std::string> SourceParser::text_value() {
    if (token_.kind != TokenKind::kString && !at_name()) return unexpected_token("a log group");
    std::string text = token_.text;
    SKY_TRY(advance());
    return text;
}

/// `['a', 'b']`, or one text.
Result<std::vector<std::string>> SourceParser::texts_list() {
    std::vector<std::string> list;
    if (!SKY_TRY(accept_symbol("["))) {
        list.push_back(SKY_TRY(text_value()));
        return list;
    }
    while (!symbol("]")) {
        list.push_back(SKY_TRY(text_value()));
        if (!SKY_TRY(accept_symbol(","))) break;
    }
    SKY_TRY(expect_symbol("]"));
    return list;
}

Status SourceParser::log_groups(SourceClause& clause) {
    SourceClause::Groups groups;
    const bool tags_only = word("loggrouptags");
    SKY_TRY(advance());
    SKY_TRY(expect_symbol("("));
    if (tags_only) {
        SKY_TRY(tags(groups.tags));
    } else {
        while (!symbol(")")) {
            SKY_TRY(log_groups_argument(groups));
            if (!SKY_TRY(accept_symbol(","))) break;
        }
    }
    clause.groups.push_back(std::move(groups));
    return expect_symbol(")");
}

Status SourceParser::log_groups_argument(SourceClause::Groups& groups) {
    if (token_.kind != TokenKind::kWord || !symbol_follows(":")) {
        // A bare list names groups, as dataSource's does.
        if (!symbol("[") && token_.kind != TokenKind::kString) {
            return unexpected_token("an argument such as namePrefix:");
        }
        groups.identifiers = SKY_TRY(texts_list());
        return {};
    }
    const Name key{lower(token_.text), token_.span};
    SKY_TRY(advance());
    SKY_TRY(advance());
    if (key.text == "tags" || key.text == "loggrouptags") return tags(groups.tags);
    const std::int64_t begin = token_.span.offset;
    std::vector<std::string> list = SKY_TRY(texts_list());
    const auto bounded = [&](std::size_t most, std::string_view what) -> Status {
        if (list.size() <= most) return {};
        return error_at(since(begin), fmt::format(texts::kSourceTooMany, most, what));
    };
    if (key.text == "nameprefix" || key.text == "nameprefixes") {
        SKY_TRY(bounded(kSourcePrefixesMax, "prefixes"));
        groups.prefixes = std::move(list);
    } else if (key.text == "loggroupidentifier" || key.text == "loggroupidentifiers") {
        SKY_TRY(bounded(kSourceNamesMax, "log groups"));
        groups.identifiers = std::move(list);
    } else if (key.text == "accountidentifier" || key.text == "accountidentifiers") {
        SKY_TRY(bounded(kSourceAccountsMax, "accounts"));
        groups.accounts = std::move(list);
    } else if (key.text == "class" || key.text == "loggroupclass") {
        for (const std::string& name : list) {
            if (name != "STANDARD" && name != "INFREQUENT_ACCESS") {
                return error_at(since(begin), fmt::format(texts::kSourceClass, name));
            }
        }
        groups.classes = std::move(list);
    } else {
        return error_at(key.span, fmt::format(texts::kSourceArgument, key.text));
    }
    return {};
}

/// `[{key: 'team', values: ['a', '!b*']}, …]`
Status SourceParser::tags(std::vector<SourceClause::Tag>& list) {
    SKY_TRY(expect_symbol("["));
    while (!symbol("]")) {
        SKY_TRY(expect_symbol("{"));
        SourceClause::Tag tag;
        while (!symbol("}")) {
            const bool key = word("key");
            if (!key && !word("values") && !word("value")) return unexpected_token("key or values");
            SKY_TRY(advance());
            SKY_TRY(expect_symbol(":"));
            if (key) {
                tag.key = SKY_TRY(text_value());
            } else {
                tag.values = SKY_TRY(texts_list());
            }
            if (!SKY_TRY(accept_symbol(","))) break;
        }
        if (tag.key.empty()) return unexpected_token("key");
        SKY_TRY(expect_symbol("}"));
        list.push_back(std::move(tag));
        if (!SKY_TRY(accept_symbol(","))) break;
    }
    return expect_symbol("]");
}

Status SourceParser::data_sources(SourceClause& clause) {
    SKY_TRY(advance());
    SKY_TRY(expect_symbol("("));
    const std::int64_t begin = token_.span.offset;
    std::vector<std::string> list = SKY_TRY(texts_list());
    clause.has_data = true;
    clause.data.insert(clause.data.end(), list.begin(), list.end());
    if (clause.data.size() > kSourceDataMax) {
        return error_at(since(begin),
                        fmt::format(texts::kSourceTooMany, kSourceDataMax, "data sources"));
    }
    return expect_symbol(")");
}

Status SourceParser::time(std::optional<SourceTime>& known) {
    const std::int64_t begin = token_.span.offset;
    SourceTime made;
    if (SKY_TRY(accept_word("now"))) {
        made.relative = true;
    } else {
        const bool negative = SKY_TRY(accept_symbol("-"));
        std::optional<std::int64_t> ms;
        if (token_.kind == TokenKind::kPeriod) {
            ms = period_ms(token_.text);
            made.relative = true;
        } else if (token_.kind == TokenKind::kNumber) {
            std::int64_t value = 0;
            if (read_integer(token_.text, 0, kEpochMsMax, value)) ms = value;
        }
        SKY_TRY(advance());
        // An instant is no distance, and a distance goes back.
        if (!ms || (!made.relative && negative)) return error_at(since(begin), texts::kSourceTime);
        made.ms = negative ? -*ms : *ms;
    }
    if (known && *known != made) return error_at(since(begin), texts::kSourceTimes);
    known = made;
    return {};
}

}  // namespace sky::insights
