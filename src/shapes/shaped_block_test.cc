// SPDX-License-Identifier: Apache-2.0
#include "shapes/shaped_block.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "shapes/block_head.h"

namespace sky::shapes {
namespace {

/// One family `<a>...<b>...` over columns of the same length, which outlive it.
Shaping one_family(const std::vector<std::vector<std::string>>& columns) {
    Shaping out;
    out.families.resize(1);
    out.rows.resize(1);
    for (const auto& column : columns) {
        out.families[0].add_constant("<");
        out.families[0].add_slot();
        out.families[0].add_constant(">");
        out.rows[0].slots.emplace_back(column.begin(), column.end());
    }
    out.family_of_row.assign(columns.empty() ? 1 : columns[0].size(), 0);
    return out;
}

std::vector<std::string> lines_of(const Shaping& shaping) {
    std::vector<std::string> lines;
    std::vector<std::size_t> rank(shaping.families.size(), 0);
    for (const std::uint16_t f : shaping.family_of_row) {
        std::string line;
        for (const Piece& piece : shaping.families[f].pieces)
            line += piece.is_slot()
                        ? shaping.rows[f].slots[static_cast<std::size_t>(piece.slot)][rank[f]]
                        : std::string_view(piece.constant);
        ++rank[f];
        lines.push_back(line);
    }
    return lines;
}

/// Letters alone, neither digits nor hex; another one for each number.
std::string word(std::uint64_t number) {
    std::string text;
    for (; text.size() < 5; number /= 16) text += static_cast<char>('g' + number % 16);
    return text;
}

/// What is told of a column without decoding it.
void check_undecoded(const ShapedBlock& block, std::size_t f, std::size_t s,
                     std::span<const std::string_view> texts) {
    const SlotColumn& column = **block.column(f, s);
    JsonRoles roles = JsonRoles::all();
    for (const std::string_view text : texts) roles.keep(roles_of(text, roles));
    const bool json = block.families()[f].layout == Family::Layout::kJson;
    const JsonRoles told = block.roles(f, s);
    JsonRoles sound = told;
    sound.keep(roles);
    CHECK(told == sound);
    if (!json) CHECK(told.none());
    const bool by_text =
        column.kind() == SlotKind::kConstant || column.kind() == SlotKind::kDictionary;
    if (by_text) {
        if (json) CHECK(told == roles);
        const auto entries = block.entries(f, s);
        REQUIRE(entries);
        CHECK(std::equal(entries->begin(), entries->end(), column.entries().begin(),
                         column.entries().end()));
    } else {
        CHECK(block.exceptions(f, s) == column.exception_rows().size());
    }
    if (column.kind() == SlotKind::kForm) CHECK(block.form(f, s) == column.form());
}

/// Encodes, opens, and holds every way of reading to the lines and to each other.
std::unique_ptr<const ShapedBlock> checked(const Shaping& shaping) {
    const std::vector<std::string> lines = lines_of(shaping);
    std::size_t bytes = 0;
    for (const std::string& line : lines) bytes += line.size();
    auto opened = ShapedBlock::open(encode_block(shaping), lines.size(), bytes);
    REQUIRE(opened);
    const ShapedBlock& block = **opened;
    REQUIRE(block.rows() == lines.size());
    CHECK(std::equal(block.families().begin(), block.families().end(), shaping.families.begin(),
                     shaping.families.end()));
    CHECK(std::equal(block.family_of_row().begin(), block.family_of_row().end(),
                     shaping.family_of_row.begin(), shaping.family_of_row.end()));
    std::uint64_t held = 0;
    for (std::size_t f = 0; f < shaping.families.size(); ++f) {
        for (std::size_t s = 0; s < shaping.families[f].slots; ++s) {
            const auto early = block.stats(f, s);
            const auto column = block.column(f, s);
            REQUIRE(early);
            REQUIRE(column);
            check_undecoded(block, f, s, shaping.rows[f].slots[s]);
            REQUIRE((*column)->rows() == shaping.rows[f].slots[s].size());
            held += (*column)->memory_bytes();
            for (std::size_t i = 0; i < (*column)->rows(); ++i) {
                SlotColumn::Scratch scratch;
                const std::string_view want = shaping.rows[f].slots[s][i];
                REQUIRE((*column)->text(i, scratch) == want);
                SlotStats all = *early;
                all.add(want);
                REQUIRE(all == *early);
            }
        }
    }
    CHECK(held <= block.memory_bytes());
    std::string text(bytes, '?');
    std::vector<std::uint32_t> ends(lines.size());
    REQUIRE(block.render_all(text.data(), ends));
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        REQUIRE(text.substr(begin, ends[i] - begin) == lines[i]);
        begin = ends[i];
    }
    const auto again = ShapedBlock::open(encode_block(shaping), lines.size(), bytes, block.head());
    REQUIRE(again);
    std::string same(bytes, '?');
    std::vector<std::uint32_t> same_ends(lines.size());
    REQUIRE((*again)->render_all(same.data(), same_ends));
    CHECK(same == text);
    CHECK(same_ends == ends);
    std::vector<std::uint32_t> rows, part_ends;
    for (std::uint32_t i = 0; i < lines.size(); i += 3) rows.push_back(i);
    std::string part;
    REQUIRE(block.render(rows, part, part_ends));
    begin = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        REQUIRE(part.substr(begin, part_ends[i] - begin) == lines[rows[i]]);
        begin = part_ends[i];
    }
    return std::move(*opened);
}

