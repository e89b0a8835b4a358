// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/key_table.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "base/random.h"

using namespace sky;
using namespace sky::insights;

namespace {

/// Random columns of one batch, each plain and encoded.
struct Columns {
    std::vector<const Vector*> plain, encoded;
};

Columns random_columns(SeededRandom& random, Arena& arena, std::size_t width, std::size_t rows,
                       std::span<const columnar::TextDictionary> dictionaries) {
    Columns out;
    for (std::size_t c = 0; c < width; ++c) {
        const columnar::TextDictionary& dictionary = dictionaries[c];
        auto* const codes = arena.array<std::uint32_t>(rows);
        auto* const texts = arena.array<std::string_view>(rows);
        auto* const present = random.below(3) == 0 ? arena.array<std::uint8_t>(rows) : nullptr;
        for (std::size_t i = 0; i < rows; ++i) {
            codes[i] = static_cast<std::uint32_t>(random.below(dictionary.entries.size()));
            texts[i] = dictionary.entries[codes[i]];
            if (present != nullptr) present[i] = random.below(4) == 0 ? 0 : 1;
        }
        out.plain.push_back(Vector::texts(arena, rows, texts, present));
        if (random.below(3) == 0) {
            out.encoded.push_back(Vector::coded_texts(arena, rows, codes, &dictionary, present));
            continue;
        }
        auto* const narrow = arena.array<std::uint16_t>(rows);
        for (std::size_t i = 0; i < rows; ++i) narrow[i] = static_cast<std::uint16_t>(codes[i]);
        out.encoded.push_back(Vector::coded_texts(arena, rows, narrow, &dictionary, present));
    }
    return out;
}

}  // namespace

TEST_CASE("keys of encoded columns are numbered as those of plain ones") {
    SeededRandom random(3);
    for (int round = 0; round < 60; ++round) {
        columnar::MemoryBudget budget(256 << 20);
        const std::size_t width = 1 + random.below(9);
        KeyTable plain(width, budget);
        KeyTable encoded(width, budget);
        KeyTable merged(width, budget);
        // Few values a column, or so many that eight of them do not fit one word.
        const std::uint64_t values = random.below(2) == 0 ? 1 + random.below(5) : 300;
        std::vector<std::string> texts;
        for (std::uint64_t i = 0; i < values; ++i) texts.push_back("v" + std::to_string(i));
        for (std::uint64_t batch = 0; batch < 6; ++batch) {
            // Dictionaries of one id repeat for two batches, then others come.
            std::vector<std::vector<std::string_view>> entries(width);
            std::vector<columnar::TextDictionary> dictionaries(width);
            SeededRandom shuffle(1'000 * static_cast<std::uint64_t>(round) + batch / 2);
            for (std::size_t c = 0; c < width; ++c) {
                for (std::uint64_t i = 0; i < values; ++i) {
                    entries[c].push_back(texts[shuffle.below(texts.size())]);
                }
                dictionaries[c] = {entries[c], c % 2 == 0 ? 0 : 1 + batch / 2};
            }
            Arena arena(budget);
            const std::size_t rows = 1 + random.below(500);
            EvalContext context{arena, rows, 0, std::nullopt};
            const Columns columns = random_columns(random, arena, width, rows, dictionaries);
            std::vector<std::uint32_t> expected(rows), got(rows);
            REQUIRE(plain.number_rows(context, columns.plain, expected.data()));
            REQUIRE(encoded.number_rows(context, columns.encoded, got.data()));
            REQUIRE(got == expected);
            for (std::size_t i = 0; i < rows; ++i) {
                for (std::size_t c = 0; c < width; ++c) {
                    const Value& held = encoded.dictionary(c).value(encoded.code(got[i], c));
                    REQUIRE(held.present() == columns.plain[c]->present(i));
                    if (held.present()) REQUIRE(held.text == columns.plain[c]->at(i).text);
                }
            }
        }
        REQUIRE(plain.size() == encoded.size());
        std::vector<std::uint32_t> numbers;
        REQUIRE(merged.number_keys(encoded, numbers));
        REQUIRE(merged.size() == encoded.size());
    }
}
