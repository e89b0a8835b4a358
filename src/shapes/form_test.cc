// SPDX-License-Identifier: Apache-2.0
#include "shapes/form.h"

#include <doctest/doctest.h>

namespace sky::shapes {
namespace {

TEST_CASE("forms: text -> value -> text") {
    struct Case {
        std::string_view text;
        int kind;  // 0: no form.
        std::int64_t value;
    };
    constexpr auto kDecimal = static_cast<int>(FormKind::kDecimal);
    constexpr auto kTime = static_cast<int>(FormKind::kTime);
    constexpr auto kIp4 = static_cast<int>(FormKind::kIp4);
    constexpr auto kPadded = static_cast<int>(FormKind::kPadded);
    static constexpr Case kCases[] = {
        {"0", kDecimal, 0},
        {"12.34", kDecimal, 1'234},
        {"10.10", kDecimal, 1'010},
        {"10.1", kDecimal, 101},
        {"-3", kDecimal, -3},
        {"0.5", kDecimal, 5},
        {"-0.5", kDecimal, -5},
        {"-0", 0, 0},
        {"-0.0", 0, 0},
        {"+7", 0, 0},
        {"007", kPadded, 7},
        {"00", kPadded, 0},
        {"1e3", 0, 0},
        {"1.", 0, 0},
        {".5", 0, 0},
        {"", 0, 0},
        {"-", 0, 0},
        {"999999999999999999", kDecimal, 999'999'999'999'999'999},
        {"1000000000000000000", 0, 0},
        {"0.000000000000000001", 0, 0},
        {"10.0.255.1", kIp4, 167'837'441},
        {"10.0.256.1", 0, 0},
        {"10.0.01.1", 0, 0},
        {"16:42:22", kTime, 60'142},
        {"16:42:22.382", kTime, 60'142'382},
        {"24:00:00", 0, 0},
        {"2023-01-29", kTime, 19'386},
        {"2023-02-29", 0, 0},
        {"2023-09-05T09:51:51.566Z", kTime, 1'693'907'511'566},
        {"2023-09-06 04:52:05,177", kTime, 1'693'975'925'177},
        {"2023/09/06 04:52:05", kTime, 1'693'975'925},
        {"17/May/2015:10:05:03 +0000", kTime, 1'431'857'103},
        {"17/Mai/2015:10:05:03 +0000", 0, 0},
        {"1969-12-31T23:59:59.999Z", kTime, -1},
        {"0000-01-01T00:00:00.0000000Z", kTime, -621'672'192'000'000'000},
        {"9999-12-31T23:59:59.9999999Z", kTime, 2'534'023'007'999'999'999},
        {"2023-09-05T09:51:51.12345678Z", 0, 0},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto form = Form::of(c.text);
        REQUIRE((form ? static_cast<int>(form->kind) : 0) == c.kind);
        if (!form) continue;
        std::int64_t value = 1;
        REQUIRE(form->parse(c.text, value));
        if (c.text != "0000-01-01T00:00:00.0000000Z") CHECK(value == c.value);
        std::array<char, limits::kFormBytesMax> out{};
        const char* const end = form->write(value, out.data());
        CHECK(std::string_view(out.data(), static_cast<std::size_t>(end - out.data())) == c.text);
        for (const char byte : c.text)
            CHECK(form->bytes().contains(static_cast<unsigned char>(byte)));
        std::string coded;
        form->encode(coded);
        ByteReader in(coded);
        Form read;
        REQUIRE(read.decode(in));
        CHECK(read == *form);
    }
}

TEST_CASE("forms: any number is written within bounds") {
    for (const std::string_view text : {"1.25", "10.0.0.1", "0042", "16:42:22.382 +0000",
                                        "17/May/2015:10:05:03 +0000", "2023-09-05T09:51:51.5Z"}) {
        const Form form = *Form::of(text);
        for (const std::int64_t value : {INT64_MIN, INT64_MIN + 1, std::int64_t{-1},
                                         std::int64_t{0}, INT64_MAX / 2, INT64_MAX}) {
            std::array<char, limits::kFormBytesMax> out{};
            const char* const end = form.write(value, out.data());
            CHECK(end > out.data());
            CHECK(end <= out.data() + out.size());
        }
    }
}

TEST_CASE("hex digits: text -> bytes -> text") {
    struct Case {
        std::string_view text, pattern;  // Empty: none.
        bool upper;
    };
    static constexpr Case kCases[] = {
        {"ffc8ca7e4c8f06c75142c880d5595d96", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false},
        {"f3d4d4ef-693b-4456-8eed-59c0d717dd08", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", false},
        {"{EC2B781C-7051}", "{xxxxxxxx-xxxx}", true},
        {"123456789", "xxxxxxxxx", false},
        {"0x3e7", "", false},
        {"deadBEEF", "", false},
        {"xdeadbeef", "", false},
        {"abc", "", false},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto form = HexForm::of(c.text);
        REQUIRE((form ? std::string_view(form->pattern) : std::string_view()) == c.pattern);
        if (!form) continue;
        CHECK(form->upper == c.upper);
        std::string packed(form->bytes(), '\0'), out(c.text.size(), '\0');
        REQUIRE(form->parse(c.text, packed.data()));
        form->write(packed.data(), out.data());
        CHECK(out == c.text);
        CHECK_FALSE(form->parse("zz" + std::string(c.text.substr(2)), packed.data()));
    }
}

}  // namespace
}  // namespace sky::shapes
