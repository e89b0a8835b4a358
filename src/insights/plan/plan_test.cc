// SPDX-License-Identifier: Apache-2.0
#include "insights/plan/plan.h"

#include <doctest/doctest.h>

#include <string>

using namespace sky::insights;

TEST_CASE("plan: text -> steps and output") {
    struct Case {
        const char* text;
        const char* plan;
    };
    static constexpr Case kCases[] = {
        {"", "output @timestamp=@timestamp, @message=@message, @ptr=@ptr"},
        {"limit 5", "limit 5\noutput @timestamp=@timestamp, @message=@message, @ptr=@ptr"},
        {"fields @ptr, a | fields a, @log", "output a=?a, @log=@log, @ptr=@ptr"},
        {"fields a as b, b as c | display c, nothing | sort b",
         "sort ?a\noutput c=?a, nothing=?nothing, @ptr=@ptr"},
        // Only what is read is captured; the rest of the columns costs nothing.
        {"@message\n| PARSE @message \"[*] * * * *\" as logger, method, view, duration, "
         "status_code\n| STATS avg(duration) as avg_duration by method, view, status_code, "
         "bin(30s)",
         "parse @message glob - method#2 view#3 duration#4 status_code#5\n"
         "stats avg(`duration`)#11 by method#2 view#3 status_code#5 bin(@timestamp, \"30s\") "
         "(bin)\n"
         "output method=method#6, view=view#7, status_code=status_code#8, bin(30s)=bin(30s)#10, "
         "avg_duration=avg(`duration`)#11"},
        {"parse @message \"* *\" as a, b | fields a as x, strlen(b) as n | display x",
         "parse @message glob a#1 -\noutput x=a#1, @ptr=@ptr"},
        // Filters move in front of work that they do not need.
        {"parse \"* *\" as a, b | filter a = 1 and @message like \"x\"",
         "filter (@message like \"x\")\nparse @message glob a#1 b#2\nfilter (a#1 = 1)\n"
         "output @timestamp=@timestamp, @message=@message, a=a#1, b=b#2, @ptr=@ptr"},
        {"limit 3 | filter @message like \"x\" | display @message",
         "limit 3\nfilter (@message like \"x\")\noutput @message=@message, @ptr=@ptr"},
        // Aggregates are shared and may use earlier items.
        {"stats max(a) as hi, min(a) as lo, hi - lo as spread, max(a) / 2 by b",
         "stats max(`a`)#3 min(`a`)#4 by ?b\n"
         "compute spread#5 = (max(`a`)#3 - min(`a`)#4)\n"
         "compute max(a)/2#6 = (max(`a`)#3 / 2)\n"
         "output b=b#1, hi=max(`a`)#3, lo=min(`a`)#4, spread=spread#5, max(a)/2=max(a)/2#6"},
        // A column without alias is found under its expression.
        {"stats COUNT( * ), bin(1m) by x | sort count(*) desc", nullptr},
        {"stats COUNT( * ) by bin(1m) | sort count(*) desc | filter bin(1m) > 0 and count(*) > 1",
         "stats count(*)#2 by bin(@timestamp, \"1m\") (bin)\nsort count(*)#2 desc\n"
         "filter (bin(1m)#1 > 0)\nfilter (count(*)#2 > 1)\n"
         "output bin(1m)=bin(1m)#1, COUNT(*)=count(*)#2"},
        // Behind stats only its columns exist; a filter on event fields goes in front of it.
        {"fields ispresent(arn) as isRes | stats count() as n by arn | filter isRes and logType = "
         "\"T\" | filter n > 1 | sort gone",
         "filter (?logType = \"T\")\ncompute isRes#1 = ispresent(?arn)\nfilter isRes#1\n"
         "stats count()#3 by ?arn\nfilter (count()#3 > 1)\nsort missing\n"
         "output arn=arn#2, n=count()#3"},
        {"stats count(*) as n by a | stats max(n) as top by bin(1h)",
         "stats count(*)#2 by ?a\nstats max(`n`)#5 by bin(missing, \"1h\") (bin)\n"
         "output bin(1h)=bin(1h)#4, top=max(`n`)#5"},
        {"fields @timestamp,ltrim(@log) as __log__grafana_internal__|stats count(*)",
         "stats count(*)#3\noutput count(*)=count(*)#3"},
        {"fields jsonParse(@message) as j | display j.users[0].name, j.status as s",
         "compute j#1 = jsonParse(@message)\ncompute j.users[0].name#2 = j#1.users.0.name\n"
         "compute s#3 = j#1.status\noutput j.users[0].name=j.users[0].name#2, s=s#3, @ptr=@ptr"},
        {"dedup a, b | filter c not in [1, -2] or d in [c]",
         "dedup ?a, ?b\nfilter (not (?c in set) or ((?d = ?c) or (?d = ?c)))\n"
         "output @timestamp=@timestamp, @message=@message, @ptr=@ptr"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto plan = plan_query(c.text);
        REQUIRE(bool(plan) == (c.plan != nullptr));
        if (plan) CHECK(describe(*plan) == c.plan);
    }
}

TEST_CASE("plan: errors point at the fault") {
    struct Case {
        const char* text;
        std::int64_t offset, length;
        const char* words;  // Somewhere in the message.
    };
    static constexpr Case kCases[] = {
        {"parse @message \"* *\" as a", 0, 25, "2 wildcards and 1 aliases"},
        {"parse @message \"* *\"", 0, 20, "2 wildcards and 0 aliases"},
        {"parse @message \"x\" as a", 0, 23, "0 wildcards and 1 aliases"},
        {"parse @message /(x)/", 15, 5, "named group"},
        {"parse @message /(x)(y)/ as a", 15, 8, "2 groups and 1 aliases"},
        {"parse @message /(?<a>x)(/", 0, 0, ""},
        {"fields nosuch(a)", 7, 6, "unknown function nosuch"},
        {"fields strlen(a, b)", 7, 12, "takes 1 argument, not 2"},
        {"fields count(*)", 7, 8, "allowed in stats only"},
        {"stats count(*) as n | filter sum(n) > 1", 29, 6, "allowed in stats only"},
        {"stats sum(*)", 10, 1, "count(*) only"},
        {"stats a", 6, 1, "neither an aggregate nor the alias"},
        {"stats 5", 6, 1, "needs an aggregate"},
        {"stats sum(count(*))", 10, 8, "allowed in stats only"},
        {"stats count(*) + a", 17, 1, "neither an aggregate nor the alias"},
        {"stats bin(5m)", 6, 7, "no aggregate"},
        {"stats pct(a, 101)", 13, 3, "0 to 100"},
        {"stats pct(a, b)", 13, 1, "0 to 100"},
        {"fields a as x, b as x", 20, 1, "Ephemeral field is already defined: x"},
        {"fields a as x | parse \"*\" as x", 29, 1, "Ephemeral field is already defined: x"},
        {"stats count(*) as n, sum(a) as n", 31, 1, "Ephemeral field is already defined: n"},
        {"stats count(*) by bin()", 18, 5, "argument"},
        {"stats count(*) by bin(5)", 22, 1, "period"},
        {"stats count(*) by bin(0m)", 22, 2, "period"},
        {"fields 5m as x", 7, 2, "no value"},
        {"filter a > 1e999", 11, 5, "out of range"},
        {"stats count(*) as n by a | filter n > 1 and host = \"x\"", 44, 4, "not both"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto plan = plan_query(c.text);
        REQUIRE(!plan);
        CHECK(plan.error().code == sky::ErrorCode::kMalformedQuery);
        CHECK(plan.error().message.find(c.words) != std::string::npos);
        if (c.words[0] == '\0') continue;  // The engine's own words and place.
        CHECK(plan.error().offset == c.offset);
        CHECK(plan.error().length == c.length);
    }
}
