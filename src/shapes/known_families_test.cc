// SPDX-License-Identifier: Apache-2.0
#include "shapes/known_families.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "shapes/limits.h"
#include "shapes/miner.h"
#include "shapes/shaped_block.h"

namespace sky::shapes {
namespace {

using MakeLine = std::function<std::string(std::uint64_t)>;

columnar::TextColumn chunk_of(std::size_t lines, const MakeLine& line) {
    columnar::TextColumn column;
    for (std::uint64_t i = 0; i < lines; ++i) column.push_back(line(i));
    return column;
}

void gives_lines_back(const Shaping& shaping, const columnar::TextColumn& lines) {
    const auto block = ShapedBlock::open(encode_block(shaping), lines.size(), lines.bytes());
    REQUIRE(block.has_value());
    std::string text(lines.bytes(), '\0');
    std::vector<std::uint32_t> ends(lines.size());
    REQUIRE((*block)->render_all(text.data(), ends));
    CHECK(text == lines.data());
    CHECK(std::equal(ends.begin(), ends.end(), lines.offsets().begin() + 1));
}

bool same(const Shaping& a, const Shaping& b) {
    if (a.families != b.families || a.family_of_row != b.family_of_row) return false;
    for (std::size_t f = 0; f < a.rows.size(); ++f)
        if (a.rows[f].slots != b.rows[f].slots) return false;
    return true;
}

std::string seed_line(std::uint64_t i) {
    static constexpr const char* kMethods[] = {"GET", "POST", "PUT"};
    return std::string("[profiler] ") + kMethods[i % 3] + " view-" + std::to_string(i * 7 % 48) +
           " " + std::to_string(i * 37 % 9'000) + "." + std::to_string(10 + i % 90) + " " +
           std::to_string(200 + i % 5);
}
std::string access_line(std::uint64_t i) {
    return "10.0." + std::to_string(i % 7) + "." + std::to_string(i % 250) +
           " - - [17/May/2015:10:05:" + std::to_string(10 + i % 50) + " +0000] \"GET /a/" +
           std::to_string(i % 900) + " HTTP/1.1\" 200 " + std::to_string(i * 13 % 5'000) +
           " \"-\" \"agent/1." + std::to_string(i % 9) + " (x; y)\"";
}
std::string started_line(std::uint64_t i) {
    return "worker " + std::to_string(i % 60) + " started in " + std::to_string(i % 800) + " ms";
}
std::string json_line(std::uint64_t i) { return R"({"a":)" + std::to_string(i) + R"(,"b":"x y"})"; }

}  // namespace

TEST_CASE("known families: a second chunk is as the miner would make it") {
    struct Case {
        std::string name;
        MakeLine line;
        bool known;  // Whether the families of the first chunk serve for the second.
    };
    const Case cases[] = {
        {"seed", seed_line, true},
        {"access", access_line, true},
        {"two families",
         [](std::uint64_t i) { return i % 5 == 0 ? started_line(i) : seed_line(i); }, true},
        {"JSON", json_line, false},
        {"a third JSON", [](std::uint64_t i) { return i % 3 == 0 ? json_line(i) : seed_line(i); },
         true},
        {"no families",
         [](std::uint64_t i) { return std::string(1 + i % 40, static_cast<char>('a' + i % 3)); },
         false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto first = chunk_of(6'000, c.line);
        const auto second = chunk_of(5'000, [&](std::uint64_t i) { return c.line(i + 6'000); });
        KnownFamilies known;
        CHECK(same(mine(first, known), mine(first)));
        const auto apart = known.take_apart(second);
        REQUIRE(apart.has_value() == c.known);
        if (!apart) continue;
        gives_lines_back(*apart, second);
        const Shaping mined = mine(second);
        REQUIRE(apart->families.size() == mined.families.size());
        for (std::size_t i = 0; i < second.size(); ++i)
            REQUIRE(apart->families[apart->family_of_row[i]] ==
                    mined.families[mined.family_of_row[i]]);
    }
}

TEST_CASE("known families: values that were never seen are of their family") {
    const auto first = chunk_of(6'000, seed_line);
    const auto with_new = [](std::uint64_t i) {
        return i % 100 == 3 ? "[profiler] GET Unseen_" + std::to_string(i) + " 1.25 200"
                            : seed_line(i);
    };
    const auto second = chunk_of(6'000, with_new);
    KnownFamilies known;
    CHECK(mine(first, known).families.size() == 1);
    const auto joined = known.take_apart(second);
    REQUIRE(joined.has_value());
    CHECK(same(*joined, mine(second)));
    gives_lines_back(*joined, second);
}

TEST_CASE("known families: lines of other kinds get their own, and a family without lines goes") {
    const auto both = chunk_of(
        6'000, [](std::uint64_t i) { return i % 4 == 0 ? started_line(i) : seed_line(i); });
    const auto other = chunk_of(6'000, [](std::uint64_t i) {
        return i % 4 == 0 ? "cache: " + std::to_string(i) + " of " + std::to_string(i * 3) + " hit"
                          : seed_line(i);
    });
    KnownFamilies known;
    CHECK(mine(both, known).families.size() == 2);
    const auto apart = known.take_apart(other);
    REQUIRE(apart.has_value());
    CHECK(apart->families.size() == 2);
    gives_lines_back(*apart, other);
}

TEST_CASE("known families: mining begins anew when most lines are strange, and now and then") {
    const auto seed = chunk_of(6'000, seed_line);
    const auto access = chunk_of(6'000, access_line);
    KnownFamilies known;
    CHECK(mine(seed, known).families.size() == 1);
    CHECK(same(mine(access, known), mine(access)));
    // What failed is not tried again at once.
    for (std::size_t i = 0; i < limits::kKnownRest; ++i) {
        CHECK(!known.take_apart(access).has_value());
        CHECK(same(mine(access, known), mine(access)));
    }
    const auto uses_of = [](KnownFamilies& families, const columnar::TextColumn& lines) {
        std::size_t uses = 0;
        while (families.take_apart(lines)) ++uses;
        return uses;
    };
    KnownFamilies fresh;
    fresh.learn(mine(chunk_of(500, seed_line)));
    CHECK(uses_of(fresh, chunk_of(500, seed_line)) == limits::kKnownUsesMax);
}

TEST_CASE("known families: whatever the lines are, they come back") {
    SeededRandom random(11);
    KnownFamilies known;
    const auto word = [&] {
        static constexpr const char* kWords[] = {"a",   "bb",      "12",        "3.4", "", "GET",
                                                 "[x]", "\"q r\"", "{\"k\":1}", "=",   "é"};
        return std::string(kWords[random.below(random.below(20) == 0 ? std::size(kWords) : 4)]);
    };
    std::size_t used = 0;
    for (int round = 0; round < 200; ++round) {
        const std::uint64_t kinds = 1 + random.below(4), strange = random.below(60);
        const auto lines = chunk_of(50 + random.below(400), [&](std::uint64_t) {
            if (random.below(100) < strange) return word() + " " + word() + word();
            const std::string kind = "kind" + std::to_string(random.below(kinds));
            return kind + " " + word() + " of [" + word() + "] took " +
                   std::to_string(random.below(1'000)) + " ms";
        });
        // A few rounds in a row with one memory, so that it is used, widened and given up.
        if (round % 8 == 0) known = KnownFamilies();
        if (auto apart = known.take_apart(lines)) {
            ++used;
            gives_lines_back(*apart, lines);
        } else {
            known.learn(mine(lines));
        }
    }
    CHECK(used > 20);
}

}  // namespace sky::shapes
