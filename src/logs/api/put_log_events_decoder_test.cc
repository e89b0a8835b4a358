// SPDX-License-Identifier: Apache-2.0
#include "logs/api/put_log_events_decoder.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "logs/api/testing/codec_reference.h"

namespace sky::logs::api {
using testing::Agreement;
using testing::compare_decoders;

namespace {

std::string with_events(const std::string& events, const std::string& more = "") {
    return R"({"logGroupName":"g","logStreamName":"s","logEvents":)" + events + more + "}";
}
std::string with_message(const std::string& raw) {
    return with_events(R"([{"timestamp":1,"message":")" + raw + "\"}]");
}

}  // namespace

TEST_CASE("forms that clients send are read by hand, equal to the tables") {
    const std::string event = R"({"timestamp":1,"message":"m"})";
    const std::string entity_start = R"(,"entity":{"keyAttributes":{"Type":"Service","Name":"n"})";
    const std::string cases[] = {
        with_events("[" + event + "]"),
        with_events("[" + event + "," + event + "]"),
        with_events(R"([{"message":"m","timestamp":1767225600000}])"),
        "\n { \"logEvents\" : [ { \"timestamp\" : 0 , \"message\" : \"m\" } ] ,\t\"logGroupName\": "
        "\"/a/b.c_d-e#1\" , \"logStreamName\":\"x/[$LATEST]y\"}\r\n ",
        with_events("[" + event + "]", R"(,"sequenceToken":"496")"),
        with_events("[" + event + "]", entity_start + "}"),
        with_events("[" + event + "]", entity_start + R"(,"attributes":{}})"),
        with_events("[" + event + "]", entity_start + R"(,"attributes":{"a":"b"}})"),
        with_message("plain and longer than sixteen bytes, so that blocks are used"),
        with_message(R"(\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00)"),
        with_message(R"(sixteen bytes 0123456789 \n sixteen bytes 0123456789 \n end)"),
        with_message("é€😀 é€😀 é€😀 é€😀"),
        with_message(R"(é\né)"),
        with_message(R"(\u0000)"),
        with_message("\x7f"),
        with_message(R"(\ud800)"),
        with_message(R"(\udc00x)"),
        with_message(R"(\ud800\ud800\udc00)"),
        with_message(R"(\ud800\u0041)"),
        with_message(R"(\ud800\n)"),
        with_events(R"([{"timestamp":999999999999999999,"message":"m"}])"),
    };
    for (const std::string& body : cases) {
        CAPTURE(body);
        CHECK(compare_decoders(body) == Agreement::kBothRead);
    }
}

TEST_CASE("messages are views into the body unless they hold an escape") {
    const std::string body =
        with_events(R"([{"timestamp":1,"message":"plain"},{"timestamp":2,"message":"a\nb"}])");
    const auto put = decode_put_log_events(body);
    REQUIRE(put);
    CHECK(put->events[0].message.data() == body.data() + body.find("plain"));
    CHECK(put->events[1].message == "a\nb");
    CHECK_FALSE(
        decode_put_log_events(with_events(R"([{"timestamp":1,"message":"m"}])"))->unescaped);
}

