// SPDX-License-Identifier: Apache-2.0
#include "logs/patterns/filter_pattern.h"

#include <doctest/doctest.h>

#include <string>

#include "base/random.h"

namespace sky::logs {
namespace {

struct Row {
    std::string_view pattern, message;
    bool matches;
};

constexpr std::string_view kWeb =
    R"(127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534)";
constexpr std::string_view kUser =
    R"({"user":{"id":1,"e-mail":"J@x"},"users":[{"id":2},{"id":7}],"actions":["GET","PUT"],)"
    R"("latency":50,"SomeObject":null,"on":true,"off":false,"code":"404","status":404,"ratio":-1.5e-3,)"
    R"("a.b":"dotted","url":"\/x\u0079z","":"nameless","empty":"","deep":{"list":[[1,2],[3]]}})";

constexpr Row kTerms[] = {
    {"", "anything", true},
    {"", "", true},
    {"  ", "anything", true},
    {"\t\n", "anything", true},
    {R"(" ")", "anything", true},
    {R"(" ")", "", true},
    {"ERROR", "[ERROR] x", true},
    {"ERROR", "error", false},
    {"error", "ERROR", false},
    {"ERR", "ERROR", true},
    {"ERROR", "ERR", false},
    {"ERROR", "", false},
    {"a_b1", "xa_b1x", true},
    {"ERROR ARGUMENTS", "ERROR 400 BAD ARGUMENTS", true},
    {"ARGUMENTS ERROR", "ERROR 400 BAD ARGUMENTS", true},
    {"ERROR ARGUMENTS", "ERROR 400", false},
    {"ERROR   ARGUMENTS ", "ARGUMENTS ERROR", true},
    {"AB BA", "ABA", true},
    {"?ERROR ?WARN", "x WARN y", true},
    {"?ERROR ?WARN", "x ERROR y", true},
    {"?ERROR ?WARN", "x INFO y", false},
    {"?ERROR", "x ERROR y", true},
    {"?ERROR", "x y", false},
    {R"(?"a b" ?c)", "xa by", true},
    {R"(?"a b" ?c)", "xaby", false},
    {R"("INTERNAL SERVER ERROR")", "500 INTERNAL SERVER ERROR", true},
    {R"("INTERNAL SERVER ERROR")", "INTERNAL  SERVER ERROR", false},
    {R"("a\"b")", R"(xa"by)", true},
    {R"("a\"b")", R"(xa\"by)", false},
    {R"("a\\b")", R"(xa\by)", true},
    {R"("a\nb")", R"(xa\nby)", true},
    {R"("user-agent")", "the user-agent is", true},
    {R"("a*b")", "a*b", true},
    {R"("a*b")", "axb", false},
    {R"("[x]")", "a [x] b", true},
    {"\"\xC3\xA9\"", "caf\xC3\xA9", true},
    {"ERROR -EXITING", "ERROR again", true},
    {"ERROR -EXITING", "ERROR EXITING", false},
    {"-EXITING ERROR", "ERROR again", true},
    {"-EXITING", "ERROR", true},
    {"-EXITING", "x EXITING", false},
    {R"(-"a b" c)", "a c b", true},
    {R"(-"a b" c)", "a b c", false},
    {"-a -b", "c", true},
    {"-a -b", "b", false},
    // Optional terms beside others have no effect.
    {"?ERROR WARN", "WARN", true},
    {"?ERROR WARN", "ERROR", false},
    {"?ERROR -WARN", "INFO", true},
    {"?ERROR -WARN", "ERROR WARN", false},
    {"%ERROR%", "x ERROR y", true},
    {"%ERR.R%", "ERRXR", true},
    {"%ERR.R%", "ERRR", false},
    {"%ERROR% -%WARN%", "ERROR", true},
    {"%ERROR% -%WARN%", "ERROR WARN", false},
    {"?%a+b% ?%c%", "xaab", true},
    {"?%a+b% ?%c%", "xc", true},
    {"?%a+b% ?%c%", "xb", false},
    {"%^abc%", "abcd", true},
    {"%^abc%", "xabc", false},
    {"%abc$%", "xabc", true},
    {"%abc$%", "abcx", false},
    {"%[0-9]{3}%", "code 404", true},
    {"%[0-9]{3}%", "code 40", false},
    {R"(%\d\d\d%)", "code 404", true},
    {R"(%\D%)", "404", false},
    {R"(%\s%)", "a b", true},
    {R"(%\S%)", "  ", false},
    {R"(%\w%)", "_", true},
    {R"(%\W%)", "a_1", false},
    {R"(%\x3F%)", "what?", true},
    {R"(%\x28x\x29%)", "f(x)", true},
    {R"(%\x28x\x29%)", "fx", false},
    {"%a|b%", "xbx", true},
    {"%abc|def%", "def", true},
    {"%ab?c%", "ac", true},
    {"%ab*c%", "abbbc", true},
    {"%ab{2}c%", "abbc", true},
    {"%ab{2}c%", "abc", false},
    {"%ab{2,}c%", "abbbc", true},
    {"%ab{1,2}c%", "abbbc", false},
    {"%[^a-c]%", "abcd", true},
    {"%[^a-c]%", "abc", false},
    {"%[]a]%", "]", true},
    {R"(%[\]\-]%)", "-", true},
    {R"(%a\.b%)", "a.b", true},
    {R"(%a\.b%)", "axb", false},
    {R"(%\/x\|\\%)", R"(/x|\)", true},
    {"%a b%", "xa by", true},
    {"%key=value;x,y:z@h#1%", "key=value;x,y:z@h#1", true},
    {"%x+y+%", "xxyy", true},
    {"%x.z%", "x\nz", false},
    {"%x.z%", "x\xC3\xA9z", true},
};

constexpr Row kJson[] = {
    {"{ $.user.id = 1 }", kUser, true},
    {"{ $.user.id = 1 && $.users[0].id = 2 }", kUser, true},
    {"{$.user.id=1&&$.users[0].id=2}", kUser, true},
    {"{ $.SomeObject IS NULL }", kUser, true},
    {"{ $.other NOT EXISTS }", kUser, true},
    {"{ $.latency > 75 }", kUser, false},
    {R"({ $.actions = "GET" })", kUser, false},
    {"{ $.actions[0] = G* }", kUser, true},
    {"{ $.actions[1] = G* }", kUser, false},
    {"{ $.actions[2] = G* }", kUser, false},
    {"{ $.actions[2] NOT EXISTS }", kUser, true},
    {"{ $.actions[*] = PUT }", kUser, true},
    {"{ $.actions[*] = POST }", kUser, false},
    {"{ $.users[*].id = 7 }", kUser, true},
    {"{ $.users[ 1 ].id = 7 }", kUser, true},
    {"{ $.users[0].id = 7 }", kUser, false},
    {"{ $.deep.list[0][1] = 2 }", kUser, true},
    {"{ $.deep.list[*][*] = 3 }", kUser, true},
    {"{ $.deep.list[*][1] = 3 }", kUser, false},
    {"{ $.user.e-mail = \"J@x\" }", kUser, true},
    {"{ $.user.e-mail = J* }", kUser, true},
    {"{ $.['user'].id = 1 }", kUser, true},
    {"{ $['user']['id'] = 1 }", kUser, true},
    {"{ $.['a.b'] = dotted }", kUser, true},
    {"{ $.a.b = dotted }", kUser, false},
    {"{ $.latency = 50 }", kUser, true},
    {"{ $.latency = 50.0 }", kUser, true},
    {"{ $.latency = 5e1 }", kUser, true},
    {"{ $.latency = +50 }", kUser, true},
    {"{ $.latency = 500e-1 }", kUser, true},
    {"{ $.latency != 50 }", kUser, false},
    {"{ $.latency != 51 }", kUser, true},
    {"{ $.latency >= 50 }", kUser, true},
    {"{ $.latency > 50 }", kUser, false},
    {"{ $.latency < 50.5 }", kUser, true},
    {"{ $.latency <= 49.999 }", kUser, false},
    {"{ $.latency = 5* }", kUser, true},
    {"{ $.latency = \"50\" }", kUser, true},
    {"{ $.ratio = -0.0015 }", kUser, true},
    {"{ $.ratio < -0.001 }", kUser, true},
    {"{ $.ratio > 0 }", kUser, false},
    {"{ $.code = 404 }", kUser, true},
    {"{ $.code = 404.0 }", kUser, false},  // A string is no number.
    {"{ $.code > 400 }", kUser, false},
    {"{ $.code = 4* }", kUser, true},
    {"{ $.status = 4* }", kUser, true},
    {"{ $.status = 404.0 }", kUser, true},
    {R"({ $.status = "404.0" })", kUser, false},
    {"{ $.status = * }", kUser, true},
    {"{ $.on = * }", kUser, true},
    {"{ $.SomeObject = * }", kUser, true},
    {"{ $.missing = * }", kUser, false},
    {"{ $.user = * }", kUser, false},
    {"{ $.user NOT EXISTS }", kUser, false},
    {"{ $.actions NOT EXISTS }", kUser, false},
    {"{ $.SomeObject NOT EXISTS }", kUser, false},
    {"{ $.user IS NULL }", kUser, false},
    {"{ $.missing IS NULL }", kUser, false},
    {"{ $.on IS TRUE }", kUser, true},
    {"{ $.on IS FALSE }", kUser, false},
    {"{ $.off IS FALSE }", kUser, true},
    {"{ $.off IS TRUE }", kUser, false},
    {"{ $.latency IS TRUE }", kUser, false},
    {"{ $.on = true }", kUser, true},
    {"{ $.off = true }", kUser, false},
    {"{ $.on != true }", kUser, false},
    {"{ $.missing != x }", kUser, false},
    {"{ $.missing = x }", kUser, false},
    {"{ $.missing > 1 }", kUser, false},
    {"{ $.missing IS TRUE }", kUser, false},
    {"{ $.SomeObject = null }", kUser, false},
    {"{ $.SomeObject != x }", kUser, true},
    {"{ $.url = \"/xyz\" }", kUser, true},
    {"{ $.empty = \"\" }", kUser, true},
    {"{ $.code = \"\" }", kUser, false},
    {"{ $.empty = * }", kUser, true},
    {"{ $[''] = nameless }", kUser, true},
    {"{ $.latency = 50 || $.missing = 1 }", kUser, true},
    {"{ $.missing = 1 || $.latency = 50 }", kUser, true},
    {"{ $.missing = 1 || $.latency = 51 }", kUser, false},
    {"{ $.latency = 50 || $.status = 1 && $.code = 1 }", kUser, true},
    {"{ ($.latency = 50 || $.status = 1) && $.code = 1 }", kUser, false},
    {"{ ($.latency = 50) && (($.status = 404)) }", kUser, true},
    {"{ $.code = %^4% }", kUser, true},
    {"{ $.code = %^5% }", kUser, false},
    {"{ $.code != %^5% }", kUser, true},
    {"{ $.missing != %^5% }", kUser, false},
    {"{ $.status = %0% }", kUser, true},
    {"{ $.url = %xyz$% }", kUser, true},
    {"{ $.user.e-mail = %@% }", kUser, true},
    {R"({ $.a = "x\"y" })", R"({"a":"x\"y"})", true},
    {R"({ $.a = "x\\y" })", R"({"a":"x\\y"})", true},
    {R"({ $.a = "x}" })", R"({"a":"x}"})", true},
    {R"({ $.a = "b && c" })", R"({"a":"b && c"})", true},
    {R"({ $.a = "a*c*e" })", R"({"a":"abcde"})", true},
    {R"({ $.a = "a*c*e" })", R"({"a":"aec"})", false},
    {R"({ $.a = "*c" })", R"({"a":"abc"})", true},
    {R"({ $.a = "a*a" })", R"({"a":"a"})", false},
    {R"({ $.a = "a**a" })", R"({"a":"aa"})", true},
    {"{ $.ip != 123.123.* }", R"({"ip":"123.123.4.5"})", false},
    {"{ $.ip != 123.123.* }", R"({"ip":"10.123.123.5"})", true},
    {"{ $.eventType = \"UpdateTrail\" }", R"({"eventType":"UpdateTrail"})", true},
    {"{ $.eventType = UpdateTrail }", R"({"\u0065ventType":"Update\u0054rail"})", true},
    {"{ $.id = 1234567890123456789 }", R"({"id":1234567890123456788})", false},
    {"{ $.id = 1234567890123456789 }", R"({"id":1234567890123456789})", true},
    {"{ $.id > 0.1 }", R"({"id":0.10000000000000000001})", true},
    {"{ $.id < 1e400 }", R"({"id":1e399})", true},
    {"{ $.id = 0 }", R"({"id":-0.0e5})", true},
    {"{ $.a = 1 }", "not json", false},
    {"{ $.a NOT EXISTS }", "not json", false},
    {"{ $.a NOT EXISTS }", "[1]", false},
    {"{ $.a NOT EXISTS }", "", false},
    {"{ $.a NOT EXISTS }", "{}", true},
    {"{ $.a NOT EXISTS }", " {} \n", true},
    {"{ $.a NOT EXISTS }", "{} x", false},
    {"{ $.a = 1 }", R"({"a":1)", false},
    {"{ $.a = 1 }", R"({"a":1,})", false},
    {"{ $.a = 1 }", R"({"a":01})", false},
    {"{ $.a = 1 }", R"(START {"a":1})", false},
    {"{ $.a = 1 }", R"([{"a":1}])", false},
    {"{ $[0].a = 1 }", R"([{"a":1}])", false},
    {"{ $.a = 1 }", R"({"b":{"a":1}})", false},
    {"{ $.a = 1 }", R"({"a":2,"a":1})", false},  // Of equal keys the first counts.
    {"{ $.a = 1 }", "{\"a\" : 1 , \"b\":\"\t\"}", false},
    {"{ $.a = \"\xC3\xA9*\" }", "{\"a\":\"\xC3\xA9t\xC3\xA9\"}", true},
    {"{ $.a = \"\xC3\xA9*\" }", R"({"a":"\u00e9t"})", true},
    {"{ $.a = \"\xE6\x97\xA5\" }", R"({"a":"\u65e5"})", true},
};

