// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "insights/syntax/commands.h"
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
        {"SOURCE \"lg\" START=1767225600000 END=1767225699999 | fields @message",
         "SOURCE logGroups(logGroupIdentifier: [\"lg\"]) start=1767225600000 end=1767225699999 | "
         "fields `@message`"},
        {"SOURCE 'a' | SOURCE b, 'c' START=-604800s END=0s | limit 1",
         "SOURCE logGroups(logGroupIdentifier: [\"a\"]) logGroups(logGroupIdentifier: [\"b\", "
         "\"c\"]) start=-604800000ms end=0ms | limit 1"},
        {"source lg start=-1d end=now",
         "SOURCE logGroups(logGroupIdentifier: [\"lg\"]) "
         "start=-86400000ms end=0ms"},
        {"SOURCE logGroups() | fields @timestamp,ltrim(@log) as l|limit 1",
         "SOURCE logGroups() | fields `@timestamp`, ltrim(`@log`) as `l` | limit 1"},
        {"SOURCE logGroups(namePrefix: ['a','b'], class: ['INFREQUENT_ACCESS'], "
         "accountIdentifier: ['111122223333']) | limit 1",
         "SOURCE logGroups(namePrefix: [\"a\", \"b\"], class: [\"INFREQUENT_ACCESS\"], "
         "accountIdentifiers: [\"111122223333\"]) | limit 1"},
        {"SOURCE dataSource(['name.type']) logGroups(logGroupIdentifier: ['a', "
         "'arn:aws:logs:r:1:log-group:b']) | limit 1",
         "SOURCE dataSource([\"name.type\"]) logGroups(logGroupIdentifier: [\"a\", "
         "\"arn:aws:logs:r:1:log-group:b\"]) | limit 1"},
        {"SOURCE logGroups(class: \"STANDARD\", namePrefix: []) START=-3600s END=0s | limit 1",
         "SOURCE logGroups(class: [\"STANDARD\"]) start=-3600000ms end=0ms | limit 1"},
        {"SOURCE logGroupTags([{key: 'team', values: ['t1', '!x*']}]) | limit 1",
         "SOURCE logGroups(tags: [{key: \"team\", values: [\"t1\", \"!x*\"]}]) | limit 1"},
        {"filterIndex a = \"x\" and b in [1]", "filterIndex `a` = \"x\" and `b` in [1]"},
        {"stats count(*) by bin(1h) offset 1 day", "stats count(*) by bin(1h) offset 1day"},
        {"parse logfmt as lf | parse m csv as a, b",
         "parse logfmt as `lf` | parse `m` csv as `a`, `b`"},
        {"pattern @message | diff | diff previousWeek | anomaly",
         "pattern `@message` | diff | diff previousWeek | anomaly"},
        {"logcompare timeshift 7d", "logcompare timeshift 7d"},
        {"unmask a, b | unnest j.x into e | expand f",
         "unmask `a`, `b` | unnest `j.x` into `e` | expand `f`"},
        {"lookup users id as userId, r OUTPUT name, email",
         "lookup `users` `id` as `userId`, `r` as `r` OUTPUT `name`, `email`"},
        {"join type=left left=api right=infra where api.id = infra.id and api.x=infra.y (SOURCE "
         "'/aws/infra' | filter a=1)",
         "join type=left left=`api` right=`infra` where `api.id` = `infra.id` and `api.x` = "
         "`infra.y` (SOURCE logGroups(logGroupIdentifier: [\"/aws/infra\"]) | filter `a` = 1)"},
        {"filter a not in (SOURCE 'x' | fields b) and c = 1",
         "filter `a` not in (SOURCE logGroups(logGroupIdentifier: [\"x\"]) | fields `b`) and `c` "
         "= 1"},
        {"appendcols max=5 (stats count(*))", "appendcols override=false max=5 (stats count(*))"},
        {"addtotals fieldname=Sum col=true a, b",
         "addtotals fieldname=`Sum` row=true col=true `a`, `b`"},
        {"addtotals", "addtotals row=true col=false"},
        {"accum bytes AS total | accum x", "accum `bytes` as `total` | accum `x`"},
        {"autoregress bytes p=1-4 | autoregress b as c",
         "autoregress `bytes` p=1-4 | autoregress `b` as `c` p=1-1"},
        {"count_frequent a, b | countFrequent c", "countFrequent `a`, `b` | countFrequent `c`"},
        {"filldown | filldown host cpu* *", "filldown | filldown `host` `cpu`* *"},
        {"fillmissing | fillmissing with 0 for a, -1.5 for b, 'x' for c",
         "fillmissing | fillmissing with 0 for `a`, - 1.5 for `b`, \"x\" for `c`"},
        {"outlier action=transform param=2.5 uselower=TRUE mark=true a b",
         "outlier action=transform param=2.5 uselower=true mark=true `a` `b`"},
        {"sessionize u, d maxspan 1h AS s", "sessionize `u`, `d` maxspan 1h as `s`"},
        {"  fields a  |  \n\n  filter b = 1   \n\n", "fields `a` | filter `b` = 1"},
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
         "unexpected symbol found ), expected a value at line 1 and position 38"},
        {"fields @timestamp | stats", 25, 0,
         "unexpected symbol found <EOF>, expected a value at line 1 and position 25"},
        {"fields a |", 10, 0,
         "unexpected symbol found <EOF>, expected a command at line 1 and position 10"},
        {"fields a | | limit 1", 11, 1,
         "unexpected symbol found |, expected a command at line 1 and position 11"},
        {"fields a || limit 1", 12, 5, "unexpected symbol found limit at line 1 and position 12"},
        {"|| fields a", 0, 2,
         "unexpected symbol found ||, expected a command at line 1 and position 0"},
        {"fields a\n| bogus b", 11, 5, "unknown command bogus at line 2 and position 2"},
        {"fields a | stat count(*)", 11, 4,
         "unknown command stat; did you mean stats? at line 1 and position 11"},
        {"fields a | relevantfields", 11, 14,
         "unknown command relevantfields at line 1 and position 11"},
        {"duration, @message", 0, 8, "unknown command duration at line 1 and position 0"},
        {"@message, duration", 10, 8,
         "unexpected symbol found duration, expected a name with @ at line 1 and position 10"},
        {"fields a b", 9, 1,
         "unexpected symbol found b, expected | or the end at line 1 and position 9"},
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
        {"fields a | SOURCE 'b'", 11, 6,
         "SOURCE stands in front of every other command at line 1 and position 11"},
        {"SOURCE logGroups(nameprefx: ['a']) | limit 1", 17, 9,
         "unknown argument nameprefx of logGroups; it takes namePrefix, logGroupIdentifier, class, "
         "accountIdentifiers and tags at line 1 and position 17"},
        {"SOURCE logGroups(class: ['DELIVERY']) | limit 1", 24, 12,
         "a class is STANDARD or INFREQUENT_ACCESS, not DELIVERY at line 1 and position 24"},
        {"SOURCE logGroups(namePrefix: ['a','b','c','d','e','f'])", 29, 25,
         "SOURCE takes at most 5 prefixes at line 1 and position 29"},
        {"SOURCE a start=1mo", 15, 3,
         "a time is epoch milliseconds, now, or a period such as -1d at line 1 and position 15"},
        {"SOURCE a start=-5", 15, 2,
         "a time is epoch milliseconds, now, or a period such as -1d at line 1 and position 15"},
        {"SOURCE a start=-1d | SOURCE b start=-2d", 36, 3,
         "the SOURCE stages name different times at line 1 and position 36"},
        {"filter a in (1, 2)", 12, 1,
         "a list stands in brackets, in [1, 2]; in parentheses a query is expected at line 1 and "
         "position 12"},
        {"filter a in (fields b", 21, 0,
         "unexpected symbol found <EOF>, expected | or ) at line 1 and position 21"},
        {"filter a ~= /x/", 9, 2,
         "unexpected symbol found ~=; a regular expression is matched with =~ at line 1 and "
         "position 9"},
        {"stats count(distinct a)", 6, 5,
         "count(distinct x) is written count_distinct(x) at line 1 and position 6"},
        {"filter a = {{b}}", 11, 5,
         "the parameter {{b}} has no value; parameters are filled in by saved queries at line 1 "
         "and position 11"},
        {"parse @message logfmt as a, b", 28, 1,
         "parse logfmt takes one alias, not 2 at line 1 and position 28"},
        {"stats count(*) by bin(1m) offset 1", 33, 1,
         "a period such as 30s or 5m is needed at line 1 and position 33"},
        {"join type=outer where a = b (fields b)", 10, 5,
         "type is inner or left, not outer at line 1 and position 10"},
        {"outlier size=1 a", 8, 4,
         "unknown option size; outlier takes action, param, uselower and mark at line 1 and "
         "position 8"},
        {"autoregress a p=0", 14, 3,
         "p is a number from 1 to 100 or a range such as 1-4 at line 1 and position 14"},
        {"filterIndex a > 1", 12, 5,
         "filterIndex takes field = value and field in [...], joined with and at line 1 and "
         "position 12"},
        {"dedup f(x)", 6, 4, "a field name is needed at line 1 and position 6"},
        {"filter a not b", 13, 1,
         "unexpected symbol found b, expected like or in at line 1 and position 13"},
        {"fields items[x]", 13, 1, "unexpected symbol found x at line 1 and position 13"},
        {"fields *, a limit 1", 12, 5,
         "unexpected symbol found limit, expected | or the end at line 1 and position 12"},
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

TEST_CASE("parse: every command of the table is read") {
    for (const CommandDef& command : commands()) {
        CAPTURE(command.name);
        CHECK(!command.syntax.empty());
        CHECK(!command.help.empty());
        if (command.example.empty()) continue;
        const auto tree = parse(command.example);
        if (!tree) FAIL_CHECK(tree.error().message);
    }
    CHECK(find_command("countfrequent") != nullptr);
    CHECK(find_command("relevantfields") == nullptr);
    for (const char* text : {"head 1", "order a", "count_frequent a"}) CHECK(parse(text));
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
