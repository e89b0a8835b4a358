// SPDX-License-Identifier: Apache-2.0
#include "shapes/miner.h"

#include <doctest/doctest.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "base/random.h"
#include "shapes/limits.h"
#include "shapes/shaped_block.h"

namespace sky::shapes {
namespace {

columnar::TextColumn column_of(const std::vector<std::string>& lines) {
    columnar::TextColumn column;
    for (const std::string& line : lines) column.push_back(line);
    return column;
}

/// Mines, encodes, decodes; the lines must come back. Returns the block's bytes.
std::size_t round_trip(const columnar::TextColumn& lines) {
    const std::string bytes = encode_block(mine(lines));
    const auto block = ShapedBlock::open(bytes, lines.size(), lines.bytes());
    REQUIRE(block);
    std::string text(lines.bytes(), '?');
    std::vector<std::uint32_t> ends(lines.size());
    REQUIRE((*block)->render_all(text.data(), ends));
    REQUIRE(text == lines.data());
    REQUIRE(std::equal(ends.begin(), ends.end(), lines.offsets().begin() + 1));
    return bytes.size();
}

/// "[<>] <> <>": a family with its slots.
std::string print(const Family& family) {
    std::string out;
    for (const Piece& piece : family.pieces) out += piece.is_slot() ? "<>" : piece.constant;
    return out;
}

/// In the order of the alphabet, one a line.
std::string joined(const std::set<std::string>& families) {
    std::string out;
    for (const std::string& family : families) out += family + "\n";
    return out;
}
std::string families_of(const Shaping& shaping) {
    std::set<std::string> out;
    for (const Family& family : shaping.families) out.insert(print(family));
    return joined(out);
}

std::string number(std::uint64_t i, std::uint64_t of = 10'000) {
    return std::to_string(i * 7'919 % of);
}

}  // namespace

TEST_CASE("miner: lines of one program -> its families") {
    struct Case {
        const char* name;
        std::string (*line)(std::uint64_t i);
        std::set<std::string> families;
    };
    static const Case kCases[] = {
        {"endpoint line",
         [](std::uint64_t i) {
             static constexpr const char* kViews[] = {"user-list", "order-detail", "cart-report"};
             static constexpr const char* kMethods[] = {"GET", "POST"};
             return std::string("[profiler] ") + kMethods[i % 5 / 4] + " " + kViews[i % 3] + " " +
                    number(i) + ".25 " + (i % 7 == 0 ? "404" : "200");
         },
         {"[<>] <> <> <> <>"}},
        {"access log",
         [](std::uint64_t i) {
             return "10.0.0." + number(i, 200) +
                    " - - [17/May/2015:10:05:" + std::to_string(10 + i % 50) +
                    " +0000] \"GET /path/" + number(i) + " HTTP/1.1\" 200 " + number(i, 5'000) +
                    " \"-\" \"Mozilla/5.0 (X11; rv:" + number(i, 30) + ") agent " +
                    std::string(i % 9, 'x') + std::string(i % 4, ' ') + "\"";
         },
         {"<> - - [<> +0000] \"GET <> HTTP/1.1\" 200 <> \"-\" \"<>\""}},
        {"logfmt: keys name their values",
         [](std::uint64_t i) {
             return i % 2 == 0 ? "level=info dur=" + number(i) + "ms path=/a/" + number(i)
                               : "level=warn left=" + number(i) + " msg=\"" + number(i) + " of " +
                                     number(i + 1) + " gone\"";
         },
         {"level=info dur=<> path=<>", "level=warn left=<> msg=\"<> of <> gone\""}},
        {"log statements told apart by their names",
         [](std::uint64_t i) {
             static constexpr const char* kStatements[] = {
                 "OrderService#12 order found here today",
                 "CartService#7 cart left without items",
                 "UserService#99 login failed for somebody",
                 "MailService#3 letter sent out again",
                 "StockService#5 shelf is nearly empty",
                 "TaxService#1 rate not known yet"};
             return "INFO " + std::string(kStatements[i % 6]) + " id=" + number(i);
         },
         {"INFO OrderService#12 order found here today id=<>",
          "INFO CartService#7 cart left without items id=<>",
          "INFO UserService#99 login failed for somebody id=<>",
          "INFO MailService#3 letter sent out again id=<>",
          "INFO StockService#5 shelf is nearly empty id=<>",
          "INFO TaxService#1 rate not known yet id=<>"}},
        {"syslog",
         [](std::uint64_t i) {
             return "<34>Jun 14 15:16:" + std::to_string(10 + i % 50) + " host sshd[" + number(i) +
                    "]: Failed password for root from 10.1.1." + number(i, 250) + " port " +
                    number(i) + " ssh2";
         },
         {"<34>Jun 14 <> host sshd[<>]: Failed password for root from <> port <> ssh2"}},
        {"Python logging",
         [](std::uint64_t i) {
             return "2024-05-01 10:00:" + std::to_string(10 + i % 50) + "," +
                    std::to_string(100 + i % 800) + " INFO django.request: request " + number(i) +
                    " took " + number(i, 999) + " ms";
         },
         {"2024-05-01 <> INFO django.request: request <> took <> ms"}},
        {"JSON: keys are constant, values are slots, arrays are whole",
         [](std::uint64_t i) {
             return "{\"level\":\"info\",\"n\":" + number(i) +
                    ",\"a.b\\\"c\":{\"\":" + (i % 3 == 0 ? "null" : "-1e3") + "},\"list\":[" +
                    std::string(i % 3, '1') + "]}";
         },
         {"{\"level\":\"<>\",\"n\":<>,\"a.b\\\"c\":{\"\":<>},\"list\":[<>]}"}},
        {"JSON strings of named lines",
         [](std::uint64_t i) {
             return "{\"m\":\"Process ended:\\r\\nUser Name:\\t\\t" +
                    std::string(i % 3 == 0   ? "NT AUTHORITY"
                                : i % 3 == 1 ? "A"
                                             : "B c d") +
                    "\\r\\n\\tImage: C:\\\\new\\\\" + number(i) + ".exe\"}";
         },
         {"{\"m\":\"Process ended:\\r\\nUser Name:\\t\\t<>\\r\\n\\tImage: <>\"}"}},
        {"multi-line",
         [](std::uint64_t i) {
             return "Traceback (most recent call last):\n  File \"/app/v" + number(i, 9) +
                    ".py\", line " + number(i) + ", in get\nValueError: " + number(i);
         },
         {"Traceback (most recent call last):\n  File \"<>\", line <>, in get\nValueError: <>"}},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        std::vector<std::string> lines;
        for (std::uint64_t i = 0; i < 3'000; ++i) lines.push_back(c.line(i));
        const columnar::TextColumn column = column_of(lines);
        CHECK(families_of(mine(column)) == joined(c.families));
        round_trip(column);
    }
}

TEST_CASE("miner: the seed's lines are one family with five slots") {
    static constexpr const char* kMethods[] = {"GET", "GET", "GET", "POST", "DELETE"};
    static constexpr const char* kStatuses[] = {"200", "200", "200", "200", "404", "500"};
    SeededRandom random(1);
    columnar::TextColumn lines;
    while (lines.size() < 20'000) {
        const std::uint64_t hundredths = random.below(random.below(9) == 0 ? 100'000 : 5'000);
        lines.push_back("[profiler] " + std::string(kMethods[random.below(5)]) + " view-" +
                        std::to_string(random.below(48)) + " " + std::to_string(hundredths / 100) +
                        "." + std::to_string(hundredths / 10 % 10) +
                        std::to_string(hundredths % 10) + " " + kStatuses[random.below(6)]);
    }
    const Shaping shaping = mine(lines);
    REQUIRE(shaping.families.size() == 1);
    CHECK(shaping.families[0].slots == 5);
    CHECK(print(shaping.families[0]) == "[<>] <> <> <> <>");
    // Method, view, status in bits, durations as integers: under 4 bytes; text is 33.
    CHECK(round_trip(lines) < 4 * lines.size());
}

TEST_CASE("miner: two lines of JSON are a family, two others are not") {
    std::vector<std::string> lines;
    for (int i = 0; i < 2; ++i) {
        for (const char* const key : {"a", "b", "c"})
            lines.push_back(std::string(R"({"time":)") + std::to_string(10 + i) + R"(,")" + key +
                            R"(":"x )" + std::to_string(i) + R"("})");
        lines.push_back("text " + std::to_string(i) + " of a kind");
    }
    lines.emplace_back(R"({"alone":true})");
    const Shaping shaping = mine(column_of(lines));
    CHECK(families_of(shaping) == R"(<>
{"time":<>,"a":"x <>"}
{"time":<>,"b":"x <>"}
{"time":<>,"c":"x <>"}
)");
    round_trip(column_of(lines));
    // A chunk of nothing but pairs leaves room for other families.
    lines.clear();
    for (int i = 0; i < 2'000; ++i)
        lines.push_back(R"({"k)" + std::to_string(i / 2) + R"(":)" + std::to_string(i) + "}");
    CHECK(mine(column_of(lines)).families.size() == limits::kFamiliesMax / 2);
    round_trip(column_of(lines));
}

TEST_CASE("miner: lines without a family cost hardly more than their text") {
    SeededRandom random(3);
    for (const std::size_t words : {std::size_t{1}, std::size_t{12}, std::size_t{200}}) {
        CAPTURE(words);
        columnar::TextColumn lines;
        while (lines.size() < 4'000) {
            std::string line;
            for (std::size_t w = 1 + random.below(words); w-- > 0;) {
                for (std::size_t k = 1 + random.below(9); k-- > 0;)
                    line += static_cast<char>('a' + random.below(26));
                line += " ,;:[](){}=\"|\n"[random.below(13)];
            }
            lines.push_back(line);
        }
        std::string plain(ZSTD_compressBound(lines.bytes()), '\0');
        plain.resize(
            ZSTD_compress(plain.data(), plain.size(), lines.data().data(), lines.bytes(), 3));
        CHECK(round_trip(lines) < plain.size() + plain.size() / 10 + 2 * lines.size());
        CHECK(mine(lines).families.size() <= limits::kFamiliesMax);
    }
}

TEST_CASE("miner: any bytes come back") {
    SeededRandom random(17);
    static constexpr std::string_view kAlphabets[] = {
        "ab []", "{}\":,[]\\ 1a", "\"\\nrt x:=", "0123456789.-+e:/", "<>()|;=\n\t\r a1"};
    static constexpr const char* kParts[] = {
        "[profiler] ", "10.10", "+7",   "007", "1e3", "-0.0", "10.1", "",   "\xFF\x00\xC3",
        "{\"a\":",     "\"b\"", "[1,2", "]}",  "}",   "=",    "key=", "\n", "日本"};
    for (int round = 0; round < 150; ++round) {
        CAPTURE(round);
        const std::string_view alphabet = kAlphabets[random.below(5)];
        const bool parts = random.below(2) == 0;
        // A few lines with small changes, so that there are families to fall out of.
        std::vector<std::string> seeds(1 + random.below(4));
        for (std::string& seed : seeds)
            for (std::size_t k = random.below(30); k-- > 0;)
                seed += parts ? std::string(kParts[random.below(18)])
                              : std::string(1, alphabet[random.below(alphabet.size())]);
        columnar::TextColumn lines;
        for (std::size_t i = 1 + random.below(300); i-- > 0;) {
            std::string line = seeds[random.below(seeds.size())];
            for (std::size_t k = random.below(3); k-- > 0 && !line.empty();)
                line[random.below(line.size())] = random.below(4) == 0
                                                      ? static_cast<char>(random.below(256))
                                                      : alphabet[random.below(alphabet.size())];
            lines.push_back(line);
        }
        round_trip(lines);
    }
}

TEST_CASE("miner: extremes of length and number") {
    struct Case {
        const char* name;
        std::size_t lines;
        std::string line;
    };
    const Case kCases[] = {
        {"one empty line", 1, ""},
        {"many empty lines", 5'000, ""},
        {"only brackets", 20, std::string(100'000, '[')},
        {"only quotes", 20, std::string(100'001, '"')},
        {"only backslashes", 20, std::string(100'001, '\\')},
        {"one long word", 3, std::string(1'000'000, 'w')},
        {"more words than tokens", 50,
         [] {
             std::string line;
             for (int i = 0; i < 5'000; ++i) line += "w ";
             return line;
         }()},
        {"brackets in brackets", 20,
         [] {
             std::string line;
             for (int i = 0; i < 20'000; ++i) line += "(a ";
             return line + std::string(20'000, ')');
         }()},
        {"deep JSON", 50,
         [] {
             std::string line;
             for (int i = 0; i < 100; ++i) line += "{\"a\":";
             return line + "1" + std::string(100, '}');
         }()},
        {"as many lines as there may be", 65'536, "a b"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        columnar::TextColumn lines;
        for (std::size_t i = 0; i < c.lines; ++i) lines.push_back(c.line);
        round_trip(lines);
    }
}

TEST_CASE("miner: real logs are smaller than zstd-9 makes them, and come back") {
    struct Case {
        const char* file;
        std::size_t bytes_max;  // Of text: a part is enough.
        double ratio_max;       // Against zstd-9 of the same text.
        std::size_t families_max;
    };
    static constexpr Case kCases[] = {
        {"apache-access.log.zst", 3'000'000, 1.0, 4},
        {"trainticket.log.zst", 6'000'000, 0.9, 300},
        {"windows-events.ndjson.zst", 12'000'000, 1.15, 60},
    };
    const char* const shared = std::getenv("SKYWATCH_SHARED");
    const std::string root = shared != nullptr ? shared : SKY_SOURCE_DIR "/../shared";
    for (const Case& c : kCases) {
        CAPTURE(c.file);
        std::ifstream in(root + "/data/" + c.file, std::ios::binary);
        if (!in) {
            std::printf("skipped: %s/data/%s is absent\n", root.c_str(), c.file);
            continue;
        }
        const std::string packed((std::istreambuf_iterator<char>(in)), {});
        std::string text(c.bytes_max, '\0');
        ZSTD_DCtx* const context = ZSTD_createDCtx();
        ZSTD_inBuffer from{packed.data(), packed.size(), 0};
        ZSTD_outBuffer to{text.data(), text.size(), 0};
        while (to.pos < to.size && from.pos < from.size)
            REQUIRE(ZSTD_isError(ZSTD_decompressStream(context, &to, &from)) == 0);
        ZSTD_freeDCtx(context);
        text.resize(to.pos);
        columnar::TextColumn lines;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            lines.push_back(std::string_view(text).substr(at, end - at));
            at = end + 1;
        }
        std::string plain(ZSTD_compressBound(lines.bytes()), '\0');
        plain.resize(
            ZSTD_compress(plain.data(), plain.size(), lines.data().data(), lines.bytes(), 9));
        const std::size_t families = mine(lines).families.size();
        const std::size_t bytes = round_trip(lines);
        const double ratio = static_cast<double>(bytes) / static_cast<double>(plain.size());
        CAPTURE(ratio);
        CAPTURE(families);
        CHECK(ratio <= c.ratio_max);
        CHECK(families <= c.families_max);
    }
}

}  // namespace sky::shapes