constexpr Row kFields[] = {
    {"[]", "anything", true},
    {"[ ]", "", true},
    {"[ip, user, username, timestamp, request, status_code, bytes]", kWeb, true},
    {"[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", kWeb, true},
    {"[ip, user, username, timestamp, request =*.css*, status_code = 4*, bytes]", kWeb, false},
    {"[ip, user, username, timestamp, request, status_code = 404 || status_code = 410, bytes]",
     kWeb, true},
    {"[ip, user, username, timestamp, request, status_code = 400 || status_code = 410, bytes]",
     kWeb, false},
    {"[..., request, status_code=404, bytes]", kWeb, true},
    {"[..., status_code=404, bytes]", kWeb, true},
    {"[..., bytes]", kWeb, true},
    {"[..., bytes > 1000]", kWeb, true},
    {"[..., bytes > 1534]", kWeb, false},
    {"[..., bytes >= 1534]", kWeb, true},
    {"[..., bytes < 1534.5]", kWeb, true},
    {"[..., bytes <= 10]", kWeb, false},
    {"[..., bytes = 1534.0]", kWeb, true},
    {"[..., bytes = 15*]", kWeb, true},
    {"[..., bytes != 15*]", kWeb, false},
    {"[ip=127.0.0.1, ...]", kWeb, true},
    {"[ip=127.0.0.2, ...]", kWeb, false},
    {"[ip=127.*, ..., bytes=1534]", kWeb, true},
    {"[ip, ..., bytes=1535]", kWeb, false},
    {"[...]", kWeb, true},
    {"[...]", "", true},
    {"[ip, user = Prod, ...]", kWeb, true},
    {"[ip, user != Prod, ...]", kWeb, false},
    {"[ip, user = \"Prod\", ...]", kWeb, true},
    {"[ip, user = %^P%, ...]", kWeb, true},
    {"[ip, user = %^Q%, ...]", kWeb, false},
    {"[, , user = frank, ...]", kWeb, true},
    {"[,,user=frank,...]", kWeb, true},
    {"[a, b, c, timestamp = \"10/Oct/2000:13:25:15 -0700\", ...]", kWeb, true},
    {"[a, b, c, timestamp = *Oct*, ...]", kWeb, true},
    {"[a, b, c, timestamp = *:13:*, ...]", kWeb, true},
    {"[a, b, c, d, request = GET*, ...]", kWeb, true},
    {"[a, b, c, d, request = \"GET *\", ...]", kWeb, true},
    {"[a, b, c, d, request, status, bytes, more]", kWeb, false},
    {"[a, b, c]", kWeb, true},  // The last one takes the rest.
    {"[a, b, c = frank]", kWeb, false},
    {"[a, b = Prod, c]", kWeb, true},
    {"[w1=ERROR, w2]", "ERROR something went wrong", true},
    {"[w1=ERROR, w2]", "ERROR", false},
    {"[w1=ERROR]", "ERROR", true},
    {"[w1=ERROR]", "ERROR x", false},
    {"[w1=ERROR, w2]", "WARN x", false},
    {"[w1!=ERROR&&w1!=WARN, w2]", "INFO x", true},
    {"[w1!=ERROR&&w1!=WARN, w2]", "WARN x", false},
    {"[w1!=ERROR && w1!=WARN, w2]", "ERROR x", false},
    {"[(w1=ERROR || w1=WARN) && w1!=WARN, w2]", "ERROR x", true},
    {"[(w1=ERROR || w1=WARN) && w1!=WARN, w2]", "WARN x", false},
    {"[w1=a||w1=b&&w1=c, w2]", "a x", true},
    {"[timestamp=*Z, request_id=\"*-*\", event]", "2020-01-01T00:00:00Z a-b {\"x\":1} y", true},
    {"[timestamp=*Z, request_id=\"*-*\", event]", "2020-01-01T00:00:00 a-b x", false},
    {"[a]", "x", true},
    {"[a]", "x y z", true},
    {"[a]", "", false},
    {"[a]", "   ", false},
    {"[a, b]", "x\ty", true},
    {"[a, b=y]", "  x   y  \n", true},
    {"[a=\"[x\", b=\"y\"]", "[x y", true},  // Without its end a bracket is a character.
    {"[a=\"[x]y\", b=z]", "[x]y z", true},  // So is one inside a word.
    {"[a=\"x y\", b=z]", "[x y] z", true},
    {"[a=\"x y\", b=z]", "\"x y\" z", true},
    {"[a=\"x]y z\", b=w]", "[x]y z] w", true},
    {"[a=\"\", b=z]", "\"\" z", true},
    {"[a=-1.5e3, b]", "-1500 z", true},
    {"[a<0, b]", "-1500 z", true},
    {"[a<0, b]", "x z", false},
    {"[a!=5, b]", "x z", true},
    {"[a=*, b]", "x z", true},
    {"[host, log_name=\"-\", ...]", "h - u", true},
    {"[user-agent=x*, ...]", "xyz", true},
};

