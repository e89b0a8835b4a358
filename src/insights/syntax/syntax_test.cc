// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "insights/syntax/lexer.h"
#include "insights/syntax/limits.h"
#include "insights/syntax/parser.h"

using namespace sky::insights;

namespace {
constexpr const char* kSeed =
    "@message\n"
    "| PARSE @message \"[*] * * * *\" as logger, method, view, duration, status_code\n"
    "| STATS avg(duration) as avg_duration by method, view, status_code, bin(30s)";
}

TEST_CASE("parse: text -> printed tree") {
    struct Case {
        const char* text;
        const char* printed;
    };
    static constexpr Case kCases[] = {
        {"", ""},
        {" # only a comment", ""},
        {"@message", "fields `@message`"},
        {"@timestamp, @message", "fields `@timestamp`, `@message`"},
        {"| fields a", "fields `a`"},
        {"FIELDS a AS b,c.d.0", "fields `a` as `b`, `c.d.0`"},
        {"fields *", "fields *"},
        {"fields `foo-bar`, foo-bar", "fields `foo-bar`, `foo` - `bar`"},
        {"fields js.`user-agent`, items[0].id", "fields `js.user-agent`, `items.0.id`"},
        {"fields jsonParse(@message).a[2].`b c`", "fields jsonParse(`@message`).`a.2.b c`"},
        {"fields 1+2*3^2^2 % 4 - -x", "fields 1 + 2 * 3 ^ 2 ^ 2 % 4 - - `x`"},
        {"fields (1+2)*3", "fields (1 + 2) * 3"},
        {"fields 10/2/x", "fields 10 / 2 / `x`"},
        {"fields .5, 1e3, 1.2E-3, 12.5", "fields .5, 1e3, 1.2E-3, 12.5"},
        {"filter a = 1 and not b like /x\\/y/ or c in [1, 'z'] # end",
         "filter `a` = 1 and not `b` like /x\\/y/ or `c` in [1, \"z\"]"},
        {"filter a == 1 && b <> 2 || c !~ \"q\"", "filter `a` = 1 and `b` != 2 or `c` !~ \"q\""},
        {"filter a not like 'x' and b not in []", "filter `a` not like \"x\" and `b` not in []"},
        {"filter @message =~ /(?i)err/", "filter `@message` =~ /(?i)err/"},
        {"filter @message like /a\n|b/", "filter `@message` like /a\n|b/"},
        {"filter a like concat('x', b)", "filter `a` like concat(\"x\", `b`)"},
        {"stats count(*), avg(a) as m by bin(5 minutes), b as c",
         "stats count(*), avg(`a`) as `m` by bin(5minutes), `b` as `c`"},
        {"stats count() by bin(300S)", "stats count() by bin(300S)"},
        {"sort by a desc, b asc, count(*)", "sort `a` desc, `b` asc, count(*) asc"},
        {"order a", "sort `a` asc"},
        {"limit 5 | head 6 | tail 7 | limit any 8", "limit 5 | limit 6 | tail 7 | limit any 8"},
        {"parse \"* *\" as a, b", "parse \"* *\" as `a`, `b`"},
        {"parse /(?<a>x)/", "parse /(?<a>x)/"},
        {"parse a.b /(x)/ as y", "parse `a.b` /(x)/ as `y`"},
        {"parse concat(a,b) '*' as @user", "parse concat(`a`, `b`) \"*\" as `@user`"},
        {"dedup a, `b c`, d[0]", "dedup `a`, `b c`, `d.0`"},
        {"fields 'C:\\temp\\x\\'\\\\'", "fields \"C:\temp\\\\x'\\\\\""},
        {"fields type, offset, any, true, FALSE", "fields `type`, `offset`, `any`, true, false"},
        {"fields @timestamp,ltrim(@log) as __log__grafana_internal__,ltrim(@logStream) as "
         "__logstream__grafana_internal__|# note | here\nstats count(*)",
         "fields `@timestamp`, ltrim(`@log`) as `__log__grafana_internal__`, "
         "ltrim(`@logStream`) as `__logstream__grafana_internal__` | stats count(*)"},
        {kSeed,
         "fields `@message` | parse `@message` \"[*] * * * *\" as `logger`, `method`, `view`, "
         "`duration`, `status_code` | stats avg(`duration`) as `avg_duration` by `method`, "
         "`view`, `status_code`, bin(30s)"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto tree = parse(c.text);
        if (!tree) FAIL_CHECK(tree.error().message);
        if (!tree) continue;
        const std::string printed = print(*tree);
        CHECK(printed == c.printed);
        const auto again = parse(printed);
        REQUIRE(again);
        CHECK(*again == *tree);
        CHECK(print(*again) == printed);
    }
}

TEST_CASE("parse: column names are the source without the blanks between tokens") {
    struct Case {
        const char* text;
        const char* column;
    };
    static constexpr Case kCases[] = {
        {"fields avg( a + 1 )", "avg(a+1)"},
        {"fields max( @memorySize / 1000 / 1000 )", "max(@memorySize/1000/1000)"},
        {"fields count( * )", "count(*)"},
        {"fields bin( 30 s )", "bin(30s)"},
        {"fields BIN(5m)", "BIN(5m)"},
        {"fields `foo-bar`", "foo-bar"},
        {"fields strcontains(`a b`, 'x y')", "strcontains(`a b`,'x y')"},
        {"fields a . b", "a.b"},
        {"fields x like /a b/", "xlike/a b/"},
        {"fields a # note\n + b", "a+b"},
        {"fields a as b", "b"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto tree = parse(c.text);
        REQUIRE(tree);
        const auto& fields = std::get<FieldsCommand>(tree->commands.at(0).body);
        CHECK(fields.items.at(0).column() == c.column);
    }
}

TEST_CASE("parse: errors point at the fault") {
    struct Case {
        const char* text;
        std::int64_t offset, length;
        const char* message;
    };
    static constexpr Case kCases[] = {
        {"fields @timestamp | stats count(*) by )", 38, 1,
         "unexpected symbol found ) at line 1 and position 38"},
        {"fields @timestamp | stats", 25, 0,
         "unexpected symbol found <EOF> at line 1 and position 25"},
        {"fields a |", 10, 0, "unexpected symbol found <EOF> at line 1 and position 10"},
        {"fields a | | limit 1", 11, 1, "unexpected symbol found | at line 1 and position 11"},
        {"fields a || limit 1", 12, 5, "unexpected symbol found limit at line 1 and position 12"},
        {"|| fields a", 0, 2, "unexpected symbol found || at line 1 and position 0"},
        {"fields a\n| bogus b", 11, 5, "unexpected symbol found bogus at line 2 and position 2"},
        {"duration, @message", 0, 8, "unexpected symbol found duration at line 1 and position 0"},
        {"@message, duration", 10, 8, "unexpected symbol found duration at line 1 and position 10"},
        {"fields a b", 9, 1, "unexpected symbol found b at line 1 and position 9"},
        {"fields 30x", 7, 3, "unexpected symbol found 30x at line 1 and position 7"},
        {"fields 'é", 7, 3, "unfinished string at line 1 and position 7"},
        {"fields 'é😀', 'x", 17, 2, "unfinished string at line 1 and position 14"},
        {"fields `a", 7, 2, "unfinished field name at line 1 and position 7"},
        {"fields ``", 7, 2, "empty field name at line 1 and position 7"},
        {"fields ?", 7, 1, "unexpected symbol found ? at line 1 and position 7"},
        {"fields é", 7, 2, "unexpected symbol found é at line 1 and position 7"},
        {"filter a like /x", 14, 2, "unfinished regular expression at line 1 and position 14"},
        {"limit 0", 6, 1,
         "a limit is a whole number from 1 to 100000, not 0 at line 1 and position 6"},
        {"limit 100001", 6, 6,
         "a limit is a whole number from 1 to 100000, not 100001 at line 1 and position 6"},
        {"limit 1.5", 6, 3,
         "a limit is a whole number from 1 to 100000, not 1.5 at line 1 and position 6"},
        {"fields limit", 7, 5, "unexpected symbol found limit at line 1 and position 7"},
        {"fields a as sort", 12, 4,
         "the reserved word sort needs backticks at line 1 and "
         "position 12"},
        {"pattern @message", 0, 7,
         "the command 'pattern' is not supported at line 1 and position 0"},
        {"SOURCE 'a' | limit 1", 0, 6,
         "the command 'SOURCE' is not supported at line 1 and position 0"},
        {"filter a in (fields b)", 12, 1, "a subquery is not supported at line 1 and position 12"},
        {"parse @message logfmt as lf", 15, 6,
         "the mode 'logfmt' of parse is not supported at line 1 and position 15"},
        {"stats count(*) by bin(1m) offset 1d", 26, 6,
         "'offset' of stats is not supported at line 1 and position 26"},
        {"dedup f(x)", 6, 4, "a field name is needed at line 1 and position 6"},
        {"filter a not b", 13, 1, "unexpected symbol found b at line 1 and position 13"},
        {"fields items[x]", 13, 1, "unexpected symbol found x at line 1 and position 13"},
        {"fields *, a limit 1", 12, 5, "unexpected symbol found limit at line 1 and position 12"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto tree = parse(c.text);
        REQUIRE(!tree);
        CHECK(tree.error().code == sky::ErrorCode::kMalformedQuery);
        CHECK(tree.error().offset == c.offset);
        CHECK(tree.error().length == c.length);
        CHECK(tree.error().message == c.message);
    }
}

TEST_CASE("parse: bounds") {
    const auto nested = [](std::size_t levels) {
        return "fields " + std::string(levels, '(') + "a" + std::string(levels, ')');
    };
    CHECK(parse(nested(kNestingMax - 1)));
    CHECK(!parse(nested(kNestingMax)));
    CHECK(!parse("fields " + std::string(5'000, '-') + "a"));
    std::string powers = "fields a";
    std::string sums = "fields a";
    for (std::size_t i = 0; i < 2'000; ++i) {
        powers += "^a";
        sums += "+a";
    }
    CHECK(!parse(powers));
    CHECK(!parse(sums));
    std::string chain = "filter a=1";
    while (chain.size() < 9'900) chain += " or a=1";
    CHECK(parse(chain));

    std::string full = "fields a #";
    while (full.size() < kQueryCharactersMax) full += 'x';
    CHECK(parse(full));
    full += 'x';
    CHECK(!parse(full));
    std::string wide = "fields a #";
    while (wide.size() < 2 * kQueryCharactersMax - 10) wide += "é";
    CHECK(parse(wide));  // Characters, not bytes.
}

TEST_CASE("period units: every spelling of section 8.4") {
    static constexpr const char* kUnits[] = {
        "ms",      "msec",   "msecs", "milliseconds", "s",        "secs", "second", "m",     "mins",
        "minutes", "h",      "hrs",   "Hours",        "d",        "days", "w",      "weeks", "mo",
        "mons",    "months", "q",     "qtrs",         "quarters", "y",    "yrs",    "years"};
    for (const char* word : kUnits) {
        CAPTURE(word);
        CHECK(is_period_unit(word));
    }
    for (const char* word : {"ss", "ds", "", "fortnight"}) {
        CAPTURE(word);
        CHECK(!is_period_unit(word));
    }
}
