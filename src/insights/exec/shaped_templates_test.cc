// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/shaped_templates.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/random.h"
#include "insights/exec/query.h"
#include "insights/exec/test_snapshot.h"
#include "insights/functions/text_template.h"

using namespace sky;
using namespace sky::insights;
using namespace sky::insights::testing;

namespace {

/// One family of given pieces, "" being a slot, and its values slot by slot.
struct OneFamily {
    std::vector<std::string> lines;
    std::unique_ptr<const shapes::ShapedBlock> block;

    OneFamily(const std::vector<std::string>& pieces,
              const std::vector<std::vector<std::string>>& values) {
        shapes::Shaping shaping;
        shapes::Family family;
        for (const std::string& piece : pieces) {
            if (piece.empty()) {
                family.add_slot();
            } else {
                family.add_constant(piece);
            }
        }
        const std::size_t rows = values.empty() ? 3 : values[0].size();
        lines.resize(rows);
        std::size_t bytes = 0;
        for (std::size_t row = 0; row < rows; ++row) {
            for (const shapes::Piece& piece : family.pieces) {
                lines[row] += piece.is_slot() ? values[static_cast<std::size_t>(piece.slot)][row]
                                              : piece.constant;
            }
            bytes += lines[row].size();
        }
        shapes::FamilyRows of_family;
        for (const auto& slot : values) {
            of_family.slots.emplace_back(slot.begin(), slot.end());
        }
        shaping.families.push_back(std::move(family));
        shaping.rows.push_back(std::move(of_family));
        shaping.family_of_row.assign(rows, 0);
        auto opened = shapes::ShapedBlock::open(shapes::encode_block(shaping), rows, bytes);
        REQUIRE(opened);
        block = *std::move(opened);
    }

    /// Compares with the templates of the lines; how many there are, 0: of no use.
    std::size_t check() const {
        const auto made = FamilyTemplates::make(*block, 0);
        REQUIRE(made);
        if (*made == nullptr) return 0;
        const FamilyTemplates& templates = **made;
        for (std::size_t row = 0; row < lines.size(); ++row) {
            std::string expected;
            append_template(lines[row], expected);
            const std::size_t code = templates.codes().empty() ? 0 : templates.codes()[row];
            REQUIRE(code < templates.texts().size());
            CAPTURE(lines[row]);
            CHECK(templates.texts()[code] == expected);
        }
        return templates.texts().size();
    }
};

std::vector<std::string> repeat(std::size_t rows, const std::vector<std::string>& values) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < rows; ++i) out.push_back(values[i % values.size()]);
    return out;
}

std::vector<std::string> numbers(std::size_t rows, std::size_t step) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < rows; ++i) out.push_back(std::to_string(i * step % 100'000));
    return out;
}

}  // namespace

TEST_CASE("the text around a slot says what of its values a template shows") {
    struct Case {
        std::vector<std::string> pieces;  // The first slot is the one asked about.
        SlotContext context;
    };
    const Case cases[] = {
        {{"took ", "", " ms"}, SlotContext::kAlone},
        {{""}, SlotContext::kAlone},
        {{"{\"status\":", "", "}"}, SlotContext::kAlone},
        {{":", ""}, SlotContext::kAlone},
        {{"a:", ""}, SlotContext::kDigits},
        {{"user-", ""}, SlotContext::kOpaque},
        {{"edge-", "", ","}, SlotContext::kOpaque},
        {{"mail user", "", "@host.org"}, SlotContext::kDigits},
        {{"ab", ""}, SlotContext::kDigits},  // May become hex.
        {{"ab", "", "."}, SlotContext::kDigits},
        {{"1e", ""}, SlotContext::kExact},   // May become an exponent.
        {{"", "x1f"}, SlotContext::kExact},  // May become a hex number.
        {{"0x", ""}, SlotContext::kExact},
        {{"", "ms"}, SlotContext::kDigits},
        {{"", "sec"}, SlotContext::kDigits},
        {{"", ":", "", " end"}, SlotContext::kDigits},
        {{"", ": done"}, SlotContext::kDigits},
    };
    for (const Case& c : cases) {
        std::vector<std::vector<std::string>> values;
        for (const std::string& piece : c.pieces) {
            if (piece.empty()) values.push_back(numbers(40, 977));
        }
        const OneFamily family(c.pieces, values);
        CAPTURE(family.lines[0]);
        const auto context = slot_context(*family.block, 0, 0);
        REQUIRE(context);
        CHECK(*context == c.context);
        CHECK(family.check() > 0);
    }
}

