// SPDX-License-Identifier: Apache-2.0
// Items of RFC 8949, most of them from its appendix A.
#include "aws/cbor.h"

#include <doctest/doctest.h>

#include <cmath>

#include "aws/limits.h"
#include "crypto/encoding.h"

namespace sky::aws {
namespace {

std::string bytes(std::string_view hex) { return *crypto::hex_decode(hex); }

std::string shown(CborReader& reader) {
    const auto item = reader.next();
    if (!item) return "error";
    const std::string number = std::to_string(item->number);
    switch (item->kind) {
        case CborKind::kUnsigned:
            return number;
        case CborKind::kNegative:
            return "-1-" + number;
        case CborKind::kBytes:
            return "h'" + crypto::hex_encode(item->text) + "'";
        case CborKind::kText:
            return "'" + item->text + "'";
        case CborKind::kArray:
            return item->open_ended ? "[..." : "[" + number;
        case CborKind::kMap:
            return item->open_ended ? "{..." : "{" + number;
        case CborKind::kTag:
            return number + "(";
        case CborKind::kFalse:
            return "false";
        case CborKind::kTrue:
            return "true";
        case CborKind::kNull:
            return "null";
        case CborKind::kFloat:
            return "f" + std::to_string(item->real);
        case CborKind::kBreak:
            return "break";
    }
    return "?";
}

TEST_CASE("CBOR: bytes -> items") {
    struct Case {
        const char *hex, *item;
    };
    constexpr Case kCases[] = {
        {"00", "0"},
        {"17", "23"},
        {"1818", "24"},
        {"190000", "0"},
        {"1bffffffffffffffff", "18446744073709551615"},
        {"20", "-1-0"},
        {"3903e7", "-1-999"},
        {"40", "h''"},
        {"4401020304", "h'01020304'"},
        {"6449455446", "'IETF'"},
        {"62c3bc", "'ü'"},
        {"7f657374726561646d696e67ff", "'streaming'"},
        {"5f42010243030405ff", "h'0102030405'"},
        {"80", "[0"},
        {"9f", "[..."},
        {"bf", "{..."},
        {"c11a514b67b0", "1("},
        {"f4", "false"},
        {"f5", "true"},
        {"f6", "null"},
        {"f7", "null"},
        {"ff", "break"},
        {"f93c00", "f1.000000"},
        {"f90001", "f0.000000"},
        {"f93555", "f0.333252"},
        {"f9fc00", "f-inf"},
        {"fa47c35000", "f100000.000000"},
        {"fbc010666666666666", "f-4.100000"},
        {"", "error"},
        {"18", "error"},
        {"1c", "error"},
        {"1f", "error"},
        {"6161", "'a'"},
        {"61", "error"},
        {"61ff", "error"},
        {"7f6161", "error"},
        {"7f4161ff", "error"},
        {"7f7f6161ffff", "error"},
        {"7bffffffffffffffff61", "error"},
        {"9a00000005", "error"},
        {"f8", "error"},
        {"f820", "error"},
        {"fc", "error"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.hex);
        const std::string text = bytes(c.hex);
        CborReader reader(text);
        CHECK(shown(reader) == c.item);
    }
}

TEST_CASE("CBOR: skipping a whole item") {
    struct Case {
        const char* hex;
        bool skipped;
    };
    constexpr Case kCases[] = {
        {"8301820203820405", true}, {"bf6161019f0203ffff", false},
        {"bf61619f0203ffff", true}, {"a1616101", true},
        {"c1c100", true},           {"820161", false},
        {"a161ff", false},          {"81ff", false},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.hex);
        const std::string text = bytes(c.hex);
        CborReader reader(text);
        const auto head = reader.next();
        REQUIRE(head);
        const bool skipped = reader.skip(*head, 1);
        CHECK(skipped == c.skipped);
        if (skipped) CHECK(reader.at_end());
    }
    const std::string deep(limits::kCborDepthMax + 1, '\x81');
    CborReader reader(deep);
    const auto head = reader.next();
    REQUIRE(head);
    CHECK_FALSE(reader.skip(*head, 1));
}

TEST_CASE("CBOR: heads have the shortest form") {
    struct Case {
        std::int64_t value;
        const char* hex;
    };
    constexpr Case kCases[] = {{0, "00"},
                               {23, "17"},
                               {24, "1818"},
                               {255, "18ff"},
                               {256, "190100"},
                               {65536, "1a00010000"},
                               {-1, "20"},
                               {-256, "38ff"},
                               {-257, "390100"},
                               {INT64_MAX, "1b7fffffffffffffff"},
                               {INT64_MIN, "3b7fffffffffffffff"}};
    for (const Case& c : kCases) {
        std::string out;
        append_cbor_integer(out, c.value);
        CHECK(crypto::hex_encode(out) == c.hex);
    }
}

}  // namespace
}  // namespace sky::aws
