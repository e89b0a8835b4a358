// SPDX-License-Identifier: Apache-2.0
#include "logs/csv_table.h"

#include <doctest/doctest.h>

#include "logs/limits.h"

namespace sky::logs {

TEST_CASE("csv: records, quotes and line ends") {
    struct Case {
        const char* name;
        std::string_view text, shown;  // "a|b" a record, one behind the other with "/".
    };
    static constexpr Case kCases[] = {
        {"plain", "id,name\n1,ada\n2,bob\n", "id|name/1|ada/2|bob"},
        {"no line end at the end", "id,name\n1,ada", "id|name/1|ada"},
        {"carriage returns", "id,name\r\n1,ada\r\n", "id|name/1|ada"},
        {"a lone carriage return belongs to the value", "id\na\rb\n", "id/a\rb"},
        {"quotes", "id,name\n\"1\",\"a \"\"b\"\", c\"\n", "id|name/1|a \"b\", c"},
        {"line ends in quotes", "id,name\n1,\"a\r\nb\"\n2,c\n", "id|name/1|a\r\nb/2|c"},
        {"a quote inside a value", "id\n5\" disk\n", "id/5\" disk"},
        {"empty values", "id,name\n,\n\"\",x\n", "id|name/|/|x"},
        {"empty lines are no records", "\n\nid\n\n1\r\n\r\n", "id/1"},
        {"an empty value in quotes is a record", "id\n\"\"\n", "id/"},
        {"blanks stay", " id ,name\n 1 , a\n", " id |name/ 1 | a"},
        {"a byte order mark", "\xEF\xBB\xBFid\n1\n", "id/1"},
        {"a header alone", "id,name", "id|name"},
        {"unicode", "n\xC3\xA4me\n\xF0\x9F\x98\x80\n", "n\xC3\xA4me/\xF0\x9F\x98\x80"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        const auto table = parse_csv(c.text);
        REQUIRE(table);
        std::string shown;
        for (const std::string& column : table->columns) {
            shown += (shown.empty() ? "" : "|") + column;
        }
        for (std::size_t row = 0; row < table->rows(); ++row) {
            for (std::size_t i = 0; i < table->columns.size(); ++i) {
                shown.append(i == 0 ? "/" : "|").append(table->cell(row, i));
            }
        }
        CHECK(shown == c.shown);
        // Printed and read again it is the same.
        const auto again = parse_csv(csv_of(*table));
        REQUIRE(again);
        CHECK(csv_of(*again) == csv_of(*table));
        CHECK(again->columns == table->columns);
        CHECK(again->cell_count() == table->cell_count());
    }
}

TEST_CASE("csv: faults name their line") {
    struct Case {
        std::string text;
        const char* message;
    };
    const Case kCases[] = {
        {"", "line 1: there is no header row."},
        {"\n\n", "line 3: there is no header row."},
        {"a,,b\n", "line 1: a column has no name."},
        {"a,b,a\n", "line 1: two columns have the name a."},
        {"a,b\n1,2\n3\n", "line 3: 1 values where the header has 2 columns."},
        {"a,b\n\"x\ny\",2\n1,2,3\n", "line 4: 3 values where the header has 2 columns."},
        {"a\n\"x\n", "line 2: a quote is not closed."},
        {"a\n\"x\"y\n", "line 2: text behind a closing quote."},
        {std::string(limits::kLookupColumnsMax, ','), "line 1: more than 1000 columns."},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.message);
        const auto table = parse_csv(c.text);
        REQUIRE(!table);
        CHECK(table.error().code == ErrorCode::kInvalidArgument);
        CHECK(table.error().message == std::string("The table is not valid CSV, ") + c.message);
    }
    std::string many = "a\n";
    for (std::size_t i = 0; i <= limits::kLookupCellsMax; ++i) many += "1\n";
    CHECK(!parse_csv(many));
}

TEST_CASE("csv: a query's rows, without their pointers") {
    insights::QueryResult result;
    result.rows = insights::ResultRows({"a", "b c", "@ptr"});
    result.rows.add(0, "1");
    result.rows.add(1, "x,y");
    result.rows.add(2, "p");
    result.rows.end_row();
    result.rows.add(1, "only");
    result.rows.add(2, "q");
    result.rows.end_row();
    CHECK(csv_of(result) == "a,b c\n1,\"x,y\"\n,only\n");
}

}  // namespace sky::logs
