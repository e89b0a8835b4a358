// SPDX-License-Identifier: Apache-2.0
#include "shapes/term_filter.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.h"

namespace sky::shapes {

namespace {

std::string digits(SeededRandom& random, std::size_t count, std::string_view of) {
    std::string out(count, '\0');
    for (char& c : out) c = of[random.below(of.size())];
    return out;
}

TermFilter reread(const TermFilter& filter) {
    std::string bytes;
    filter.encode(bytes);
    ByteReader in(bytes);
    TermFilter out;
    REQUIRE(TermFilter::decode(in, out));
    CHECK(in.left() == 0);
    return out;
}

constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

TEST_CASE("terms: every literal of a line may be in it") {
    SeededRandom random(4);
    // Short alphabets make stretches of every length, with every border inside a literal.
    for (const std::string_view alphabet :
         {std::string_view("0a-_ "), std::string_view("12. "),
          std::string_view("0123456789abcdef ."), std::string_view("zZ9.,-/")}) {
        for (int round = 0; round < 40; ++round) {
            std::vector<std::string> lines;
            std::string text;
            for (int i = 0; i < 20; ++i) {
                std::string line;
                while (line.size() < random.below(200)) {
                    line += digits(random, random.below(45),
                                   alphabet.substr(0, 1 + random.below(alphabet.size())));
                    line += alphabet[random.below(alphabet.size())];
                }
                text += line;
                lines.push_back(std::move(line));
            }
            const TermFilter filter = TermFilter::of(text);
            const TermFilter back = reread(filter);
            for (const std::string& line : lines) {
                for (int i = 0; i < 60 && !line.empty(); ++i) {
                    const std::size_t at = random.below(line.size());
                    const std::string literal = line.substr(at, random.below(60));
                    CAPTURE(line);
                    CAPTURE(literal);
                    CHECK(filter.may_contain(literal));
                    CHECK(back.may_contain(literal));
                }
            }
        }
    }
}

TEST_CASE("terms: ids that are not there are told, whole and in part") {
    SeededRandom random(9);
    std::string text;
    for (int i = 0; i < 5'000; ++i) {
        text += "INFO [trace: " + digits(random, 32, kHex) + "] request-" +
                digits(random, 8, "0123456789") + " took " + std::to_string(i % 977) + ".25 ms";
    }
    const TermFilter filter = TermFilter::of(text);
    std::string bytes;
    filter.encode(bytes);
    CHECK(bytes.size() <= TermFilter::kIdSetBytesMax + TermFilter::kDecimalSetBytesMax + 8);
    std::size_t whole = 0, part = 0, decimals = 0;
    constexpr std::size_t kAsked = 2'000;
    for (std::size_t i = 0; i < kAsked; ++i) {
        whole += filter.may_contain(digits(random, 32, kHex)) ? 1U : 0U;
        part += filter.may_contain("trace: " + digits(random, 19, kHex)) ? 1U : 0U;
        decimals += filter.may_contain(" " + digits(random, 4, "123456789") + ".25 ") ? 1U : 0U;
    }
    CHECK(whole < kAsked / 50);
    CHECK(part < kAsked / 2);
    CHECK(decimals < kAsked / 3);
    // Of these nothing is known.
    CHECK(filter.may_contain(digits(random, 18, kHex)));
    CHECK(filter.may_contain("1234567.25"));
    CHECK(filter.may_contain(" 1234567.2"));
    CHECK(filter.may_contain("a word that is not there"));
    CHECK(filter.may_contain(""));
}

TEST_CASE("terms: a text of too many says nothing") {
    SeededRandom random(3);
    std::string text;
    for (int i = 0; i < 100'000; ++i)
        text += digits(random, 32, kHex) + " " + digits(random, 7, "0123456789") + ".5 ";
    const TermFilter filter = TermFilter::of(text);
    std::string bytes;
    filter.encode(bytes);
    CHECK(bytes == std::string(2, '\0'));
    CHECK(filter.may_contain("0123456789abcdef0123456789abcdef"));
    CHECK_FALSE(TermFilter::of({}).may_contain("0123456789abcdef0123456789abcdef"));
}

TEST_CASE("terms: long stretches cost no more than others") {
    const std::string points(1 << 20, '.');
    const std::string mixed = std::string(1 << 19, '1') + points + std::string(1 << 19, 'x');
    CHECK(TermFilter::of(mixed).may_contain(mixed));
}

TEST_CASE("terms: odd bytes are no filter") {
    const auto decodes = [](std::string_view ids, std::string_view decimals) {
        std::string bytes;
        put_text(bytes, ids);
        put_text(bytes, decimals);
        ByteReader in(bytes);
        TermFilter out;
        return TermFilter::decode(in, out);
    };
    CHECK(decodes("", ""));
    CHECK(decodes(std::string(32, 'x'), std::string(4'096, 'x')));
    CHECK(decodes(std::string(32'768, 'x'), std::string(8'192, 'x')));
    CHECK_FALSE(decodes(std::string(31, 'x'), ""));
    CHECK_FALSE(decodes("", std::string(48, 'x')));
    CHECK_FALSE(decodes("", std::string(16'384, 'x')));
    CHECK_FALSE(decodes(std::string(65'536, 'x'), ""));
    ByteReader in("\x05");
    TermFilter out;
    CHECK_FALSE(TermFilter::decode(in, out));
}

}  // namespace sky::shapes