TEST_CASE("templates of a family are few where its values are of one type") {
    constexpr std::size_t kRows = 5'000;
    const OneFamily profiler({"[profiler] ", "", " user-list ", "", " ", ""},
                             {repeat(kRows, {"GET", "POST", "PUT"}), numbers(kRows, 7),
                              repeat(kRows, {"200", "404", "500"})});
    CHECK(profiler.check() == 3);
    const OneFamily block(
        {"block blk_", "", " of ", "", ":", ""},
        {numbers(kRows, 131), repeat(kRows, {"10.0.0.1", "10.250.11.3"}), numbers(kRows, 13)});
    CHECK(block.check() == 1);
    CHECK(OneFamily({"started"}, {}).check() == 1);
}

TEST_CASE("templates of random families are those of their lines") {
    static const std::vector<std::string> kConstants = {
        " ",     "-",  ":",   "=",   "a",  "user", "0x", "e",    "1e", "E-", ".", "@", "@h.org",
        "[",     "] ", "ab",  "ms",  "\n", "\r\n", "::", "/",    "x",  "%",  "1", "0", "T",
        "\x01N", ", ", "año", "f-1", " :", "5sec", "--", "dead", "z.", ":.", "g:"};
    static const std::vector<std::string> kValues = {
        "",         "GET",      "5",        "12.34", "-7",      "0",     "1e5",        "1e999",
        "deadbeef", "a1b2c3d4", "x",        "x5",    "a b",     "a5 b",  ":",          ":5",
        "5:",       "5.",       "10.0.0.1", "::1",   "fe80::1", "a@b.c", "2026-01-02", "99:99:99",
        "\n",       "a\n",      "7\r\n",    "0x1f",  "0xg",     "+3",    "007",        "12ms",
        "99.5%",    "\x01N",    "año5",     "."};
    SeededRandom random(31);
    std::size_t used = 0;
    for (int round = 0; round < 3'000; ++round) {
        std::vector<std::string> pieces;
        std::vector<std::vector<std::string>> values;
        const std::size_t count = 1 + random.below(6);
        const std::size_t rows = 20 + random.below(80);
        for (std::size_t i = 0; i < count; ++i) {
            if (random.below(2) == 0) {
                pieces.push_back(kConstants[random.below(kConstants.size())]);
                continue;
            }
            pieces.emplace_back();
            std::vector<std::string> slot;
            const std::size_t kind = random.below(7);
            const std::string& other = kValues[random.below(kValues.size())];
            for (std::size_t row = 0; row < rows; ++row) {
                const std::uint64_t n = random.next_u64();
                const bool odd = random.below(40) == 0;
                slot.push_back(odd         ? other
                               : kind == 0 ? std::to_string(n % (1ULL << (1 + n % 40)))
                               : kind == 1 ? fmt::format("{}.{:02}", n % 2'000, n % 100)
                               : kind == 2 ? fmt::format("{:016x}", n)
                               : kind == 3
                                   ? fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                                                 n % (1ULL << 32), n % 65'536, n / 7 % 65'536,
                                                 n / 11 % 65'536, n % (1ULL << 48))
                               : kind == 4 ? fmt::format("{}.{}.{}.{}", n % 256, n / 256 % 256,
                                                         n / 65'536 % 256, n / 77 % 256)
                               : kind == 5 ? fmt::format("2026-01-{:02} {:02}:{:02}:{:02}",
                                                         1 + n % 28, n % 24, n % 60, n / 7 % 60)
                                           : kValues[random.below(kValues.size())]);
            }
            values.push_back(std::move(slot));
        }
        const OneFamily family(pieces, values);
        CAPTURE(round);
        if (family.check() > 0) ++used;
    }
    CHECK(used > 2'500);
}

TEST_CASE("pattern gives one table, however its lines are stored and cut") {
    SeededRandom random(5);
    std::vector<TestEvent> events;
    for (std::size_t i = 0; i < 4'000; ++i) {
        const std::uint64_t n = random.next_u64();
        std::string line;
        switch (random.below(5)) {
            case 0:
                line = fmt::format("[profiler] GET view-{} {}.{:02} 200", n % 9, n % 900, n % 100);
                break;
            case 1:
                line = fmt::format("block blk_{} of 10.0.{}.{}:{} written", n, n % 256,
                                   n / 256 % 256, n % 65'536);
                break;
            case 2:
                line = fmt::format("ERROR: worker {} lost {:016x} after {}ms.\n", n % 50, n,
                                   n % 1'000);
                break;
            case 3:
                line = fmt::format(R"({{"status":{},"path":"/a/{}","user":"u{}@example.com"}})",
                                   200 + n % 3, n % 100, n % 40);
                break;
            default:
                line = n % 2 == 0 ? "Traceback (most recent call last):\n  File \"x\"\n" : "";
                break;
        }
        events.push_back({1'767'225'600'000 + static_cast<std::int64_t>(n % 600'000), i + 1, "s",
                          std::move(line)});
    }
    const auto table = [&](std::string_view text, Form form, ShapedReads shaped, Cut cut) {
        const auto query = compile(text);
        REQUIRE(query.has_value());
        store::GroupInfo info;
        info.id = 1;
        info.tenant = {"123456789012", "us-east-1"};
        info.name = "g";
        RunOptions options;
        options.sources.push_back(
            {std::make_shared<TestSnapshot>(info, events, cut, 1, form), "123456789012:g"});
        options.range = {1'767'225'900'000, 1'767'226'200'000};
        options.shaped = shaped;
        options.side_sources.resize(needs_of(**query).scans.size() - 1);
        Execution execution(*query, options);
        const auto result = execution.run();
        REQUIRE(result);
        std::string out = fmt::format("{} matched\n", result->statistics.records_matched);
        for (const Row& row : result->rows) {
            for (const Cell& cell : row) out += cell.field + "=" + cell.value + "\t";
            out += "\n";
        }
        return out;
    };
    for (const char* text : {
             "pattern @message",
             "filter @message like \"blk_\" | pattern @message",
             "filter @message like \"blk_77\" or @message like \" 3\" | pattern @message",
             "filter @message =~ /[45]\\d\\d/ | pattern @message | sort @sampleCount asc, @pattern",
             "pattern @message | diff",
             "pattern @message | logcompare timeshift 5m",
             "filter @message like \"ERROR\" | pattern @message | anomaly",
             "parse @message \"* * *\" as a, b, c | pattern c",
         }) {
        CAPTURE(text);
        const std::string expected = table(text, Form::kText, ShapedReads::kYes, Cut::kOneMorsel);
        const bool some = expected.find("@pattern=") != std::string::npos;
        CHECK(some != (std::string_view(text).find("anomaly") != std::string_view::npos));
        for (const Cut cut : {Cut::kOneMorsel, Cut::kByTime, Cut::kScattered}) {
            CHECK(table(text, Form::kShaped, ShapedReads::kYes, cut) == expected);
            CHECK(table(text, Form::kShapedCut, ShapedReads::kYes, cut) == expected);
            CHECK(table(text, Form::kShaped, ShapedReads::kNo, cut) == expected);
        }
    }
}
