// SPDX-License-Identifier: Apache-2.0
#include "shapes/gram_filter.h"

#include <doctest/doctest.h>

#include "base/random.h"

namespace sky::shapes {

TEST_CASE("grams: every literal of the text may be in it") {
    SeededRandom random(2);
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{3}, std::size_t{4},
                                    std::size_t{100}, std::size_t{16'387}, std::size_t{40'000}}) {
        CAPTURE(bytes);
        std::string text(bytes, '\0');
        for (char& c : text) c = "abc 12"[random.below(6)];
        const GramFilter filter = GramFilter::of(text);
        const auto back = GramFilter::decode(filter.encode());
        REQUIRE(back);
        for (int i = 0; i < 2'000; ++i) {
            const std::size_t at = random.below(bytes + 1);
            const std::string_view literal =
                std::string_view(text).substr(at, random.below(bytes - at + 1) % 20);
            CHECK(filter.may_contain(literal));
            CHECK(back->may_contain(literal));
        }
    }
}

TEST_CASE("grams: literals that are not in the text") {
    std::string text;
    for (int i = 0; i < 5'000; ++i)
        text += "[profiler] GET view-" + std::to_string(i * 7'919 % 97) + " " +
                std::to_string(i * 31 % 9'999) + ".25 200\n";
    const GramFilter filter = GramFilter::of(text);
    CHECK(filter.encode().size() <= 256);
    struct Case {
        std::string_view literal;
        bool may;
    };
    static constexpr Case kCases[] = {
        {"profiler", true},  {"view-55 ", true}, {"exception", false}, {"view-list", false},
        {"POST", false},     {"", true},         {"xyz", true},  // Below a gram.
        {"999999999", true},  // Digits are one, and some number has four.
        {"9999.", true},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.literal);
        CHECK(filter.may_contain(c.literal) == c.may);
    }
}

TEST_CASE("grams: too many of them say nothing, and odd bytes are no filter") {
    SeededRandom random(5);
    std::string noise(1 << 20, '\0');
    for (char& c : noise) c = static_cast<char>(random.below(256));
    const GramFilter filter = GramFilter::of(noise);
    CHECK(filter.encode().empty());
    CHECK(filter.may_contain("anything at all"));
    CHECK(GramFilter::decode(""));
    CHECK_FALSE(GramFilter::decode(std::string(31, 'x')));
    CHECK_FALSE(GramFilter::decode(std::string(48, 'x')));
    CHECK_FALSE(GramFilter::decode(std::string(16'384, 'x')));
}

}  // namespace sky::shapes
