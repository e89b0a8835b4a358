// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace sky {

TEST_CASE("civil time: Unix milliseconds -> text") {
    struct Case {
        std::int64_t unix_ms;
        const char* iso;
        const char* http;
    };
    static constexpr Case kCases[] = {
        {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {1'440'938'160'123, "2015-08-30T12:36:00.123Z", "Sun, 30 Aug 2015 12:36:00 GMT"},
        {951'782'400'000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
        {-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
        {4'102'444'799'999, "2099-12-31T23:59:59.999Z", "Thu, 31 Dec 2099 23:59:59 GMT"},
    };
    for (const Case& c : kCases) {
        CHECK(format_iso8601_ms(c.unix_ms) == c.iso);
        CHECK(format_http_date(c.unix_ms) == c.http);
        if (c.unix_ms >= 0) {
            CHECK(parse_amz_date(format_amz_date(c.unix_ms)) == c.unix_ms / 1'000 * 1'000);
            CHECK(parse_http_date(c.http) == c.unix_ms / 1'000 * 1'000);
        }
    }
    CHECK(format_query_timestamp(1'635'621'000'000) == "2021-10-30 19:10:00.000");
    CHECK(format_query_timestamp(-1) == "1969-12-31 23:59:59.999");
    CHECK(format_query_timestamp(253'402'300'799'999) == "9999-12-31 23:59:59.999");
    CHECK(format_query_timestamp(253'402'300'800'000) == "10000-01-01 00:00:00.000");
}

TEST_CASE("SigV4 dates that are no times are refused") {
    for (const char* text :
         {"", "20150830T123600", "20150830 123600Z", "20151330T123600Z", "20150230T123600Z",
          "2015083xT123600Z", "20150830T243600Z", "20150830T123600ZZ"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_amz_date(text).has_value());
    }
}

TEST_CASE("log lines: quoting in both formats") {
    using log::Format;
    using log::Level;
    CHECK(log::render(Format::kLogfmt, 0, Level::kInfo, "started",
                      {{"port", 4580}, {"dir", "/a b"}, {"x", ""}}) ==
          "time=1970-01-01T00:00:00.000Z level=info event=started port=4580 dir=\"/a b\" x=\"\"");
    CHECK(log::render(Format::kJson, 0, Level::kError, "bad \"x\"", {{"why", "a\nb\x01"}}) ==
          "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"error\",\"event\":\"bad "
          "\\\"x\\\"\",\"why\":"
          "\"a\\nb\\u0001\"}");
}

TEST_CASE("uuid: version, variant and repeatable from a seed") {
    SeededRandom a(7), b(7);
    const std::string id = random_uuid(a);
    CHECK(id == random_uuid(b));
    CHECK(id.size() == 36);
    CHECK(id[14] == '4');
    CHECK(std::string_view("89ab").find(id[19]) != std::string_view::npos);
    CHECK(random_uuid(system_random()) != random_uuid(system_random()));
}

namespace {
Result<int> half(int n) {
    return n % 2 == 0 ? Result<int>(n / 2) : fail(ErrorCode::kInvalidArgument, "odd", n);
}
Result<int> quarter(int n) {
    const int h = SKY_TRY(half(n));
    return half(h);
}
}  // namespace

TEST_CASE("SKY_TRY unwraps or returns the error") {
    CHECK(quarter(8) == 2);
    CHECK(quarter(6).error().offset == 3);
    CHECK(quarter(5).error().message == "odd");
}

}  // namespace sky
