// SPDX-License-Identifier: Apache-2.0
#include "shapes/block_filters.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "base/random.h"
#include "shapes/miner.h"

namespace sky::shapes {
namespace {

struct Block {
    explicit Block(const columnar::TextColumn& lines) {
        auto opened = ShapedBlock::open(encode_block(mine(lines)), lines.size(), lines.bytes());
        REQUIRE(opened.has_value());
        block = *std::move(opened);
        auto made = shapes::filters_of(*block);
        REQUIRE(made.has_value());
        filters = *std::move(made);
    }
    std::unique_ptr<const ShapedBlock> block;
    std::optional<BlockFilters> filters;
};

bool may_contain(const BlockFilters& filters, std::string_view literal) {
    return filters.grams.may_contain(literal) && filters.terms.may_contain(literal);
}

}  // namespace

TEST_CASE(
    "block filters: every literal of every line may be in it, and fewer others than of text") {
    SeededRandom random(7);
    const auto word = [&] {
        static constexpr const char* kWords[] = {"a", "bb", "GET", "list", "-", "user-list"};
        return std::string(kWords[random.below(std::size(kWords))]);
    };
    const auto number = [&](int decimals) {
        std::string digits = std::to_string(random.below(random.below(8) == 0 ? 1'000'000 : 2'000));
        while (digits.size() < static_cast<std::size_t>(decimals) + 1) digits.insert(0, "0");
        if (decimals > 0) digits.insert(digits.size() - static_cast<std::size_t>(decimals), ".");
        return (random.below(9) == 0 && digits.find_first_not_of("0.") != std::string::npos ? "-"
                                                                                            : "") +
               digits;
    };
    struct Case {
        std::string name;
        std::function<std::string()> line;
        bool made;
    };
    const Case cases[] = {
        {"seed",
         [&] { return "[profiler] " + word() + " " + word() + " " + number(2) + " " + number(0); },
         true},
        {"exceptions",
         [&] {
             return word() + ": " + (random.below(40) == 0 ? "none of 1.50 it" : number(3)) + " (" +
                    word() + ")";
         },
         true},
        {"two kinds",
         [&] {
             return random.below(3) == 0 ? "x=" + number(1) + ", y"
                                         : "took [" + word() + "] " + number(0) + " ms";
         },
         true},
        {"hex",
         [&] {
             std::string id;
             while (id.size() < 32) id += "0123456789abcdef"[random.below(16)];
             return "id " + id + " " + number(2);
         },
         false},
        {"numbers in words", [&] { return "v" + number(1) + "x " + word(); }, true},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        columnar::TextColumn lines;
        for (int i = 0; i < 4'000; ++i) lines.push_back(c.line());
        const Block made(lines);
        if (!c.made) CHECK(!made.filters.has_value());
        if (!made.filters) continue;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::string_view line = lines[i];
            REQUIRE(may_contain(*made.filters, line));
            for (int k = 0; k < 6; ++k) {
                const std::size_t at = random.below(line.size() + 1);
                REQUIRE(may_contain(*made.filters,
                                    line.substr(at, random.below(line.size() - at + 1))));
            }
        }
    }
}

TEST_CASE("block filters: the seed's lines, and what is not in them") {
    columnar::TextColumn lines;
    for (int i = 0; i < 5'000; ++i)
        lines.push_back("[profiler] GET view-" + std::to_string(i * 7'919 % 97) + " " +
                        std::to_string(i * 31 % 999) + "." + std::to_string(10 + i % 50) + " 200");
    const Block made(lines);
    REQUIRE(made.filters.has_value());
    const TermFilter of_text = TermFilter::of(lines.data());
    for (const char* absent : {"exception", "view-list", "DELETE users", "GET  view"})
        CHECK(!may_contain(*made.filters, absent));
    for (int i = 0; i < 9'990; ++i) {
        const std::string literal =
            " " + std::to_string(i / 10) + "." + std::to_string(10 + i % 90) + " ";
        CHECK(made.filters->terms.may_contain(literal) == of_text.may_contain(literal));
    }
}

}  // namespace sky::shapes
