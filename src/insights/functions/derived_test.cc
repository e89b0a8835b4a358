// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/derived.h"

#include <doctest/doctest.h>

#include <string>

#include "insights/functions/test_batch.h"
#include "insights/functions/text_template.h"

using namespace sky::insights;

TEST_CASE("templates: changing words become their type") {
    struct Case {
        const char* text;
        const char* made;  // With "$" for the mark.
    };
    static constexpr Case kCases[] = {
        {"", ""},
        {"plain words stay", "plain words stay"},
        {"GET /a 12.34 -5 99% 7ms", "GET /a $N $N $N $N"},
        {"from 10.1.2.3 to 10.1.2.3:8080", "from $I to $I"},
        {"id=6ba7b810-9dad-11d1-80b4-00c04fd430c8;", "id=$U;"},
        {"at 2026-01-01T00:00:00Z, 10:24:39", "at $D, $D"},
        {"deadbeef01 0x1f v2", "$H $H $T"},
        {"ops@example.com @home", "$E @home"},
        {"{\"status\":200,\"ms\":1.5}", "{\"status\":$N,\"ms\":$N}"},
        {"took 5.", "took $N."},
        {"line\r\n", "line"},
        {"1.2.3.4.5", "$T"},
        {"año 7", "año $N"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        std::string made;
        append_template(c.text, made);
        for (char& letter : made) {
            if (letter == kTemplateMark) letter = '$';
        }
        CHECK(made == c.made);
    }
    CHECK(template_type('N') == "Number");
    CHECK(template_type('?') == "Token");
}