TEST_CASE("everything else is left to the tables") {
    const std::string event = R"({"timestamp":1,"message":"m"})";
    std::string many;
    for (int i = 0; i < 10'001; ++i) many += (i ? "," : "[") + event;
    many += "]";
    const std::string good = with_events("[" + event + "]");
    const std::string cases[] = {
        "",
        "{}",
        "[]",
        good + "x",
        good.substr(0, good.size() - 1),
        with_events("[]"),
        with_events(many),
        with_events("[" + event + ",]"),
        with_events("[" + event + "]", R"(,"logEvents":[])"),
        with_events("[" + event + "]", R"(,"unknown":1)"),
        with_events("[" + event + "]", R"(,"sequenceToken":"")"),
        with_events("[" + event + "]", R"(,"sequenceToken":null)"),
        with_events("[" + event + "]", R"(,"entity":{"keyAttributes":{"Type":"a"}})"),
        with_events("[" + event + "]", R"(,"entity":{"keyAttributes":{"a":"b","a":"c"}})"),
        with_events(R"([{"timestamp":1,"message":""}])"),
        with_events(R"([{"timestamp":1}])"),
        with_events(R"([{"message":"m"}])"),
        with_events(R"([{"timestamp":1,"timestamp":1,"message":"m"}])"),
        with_events(R"([{"timestamp":-1,"message":"m"}])"),
        with_events(R"([{"timestamp":01,"message":"m"}])"),
        with_events(R"([{"timestamp":1.0,"message":"m"}])"),
        with_events(R"([{"timestamp":1e3,"message":"m"}])"),
        with_events(R"([{"timestamp":"1","message":"m"}])"),
        with_events(R"([{"timestamp":9223372036854775808,"message":"m"}])"),
        with_events(R"([{"timestamp":1,"message":1}])"),
        with_message("\x01"),
        with_message("\n"),
        with_message("\\x"),
        with_message("\\"),
        with_message("\\u12"),
        with_message("\\u12g4"),
        with_message(R"(\ud800\u12)"),
        with_message("\xff"),
        with_message("\xc0\xaf"),
        with_message("\xed\xa0\x80"),
        with_message("\xf4\x90\x80\x80"),
        with_message("\xe2\x82"),
        R"({"logGroupName":"g:h","logStreamName":"s","logEvents":[)" + event + "]}",
        R"({"logGroupName":"g","logStreamName":"s*","logEvents":[)" + event + "]}",
        R"({"logGroupName":"","logStreamName":"s","logEvents":[)" + event + "]}",
        R"({"logGroupName":")" + std::string(513, 'g') + R"(","logStreamName":"s","logEvents":[)" +
            event + "]}",
        R"({"logStreamName":"s","logEvents":[)" + event + "]}",
    };
    for (const std::string& body : cases) {
        CAPTURE(body.substr(0, 200));
        CHECK_FALSE(decode_put_log_events(body));
    }
}

TEST_CASE("random bodies and random damage: never another answer than the tables'") {
    SeededRandom random(11);
    const auto pick = [&](const auto& from) { return from[random.below(std::size(from))]; };
    static constexpr const char* kPieces[] = {"a",
                                              "é",
                                              "😀",
                                              "\\n",
                                              "\\\"",
                                              "\\u00e9",
                                              "\\ud83d",
                                              "\\ude00",
                                              "\\u0000",
                                              "\\/",
                                              "0123456789abcdef",
                                              " ",
                                              "[1] GET x 12.34 200"};
    static constexpr char kDamage[] = "\"\\{}[],:0123456789aeunl \t\n\x01\x80\xc3\xed\xf0\xff";
    std::size_t both = 0, left = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string events = "[";
        for (std::uint64_t n = 1 + random.below(4), i = 0; i < n; ++i) {
            std::string message = "m";
            for (std::uint64_t k = random.below(8); k > 0; --k) message += pick(kPieces);
            const std::string time = std::to_string(random.below(2'000'000'000'000));
            if (i != 0) events += ",";
            events += random.below(4) == 0
                          ? R"({ "message":")" + message + R"(" ,"timestamp": )" + time + "}"
                          : R"({"timestamp":)" + time + R"(,"message":")" + message + "\"}";
        }
        std::string body = with_events(
            events + "]", random.below(3) == 0 ? R"(,"sequenceToken":"x")" : std::string());
        for (std::uint64_t damage = random.below(3); damage > 0; --damage) {
            const std::size_t at = random.below(body.size());
            const char byte = kDamage[random.below(sizeof(kDamage) - 1)];
            switch (random.below(3)) {
                case 0:
                    body[at] = byte;
                    break;
                case 1:
                    body.insert(at, 1, byte);
                    break;
                default:
                    body.erase(at, 1 + random.below(3));
            }
            if (body.empty()) body = "{";
        }
        const Agreement got = compare_decoders(body);
        if (got == Agreement::kDiffer) FAIL(body);
        ++(got == Agreement::kBothRead ? both : left);
    }
    CHECK(both > 5'000);  // The test would mean nothing if one side were rare.
    CHECK(left > 5'000);
}

TEST_CASE("scan and UTF-8 check: equal to byte by byte, at every offset and length") {
    SeededRandom random(5);
    for (int round = 0; round < 3'000; ++round) {
        std::string text(random.below(70), 'x');
        for (char& c : text)
            if (random.below(12) == 0) c = static_cast<char>(random.below(256));
        bool high = false, expected_high = false;
        std::size_t expected = 0;
        while (expected < text.size()) {
            const auto byte = static_cast<unsigned char>(text[expected]);
            if (byte == '"' || byte == '\\' || byte < 0x20) break;
            expected_high = expected_high || byte >= 0x80;
            ++expected;
        }
        const char* const stop = scan_plain(text.data(), text.data() + text.size(), high);
        CHECK(static_cast<std::size_t>(stop - text.data()) == expected);
        CHECK(high == expected_high);
    }
    for (std::uint32_t point = 0; point < 0x110000; point += 1 + point / 97) {
        std::string text = "1234567";
        if (point >= 0xD800 && point < 0xE000) continue;
        const auto byte = [&](std::uint32_t value) { text.push_back(static_cast<char>(value)); };
        if (point < 0x80) {
            byte(point);
        } else if (point < 0x800) {
            byte(0xC0 | (point >> 6));
            byte(0x80 | (point & 0x3F));
        } else if (point < 0x10000) {
            byte(0xE0 | (point >> 12));
            byte(0x80 | ((point >> 6) & 0x3F));
            byte(0x80 | (point & 0x3F));
        } else {
            byte(0xF0 | (point >> 18));
            byte(0x80 | ((point >> 12) & 0x3F));
            byte(0x80 | ((point >> 6) & 0x3F));
            byte(0x80 | (point & 0x3F));
        }
        CHECK(is_valid_utf8(text));
        if (point >= 0x80)
            CHECK_FALSE(is_valid_utf8(std::string_view(text).substr(0, text.size() - 1)));
    }
    for (const char* bad : {"\x80", "\xc1\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x28\xa1"})
        CHECK_FALSE(is_valid_utf8(bad));
}

}  // namespace sky::logs::api