TEST_CASE("patterns: what matches") {
    std::size_t rows = 0;
    const auto check = [&](auto& table) {
        for (const Row& row : table) {
            CAPTURE(row.pattern);
            CAPTURE(row.message);
            ++rows;
            const auto pattern = FilterPattern::compile(row.pattern);
            REQUIRE(pattern);
            CHECK(pattern->matches(row.message) == row.matches);
            CHECK(pattern->extract(row.message).has_value() == row.matches);
        }
    };
    check(kTerms);
    check(kJson);
    check(kFields);
    CHECK(rows >= 200);
}

TEST_CASE("patterns: what is refused, in the service's words") {
    struct Case {
        std::string pattern;
        std::string_view text;
    };
    const std::string invalid = "Invalid filter pattern";
    const Case cases[] = {
        {"?Status: timeout", "Invalid character(s) in term ':'"},
        {"a3bba-77", "Invalid character(s) in term '-'"},
        {"ERROR [main]", "Invalid character(s) in term '['"},
        {"a.b", "Invalid character(s) in term '.'"},
        {"a::b", "Invalid character(s) in term '::'"},
        {"(x)", "Invalid character(s) in term '('"},
        {"\\", "Invalid character(s) in term '\\'"},
        {"`x", "Invalid character(s) in term '`'"},
        {"\xE2\x80\x9Cx\xE2\x80\x9D", "Invalid character(s) in term '?'"},
        {"\"\"", "Invalid character(s) in term '\"\"'"},
        {"-", "Invalid character(s) in term '-'"},
        {"? a", "Invalid character(s) in term '?'"},
        {"--a", "Invalid character(s) in term '-'"},
        {"\"a", "Invalid character(s) in term '\"'"},
        {"\"a\"-b", "Invalid character(s) in term '-'"},
        {"%a", "Invalid character(s) in term '%'"},
        {"%a(b)%", "Invalid character(s) in term '('"},
        {"%a\\(b%", "Invalid character(s) in term '\\('"},
        {"%a!%", "Invalid character(s) in term '!'"},
        {"%\\bx%", "Invalid character(s) in term '\\b'"},
        {"%\\1%", "Invalid character(s) in term '\\1'"},
        {"%[[:alpha:]]%", "Invalid character(s) in term '['"},
        {"%\xC3\xA9%", "Invalid character(s) in term '?'"},
        {"%%", invalid},
        {"%[a%", invalid},
        {"%*a%", invalid},
        {"%a\\%", invalid},
        {"%\\x1%", invalid},
        {"%a{2000}%", invalid},
        {"%a% %b% %c%", invalid},
        {"{ $.a = %a% || $.a = %b% || $.a = %c% }", invalid},
        {"-\" \"", invalid},
        {"{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"},
        {"{", "If a filter pattern starts with '{' it must end with '}'"},
        {"[a, b", "If a filter pattern starts with '[' it must end with ']'"},
        {"[ERROR] x", "If a filter pattern starts with '[' it must end with ']'"},
        {"{}", invalid},
        {"{ }", invalid},
        {"{ a = 1 }", invalid},
        {"{ $.a }", invalid},
        {"{ $.a = }", invalid},
        {"{ $.a == 1 }", "Invalid character(s) in term '='"},
        {"{ $.a = b-c }", "Invalid character(s) in term '-'"},
        {"{ $.a = b c }", invalid},
        {"{ $.\"sc-status\" = 5* }", "Invalid character(s) in term '$.\"'"},
        {"{ $. = 1 }", invalid},
        {"{ $.url = */xyz }", "Invalid character(s) in term '/'"},
        {"{ $.a = \xC3\xA9* }", "Invalid character(s) in term '?*'"},
        {"[a=[, b]", "Invalid character(s) in term '[,'"},
        {"{ $.a = \"b }", "Invalid character(s) in term '\"'"},
        {"{ $.a > b }", invalid},
        {"{ $.a > \"1\" }", invalid},
        {"{ $.a < 1* }", invalid},
        {"{ $.a > %1% }", invalid},
        {"{ $.a IS NOT NULL }", invalid},
        {"{ $.a IS null }", invalid},
        {"{ $.a EXISTS }", invalid},
        {"{ $.a NOT NULL }", invalid},
        {"{ $.a[x] = 1 }", invalid},
        {"{ $.a[-1] = 1 }", invalid},
        {"{ $.a[99999999999999999999] = 1 }", invalid},
        {"{ $.a[0 = 1 }", invalid},
        {"{ $['a = 1 }", invalid},
        {"{ $.a = 1 && }", invalid},
        {"{ $.a = 1 & $.b = 2 }", "Invalid character(s) in term '&'"},
        {"{ ($.a = 1 }", invalid},
        {"{ $.a = 1) }", "Invalid character(s) in term ')'"},
        {"{ " + std::string(200, '(') + "$.a = 1" + std::string(200, ')') + " }", invalid},
        {"[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]", invalid},
        {"[..., a, ...]", invalid},
        {"[a b]", invalid},
        {"[a=]", invalid},
        {"[a=b c]", invalid},
        {"[a>x]", invalid},
        {"[\"a\"]", "Invalid character(s) in term '\"'"},
        {"[a:b]", "Invalid character(s) in term ':'"},
        {"[a=\xE2\x80\x9Cx\xE2\x80\x9D]", "Invalid character(s) in term '?'"},
        {"[(a=1, b]", "Invalid character(s) in term ','"},
        {std::string(4'097, 'a'), invalid},
    };
    for (const Case& c : cases) {
        CAPTURE(c.pattern);
        const auto pattern = FilterPattern::compile(c.pattern);
        REQUIRE_FALSE(pattern);
        CHECK(pattern.error().code == ErrorCode::kInvalidArgument);
        CHECK(pattern.error().message == c.text);
    }
}

TEST_CASE("patterns: what they extract") {
    using Values = FilterPattern::Values;
    struct Case {
        std::string_view pattern, message;
        Values values;
    };
    const Case cases[] = {
        {"ERROR", "ERROR", {}},
        {"[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
         kWeb,
         {{"$ip", "127.0.0.1"},
          {"$user", "Prod"},
          {"$username", "frank"},
          {"$timestamp", "10/Oct/2000:13:25:15 -0700"},
          {"$request", "GET /index.html HTTP/1.0"},
          {"$status_code", "404"},
          {"$bytes", "1534"}}},
        {"[..., request, status_code, bytes]",
         kWeb,
         {{"$1", "127.0.0.1"},
          {"$2", "Prod"},
          {"$3", "frank"},
          {"$4", "10/Oct/2000:13:25:15 -0700"},
          {"$request", "GET /index.html HTTP/1.0"},
          {"$status_code", "404"},
          {"$bytes", "1534"}}},
        {"[a, ..., b]", "x y \"z w\" v", {{"$a", "x"}, {"$2", "y"}, {"$3", "z w"}, {"$b", "v"}}},
        {"[a,,b]", "x y z", {{"$a", "x"}, {"$2", "y"}, {"$b", "z"}}},
        {"[a, rest]", "x \"y z\"  w ", {{"$a", "x"}, {"$rest", "\"y z\"  w"}}},
        {"[a, rest]", "x \"y z\" ", {{"$a", "x"}, {"$rest", "y z"}}},
        {"[]", "x y", {}},
        {"{ $.user.id = 1 && $.users[*].id > 0 || $.missing = 1 }",
         kUser,
         {{"$.user.id", "1"}, {"$.users[*].id", "2"}}},
        {"{ $.url = * && $.on IS TRUE && $.SomeObject IS NULL && $.ratio < 0 }",
         kUser,
         {{"$.url", "/xyz"}, {"$.on", "true"}, {"$.ratio", "-1.5e-3"}}},
        {"{ $.other NOT EXISTS }", kUser, {}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.pattern);
        const auto pattern = FilterPattern::compile(c.pattern);
        REQUIRE(pattern);
        const auto values = pattern->extract(c.message);
        REQUIRE(values);
        CHECK(*values == c.values);
    }
}

TEST_CASE("patterns: a whole column gives what each message gives") {
    static constexpr std::string_view kPieces[] = {"ERROR",      "WARN",
                                                   " ",          "[main]",
                                                   "\"GET /x\"", "404",
                                                   "{\"a\":1}",  "{\"a\":\"x\"}",
                                                   "x",          "a",
                                                   "b-c",        "\xC3\xA9",
                                                   "timeout",    "{\"a\":\"\\u0078\"}",
                                                   "\n",         "{\"b\":{\"c\":[1,2]}}"};
    static constexpr std::string_view kPatterns[] = {
        "",
        "ERROR",
        "ERROR WARN",
        "?ERROR ?timeout",
        "-ERROR",
        "\"b-c\"",
        "%ER+OR%",
        "?%ER+OR% ?404",
        "{ $.a = 1 }",
        "{ $.a = x }",
        "{ $.a = x || $.b.c[1] = 2 }",
        "{ $.b.c[*] > 1 && $.a NOT EXISTS }",
        "{ $.a NOT EXISTS }",
        "[a=ERROR, ...]",
        "[..., a=\"GET /x\"]",
        "[a=ERROR || a=WARN, b]",
        "[a, b]",
    };
    SeededRandom random(3);
    for (int round = 0; round < 40; ++round) {
        columnar::TextColumn column;
        std::string all;
        for (std::uint64_t rows = random.below(40); rows > 0; --rows) {
            std::string message;
            for (std::uint64_t n = random.below(4); n > 0; --n)
                message += kPieces[random.below(std::size(kPieces))];
            column.push_back(message);
            all += message + "\n";
        }
        for (const std::string_view text : kPatterns) {
            CAPTURE(text);
            const auto pattern = FilterPattern::compile(text);
            REQUIRE(pattern);
            std::vector<std::uint32_t> expected, got;
            for (std::uint32_t row = 0; row < column.size(); ++row)
                if (pattern->matches(column[row])) expected.push_back(row);
            pattern->select(column, got);
            CHECK(got == expected);
            const bool may = pattern->may_match(
                [&](std::string_view literal) { return all.find(literal) != std::string::npos; });
            CHECK((may || expected.empty()));
        }
    }
}

TEST_CASE("patterns: chunks of text are ruled out by what a match needs") {
    struct Case {
        std::string_view pattern, text;
        bool may;
    };
    static constexpr Case kCases[] = {
        {"ERROR", "INFO", false},
        {"ERROR", "ERROR", true},
        {"ERROR WARN", "ERROR", false},
        {"?ERROR ?WARN", "WARN", true},
        {"?ERROR ?WARN", "INFO", false},
        {"?ERROR ?%a*%", "INFO", true},
        {"-ERROR", "", true},
        {"%timeout after \\d+ms%", "timeout", false},
        {"%timeout after \\d+ms%", "timeout after 5ms", true},
        {"%a|b%", "", true},
        {"{ $.kind = audit }", R"({"kind":"x"})", false},
        {"{ $.kind = audit }", R"(audit)", false},
        {"{ $.kind = audit }", R"({"kind":"audit"})", true},
        {"{ $.kind = audit }", R"({"kind":"\u0061udit"})", true},
        {"{ $.kind = audit }", R"({"kind":"\u65e5"})", false},
        {"{ $.n = 400 }", R"({"n":4e2})", true},
        {"{ $.n > 400 }", R"({"m":1})", false},
        {"{ $.kind = audit || $.n = 1 }", R"({"n":1})", true},
        {"{ $.kind = audit || $.n = 1 }", R"({"m":1})", false},
        {"{ $.kind = audit || $.n NOT EXISTS }", "", true},
        {"{ $.kind = \"a/b\" }", R"({"kind":"a\/b"})", true},
        {"{ $.kind != audit }", R"({"kind":"x"})", true},
        {"[a=ERROR, b]", "x", false},
        {"[a=ERROR*x, b]", "ERRORyx", true},
        {"[a=ERROR || a=WARN, b]", "INFO", false},
        {"[a=404, b]", "404.0", true},
        {"[a!=ERROR, b]", "x", true},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.pattern);
        CAPTURE(c.text);
        const auto pattern = FilterPattern::compile(c.pattern);
        REQUIRE(pattern);
        CHECK(pattern->may_match([&](std::string_view literal) {
            return c.text.find(literal) != std::string_view::npos;
        }) == c.may);
    }
}

}  // namespace
}  // namespace sky::logs
