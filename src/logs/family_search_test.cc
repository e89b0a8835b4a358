// SPDX-License-Identifier: Apache-2.0
#include "logs/family_search.h"

#include <doctest/doctest.h>

#include <string>

#include "base/random.h"
#include "columnar/text_column.h"
#include "shapes/miner.h"

namespace sky::logs {
namespace {

using Lines = FamilySearch::Lines;
using Column = std::vector<std::string>;

struct Block {
    explicit Block(const shapes::Shaping& shaping) {
        std::vector<std::size_t> rank(shaping.families.size(), 0);
        std::size_t bytes = 0;
        for (const std::uint16_t f : shaping.family_of_row) {
            std::string line;
            for (const shapes::Piece& piece : shaping.families[f].pieces)
                line += piece.is_slot()
                            ? shaping.rows[f].slots[static_cast<std::size_t>(piece.slot)][rank[f]]
                            : std::string_view(piece.constant);
            ++rank[f];
            bytes += line.size();
            lines.push_back(std::move(line));
        }
        auto opened = shapes::ShapedBlock::open(shapes::encode_block(shaping), lines.size(), bytes);
        REQUIRE(opened);
        block = *std::move(opened);
    }

    /// Holds every family's answer to a look at each line; gives the number of lines found.
    std::size_t check(std::string_view text) const {
        CAPTURE(text);
        std::size_t all = 0;
        for (std::size_t f = 0; f < block->families().size(); ++f) {
            const auto search = FamilySearch::open(*block, f);
            REQUIRE(search);
            const std::span<const std::uint32_t> rows = block->rows_of(f);
            std::vector<std::uint8_t> marks(rows.size(), 0);
            const auto found = search->find(text, marks);
            REQUIRE(found);
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const bool has = lines[rows[i]].find(text) != std::string::npos;
                const bool told =
                    *found == Lines::kAll || (*found == Lines::kSome && marks[i] != 0);
                if (told != has) FAIL(lines[rows[i]], told ? " was found" : " was not found");
                all += has ? 1U : 0U;
            }
        }
        return all;
    }

    std::vector<std::string> lines;
    std::unique_ptr<const shapes::ShapedBlock> block;
};

/// Lines of one family: constants and slots alternate as in "<#> #", where '#' is a slot.
Block one_family(std::string_view layout, const std::vector<Column>& columns) {
    shapes::Shaping shaping;
    shaping.families.resize(1);
    shaping.rows.resize(1);
    std::size_t begin = 0;
    for (const Column& column : columns) {
        const std::size_t at = layout.find('#', begin);
        shaping.families[0].add_constant(layout.substr(begin, at - begin));
        shaping.families[0].add_slot();
        shaping.rows[0].slots.emplace_back(column.begin(), column.end());
        begin = at + 1;
    }
    shaping.families[0].add_constant(layout.substr(begin));
    shaping.family_of_row.assign(columns[0].size(), 0);
    return Block(shaping);
}

Column made(std::size_t rows, std::string (*value)(std::uint64_t)) {
    Column out;
    for (std::uint64_t i = 0; i < rows; ++i) out.push_back(value(i));
    return out;
}

std::string duration(std::uint64_t i) {
    return i % 997 == 5 ? "none"
                        : std::to_string(i * 7'919 % 900) + "." + std::to_string(10 + i % 90);
}
std::string view(std::uint64_t i) { return i % 9 == 0 ? "" : "user-" + std::to_string(i % 30); }
std::string digits(std::uint64_t i) { return std::to_string(i % 4); }
std::string hex(std::uint64_t i) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (std::uint64_t n = i * 2'654'435'761U, k = 0; k < 12; ++k, n = n / 16 + k * 7)
        out += kDigits[n % 16];
    return out;
}
std::string words(std::uint64_t i) {
    std::string out = "some text " + std::to_string(i * 31 % 1'009);
    for (std::uint64_t k = 0; k < i % 5; ++k) out += " and more" + std::to_string(i * k % 17);
    return out;
}

}  // namespace

TEST_CASE("a text in a family's lines: each kind of slot, each way to lie across them") {
    constexpr std::size_t kRows = 5'000;
    const Block block = one_family("[p] GET # # 200#",
                                   {made(kRows, view), made(kRows, duration), made(kRows, digits)});
    struct Case {
        std::string_view text;
        bool some;  // Found in some line.
    };
    static constexpr Case kCases[] = {
        {" 719.11 ", true},     {" none ", true},  {"one 200", true},     {"GET  ", true},
        {"user-3 ", true},      {"-3", true},      {"r-1", true},         {"2003", true},
        {"200", true},          {"GET", true},     {"[p] GET u", true},   {"7 4", true},
        {"user-3 1.29", false}, {" 19.5 ", false}, {" 019.51 ", false},   {"GET user-31", false},
        {"nobody", false},      {"2009", false},   {" none user", false}, {"]p", false},
        {"200 ", false},        {"  0.10 ", true}, {"9 ", true},          {".", true},
    };
    for (const Case& c : kCases) CHECK((block.check(c.text) > 0) == c.some);
    const Block others =
        one_family("##{#}", {made(kRows, hex), made(kRows, words), made(kRows, view)});
    for (const std::string_view text :
         {"0", "a", "some", "1some text 31 ", "more7{", "{}", "{user-1}", "text 62 and", "}", "f",
          "zz", "5{user-2", "07e"})
        CHECK((others.check(text) > 0) == (text != "zz"));
}

TEST_CASE("a text in a family's lines: random texts in lines as the miner takes them apart") {
    SeededRandom random{3};
    columnar::TextColumn lines;
    for (std::uint64_t i = 0; i < 4'000; ++i) {
        switch (i % 4) {
            case 0:
                lines.push_back("[profiler] GET user-list " + duration(i) +
                                (i % 3 ? " 200" : " 500"));
                break;
            case 1:
                lines.push_back(R"({"level":")" + std::string(i % 5 ? "info" : "error") +
                                R"(","ms":)" + std::to_string(i % 877) + R"(,"id":")" + hex(i) +
                                "\"}");
                break;
            case 2:
                lines.push_back("10.0." + std::to_string(i % 256) + ".7 - - \"GET /a/" + digits(i) +
                                "\" " + std::to_string(i % 70'000));
                break;
            default:
                lines.push_back(words(i));
        }
    }
    const Block block(shapes::mine(lines));
    std::size_t found = 0;
    for (int turn = 0; turn < 600; ++turn) {
        const std::string& line = block.lines[random.below(block.lines.size())];
        const std::size_t begin = random.below(line.size());
        std::string text = line.substr(begin, 1 + random.below(24));
        if (turn % 3 == 0) text[random.below(text.size())] = "0a .\"9"[random.below(6)];
        found += block.check(text) > 0 ? 1U : 0U;
    }
    CHECK(found >= 400);  // Those that were left as they stand in a line.
}

TEST_CASE("a text that may lie in too many ways is looked for in every line") {
    Column same(200, "aaaaaaaaaa");
    same[7] = "aab";
    const Block block = one_family("########", std::vector<Column>(8, same));
    const auto search = FamilySearch::open(*block.block, 0);
    REQUIRE(search);
    std::vector<std::uint8_t> marks(200, 0);
    const auto found = search->find(std::string(60, 'a'), marks);
    REQUIRE(found);
    CHECK(*found == Lines::kSome);
    CHECK(marks == std::vector<std::uint8_t>(200, 1));
}

}  // namespace sky::logs