TEST_CASE("columns: each content has its form") {
    struct Case {
        const char* name;
        SlotKind kind;
        std::size_t rows;
        std::string (*value)(std::uint64_t i);
    };
    static constexpr Case kCases[] = {
        {"one text", SlotKind::kConstant, 100, [](std::uint64_t) { return std::string("same"); }},
        {"empty", SlotKind::kConstant, 100, [](std::uint64_t) { return std::string(); }},
        {"few texts", SlotKind::kDictionary, 5'000,
         [](std::uint64_t i) { return "v" + std::to_string(i % 7); }},
        {"a few hundred texts", SlotKind::kDictionary, 50'000,
         [](std::uint64_t i) { return "v" + std::to_string(i * 7'919 % 700); }},
        {"few numbers", SlotKind::kDictionary, 5'000,
         [](std::uint64_t i) { return std::to_string(200 + i % 5); }},
        {"decimals", SlotKind::kForm, 50'000,
         [](std::uint64_t i) { return std::to_string(i * 7'919 % 99'991) + ".25"; }},
        {"decimals with exceptions", SlotKind::kForm, 50'000,
         [](std::uint64_t i) {
             static constexpr const char* kOdd[] = {"10.1", "+7", "007", "1e3", "-0.0", "", "-"};
             return i % 40 == 3 ? std::string(kOdd[i % 7])
                                : std::to_string(i * 7'919 % 99'991) + ".25";
         }},
        {"times", SlotKind::kForm, 3'000,
         [](std::uint64_t i) {
             return "10:" + std::to_string(10 + i / 60 % 50) + ":" + std::to_string(10 + i % 50) +
                    "." + std::to_string(100 + i * 37 % 900);
         }},
        {"numbers that come again", SlotKind::kForm, 50'000,
         [](std::uint64_t i) { return std::to_string(i % 9'973 * 7'919 % 99'991) + ".25"; }},
        {"numbers that come again, with exceptions", SlotKind::kForm, 50'000,
         [](std::uint64_t i) {
             return i % 1'009 == 3 ? std::string("+7")
                                   : std::to_string(i % 9'973 * 7'919 % 99'991) + ".25";
         }},
        {"hex digits", SlotKind::kHex, 3'000,
         [](std::uint64_t i) {
             std::string text;
             for (int k = 0; k < 32; ++k) {
                 i = i * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
                 text += "0123456789abcdef"[i >> 60];
             }
             return text;
         }},
        {"free text", SlotKind::kText, 3'000,
         [](std::uint64_t i) {
             return std::string(i % 5, 'a') + " text " + std::to_string(i) + " more";
         }},
        {"a few texts", SlotKind::kDictionary, 10,
         [](std::uint64_t i) { return "text " + std::to_string(i); }},
        {"as many texts as there are codes", SlotKind::kDictionary, limits::kRowsMax,
         [](std::uint64_t i) { return word(i % limits::kDictionaryEntriesMax); }},
        {"a text more than there are codes", SlotKind::kText, limits::kRowsMax,
         [](std::uint64_t i) { return word(i % (limits::kDictionaryEntriesMax + 1)); }},
        {"every row another text", SlotKind::kText, limits::kRowsMax,
         [](std::uint64_t i) { return word(i); }},
        {"every row another number, but for the last", SlotKind::kForm, limits::kRowsMax,
         [](std::uint64_t i) {
             return i + 1 == limits::kRowsMax ? std::string("-")
                                              : std::to_string(i * 7'919) + ".25";
         }},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        std::vector<std::string> column;
        for (std::size_t i = 0; i < c.rows; ++i) column.push_back(c.value(i));
        const auto block = checked(one_family({column}));
        CHECK((*block->column(0, 0))->kind() == c.kind);
    }
}

TEST_CASE("a JSON family's columns say what all of their texts fit") {
    struct Case {
        const char* name;
        std::string (*value)(std::uint64_t i);
        const char* roles;  // s, # and e as they are told.
    };
    static const auto odd = [](std::uint64_t i, const char* usual, const char* once) {
        return i == 777 ? std::string(once) : usual + std::to_string(i % 5);
    };
    static constexpr Case kCases[] = {
        {"words", [](std::uint64_t i) { return odd(i, "w", "x"); }, "s"},
        {"an escape", [](std::uint64_t i) { return odd(i, "C:\\\\", "\\u00e9"); }, "s"},
        {"a broken escape", [](std::uint64_t i) { return odd(i, "w", "\\x"); }, ""},
        {"a bare quote", [](std::uint64_t i) { return odd(i, "w", "a\"b"); }, ""},
        {"a control", [](std::uint64_t i) { return odd(i, "w", "a\tb"); }, ""},
        {"few numbers", [](std::uint64_t i) { return odd(i, "20", "null"); }, "s#e"},
        {"no number", [](std::uint64_t i) { return odd(i, "20", "007"); }, "s"},
        {"decimals", [](std::uint64_t i) { return std::to_string(i * 7'919) + ".25"; }, "s#e"},
        {"decimals, and one that is none",
         [](std::uint64_t i) { return i == 777 ? "1e" : std::to_string(i * 7'919) + ".25"; }, "s"},
        {"decimals, and a quote",
         [](std::uint64_t i) { return i == 777 ? "\"" : std::to_string(i * 7'919) + ".25"; }, ""},
        {"decimals, and a list",
         [](std::uint64_t i) { return i == 777 ? "1, [2]" : std::to_string(i * 7'919) + ".25"; },
         "se"},
        {"digits", [](std::uint64_t i) { return std::to_string(i + 10'000).replace(0, 1, "0"); },
         "s"},
        {"hex digits",
         [](std::uint64_t i) {
             std::string text = "{";
             for (int k = 0; k < 32; ++k) {
                 i = i * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
                 text += "0123456789abcdef"[i >> 60];
             }
             return text + "}";
         },
         "s"},
        {"texts", [](std::uint64_t i) { return std::to_string(i * 7'919) + " say é"; }, "s"},
        {"texts, one of them broken",
         [](std::uint64_t i) { return std::to_string(i * 7'919) + (i == 777 ? "\\" : " say"); },
         ""},
        {"lists of texts",
         [](std::uint64_t i) { return "\"a\", [" + std::to_string(i * 7'919) + "]"; }, "e"},
        {"lists that are too deep to tell",
         [](std::uint64_t i) {
             const std::size_t depth = i == 777 ? limits::kJsonOpeningsMax + 1 : 1;
             return std::string(depth, '[') + std::to_string(i % 9) + std::string(depth, ']');
         },
         "s"},
        {"empty", [](std::uint64_t) { return std::string(); }, "se"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        std::vector<std::string> column;
        for (std::uint64_t i = 0; i < 3'000; ++i) column.push_back(c.value(i));
        for (const std::size_t rows : {3'000U, 1'000U}) {
            CAPTURE(rows);
            column.resize(rows);
            const std::vector<std::vector<std::string>> columns = {column};
            Shaping shaping = one_family(columns);
            CHECK(checked(shaping)->roles(0, 0).none());
            shaping.families[0].layout = Family::Layout::kJson;
            const JsonRoles told = checked(shaping)->roles(0, 0);
            std::string text;
            if (told.has(JsonRole::kString)) text += "s";
            if (told.has(JsonRole::kScalar)) text += "#";
            if (told.has(JsonRole::kElements)) text += "e";
            CHECK(text == c.roles);
        }
    }
}

TEST_CASE("decimals keep their scale and exceptions are named") {
    std::vector<std::string> column;
    for (int i = 0; i < 1'000; ++i) column.push_back(std::to_string(i * 37 % 1'009) + ".10");
    column[500] = "10.1";
    const auto block = checked(one_family({column}));
    const SlotColumn& decoded = **block->column(0, 0);
    REQUIRE(decoded.kind() == SlotKind::kForm);
    CHECK(decoded.form().kind == FormKind::kDecimal);
    CHECK(decoded.form().scale == 2);
    CHECK(decoded.values()[1] == 3'710);
    CHECK(decoded.values()[500] == 0);
    REQUIRE(decoded.exception_rows().size() == 1);
    CHECK(decoded.exception_rows()[0] == 500);
    CHECK(decoded.exception_texts()[0] == "10.1");
}

TEST_CASE("random families and values come back") {
    SeededRandom random(7);
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        Shaping shaping;
        std::vector<std::vector<std::vector<std::string>>> values;
        const std::size_t families = 1 + random.below(5), rows = families + random.below(4'000);
        for (std::size_t f = 0; f < families; ++f) {
            Family family;
            family.layout = random.below(2) == 0 ? Family::Layout::kText : Family::Layout::kJson;
            for (std::size_t p = random.below(6); p-- > 0;) {
                if (random.below(2) == 0)
                    family.add_slot();
                else
                    family.add_constant(std::string(1 + random.below(3), "a ]\n"[random.below(4)]));
            }
            shaping.families.push_back(family);
            values.emplace_back(family.slots);
        }
        for (std::size_t i = 0; i < rows; ++i) {
            const std::size_t f = i < families ? i : random.below(families);
            shaping.family_of_row.push_back(static_cast<std::uint16_t>(f));
            for (std::size_t s = 0; s < values[f].size(); ++s) {
                std::string text;
                switch ((s + f + static_cast<std::size_t>(round)) % 5) {
                    case 0:
                        text = std::to_string(random.below(1'000'000));
                        break;
                    case 1:
                        text = std::string(random.below(4), static_cast<char>(random.below(256)));
                        break;
                    case 2:
                        text = "v" + std::to_string(random.below(400));
                        break;
                    case 3:
                        text = "-" + std::to_string(random.below(500)) + ".5";
                        break;
                    default:
                        text = "one";
                }
                values[f][s].push_back(text);
            }
        }
        for (const auto& family : values) {
            FamilyRows columns;
            for (const auto& column : family)
                columns.slots.emplace_back(column.begin(), column.end());
            shaping.rows.push_back(columns);
        }
        checked(shaping);
    }
}

TEST_CASE("a damaged block is an error or other text, never more than that") {
    std::vector<std::string> numbers, texts, words;
    for (int i = 0; i < 3'000; ++i) {
        numbers.push_back(std::to_string(i * 7'919 % 9'973) + ".5");
        texts.push_back("some text " + std::to_string(i));
        words.push_back("w" + std::to_string(i % 300));
    }
    const std::vector<std::vector<std::string>> columns = {numbers, texts, words};
    const Shaping shaping = one_family(columns);
    std::size_t bytes = 0;
    for (const std::string& line : lines_of(shaping)) bytes += line.size();
    const std::string good = encode_block(shaping);
    auto whole = ShapedBlock::open(good, 3'000, bytes);
    REQUIRE(whole);
    CHECK(ShapedBlock::give_back(*std::move(whole)) == good);
    SeededRandom random(11);
    for (int round = 0; round < 2'000; ++round) {
        std::string bad = good;
        if (round % 4 == 0) bad.resize(random.below(bad.size()));
        for (std::uint64_t k = random.below(4); k-- > 0 && !bad.empty();)
            bad[random.below(bad.size())] = static_cast<char>(random.below(256));
        const auto block = ShapedBlock::open(bad, 3'000, bytes);
        if (!block) continue;
        std::string text(bytes, '?');
        std::vector<std::uint32_t> ends(3'000);
        if ((*block)->render_all(text.data(), ends)) CHECK(ends.back() == bytes);
    }
}

TEST_CASE("many bytes of a few texts are a frame of their own") {
    SeededRandom random(3);
    std::vector<std::string> longs, shorts;
    std::size_t bytes = 0;
    for (int i = 0; i < 90; ++i) {
        std::string& text = longs.emplace_back();
        while (text.size() < 3'000) text += "w" + std::to_string(random.below(1'000'000)) + " ";
        shorts.push_back("short text " + std::to_string(random.below(1'000'000)) + " of many");
    }
    const std::vector<std::vector<std::string>> columns = {longs, shorts};
    const Shaping shaping = one_family(columns);
    checked(shaping);
    for (const std::string& line : lines_of(shaping)) bytes += line.size();
    const std::string stored = encode_block(shaping);
    BlockAreas areas;
    REQUIRE(areas.open(stored, bytes));
    CHECK(areas.frame(Area::kTexts).raw < 90 * 40);
}

TEST_CASE("a block is opened by its own head alone, and many share that") {
    std::vector<std::string> texts, others;
    for (int i = 0; i < 300; ++i) {
        texts.push_back("w" + std::to_string(i % 20));
        others.push_back("v" + std::to_string(i % 30));
    }
    const auto block_of = [](const std::vector<std::vector<std::string>>& columns,
                             std::size_t& bytes) {
        const Shaping shaping = one_family(columns);
        bytes = 0;
        for (const std::string& line : lines_of(shaping)) bytes += line.size();
        return encode_block(shaping);
    };
    std::size_t bytes = 0, other_bytes = 0;
    const std::vector<std::vector<std::string>> columns = {texts}, other_columns = {others, texts};
    const std::string stored = block_of(columns, bytes);
    const std::string other = block_of(other_columns, other_bytes);
    const auto first = ShapedBlock::open(stored, 300, bytes);
    REQUIRE(first);
    CHECK_FALSE(ShapedBlock::open(other, 300, other_bytes, (*first)->head()));
    CHECK_FALSE(ShapedBlock::open(stored, 299, bytes, (*first)->head()));
    const auto second = ShapedBlock::open(stored, 300, bytes, (*first)->head());
    REQUIRE(second);
    // One pool: the texts are the same ones.
    const auto entries = (*first)->entries(0, 0), same = (*second)->entries(0, 0);
    REQUIRE(entries);
    REQUIRE(same);
    CHECK((*entries)[0].data() == (*same)[0].data());
}

TEST_CASE("notes stay with a head, those asked for last") {
    struct Note final : BlockNote {
        std::uint64_t memory_bytes() const override { return 1'000; }
    };
    const std::vector<std::vector<std::string>> columns = {{"a", "b", "a"}};
    const Shaping shaping = one_family(columns);
    std::size_t bytes = 0;
    for (const std::string& line : lines_of(shaping)) bytes += line.size();
    const auto block = ShapedBlock::open(encode_block(shaping), 3, bytes);
    REQUIRE(block);
    const BlockHead& head = *(*block)->head();
    const std::uint64_t bare = head.memory_bytes();
    CHECK((*block)->note("0") == nullptr);
    const auto first = std::make_shared<const Note>();
    (*block)->keep("0", first);
    CHECK((*block)->note("0") == first);
    CHECK(head.memory_bytes() >= bare + 1'000);
    for (std::size_t i = 1; i <= BlockHead::kNotesMax; ++i) {
        CHECK((*block)->note("0") == first);
        (*block)->keep(std::to_string(i), std::make_shared<const Note>());
    }
    CHECK((*block)->note("0") == first);
    CHECK((*block)->note("1") == nullptr);
    CHECK((*block)->note("2") != nullptr);
    (*block)->keep("0", std::make_shared<const Note>());
    CHECK((*block)->note("0") != first);
    CHECK(head.memory_bytes() >= bare + 1'000 * BlockHead::kNotesMax);
    CHECK(head.memory_bytes() < bare + 1'100 * BlockHead::kNotesMax);
}

}  // namespace
}  // namespace sky::shapes
