// SPDX-License-Identifier: Apache-2.0
#include "shapes/repeated_integers.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "columnar/int_codec.h"

namespace sky::shapes {

TEST_CASE("repeated integers: any values come back") {
    SeededRandom random(6);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::uint64_t> values(1 + random.below(300));
        const std::uint64_t shape = random.below(5), shift = random.below(64);
        std::uint64_t at = random.next_u64();
        for (std::uint64_t& value : values) {
            const std::uint64_t noise = random.next_u64() >> shift;
            value = shape == 0   ? noise
                    : shape == 1 ? (at += noise)
                    : shape == 2 ? at
                    : shape == 3 ? (random.below(100) == 0 ? random.next_u64() : 7)
                                 : std::uint64_t{0} - noise;
        }
        std::string bytes;
        REQUIRE(encode_repeated(values, bytes));
        std::vector<std::uint64_t> back(values.size());
        CHECK(decode_repeated(bytes, back));
        CHECK(back == values);
        // Fewer bytes, another length, or another head are refused or give other numbers.
        CHECK_FALSE(decode_repeated(std::string_view(bytes).substr(0, bytes.size() - 1), back));
        back.push_back(0);
        CHECK_FALSE(decode_repeated(bytes, back));
        bytes[0] = 3;
        back.pop_back();
        CHECK_FALSE(decode_repeated(bytes, back));
    }
}

TEST_CASE("repeated integers: stretches that come again are seen at any distance, others are not") {
    SeededRandom random(8);
    std::vector<std::uint64_t> noise(30'000), again, shifted, runs(30'000, 5);
    for (std::uint64_t& value : noise) value = random.below(10'000);
    for (std::size_t i = 0; i < 60'000; ++i) again.push_back(noise[i % 9'973]);
    for (std::size_t i = 0; i < 60'000; ++i) shifted.push_back(noise[i % 9'973] + i / 9'973 * 77);
    CHECK_FALSE(looks_repeated(noise));
    CHECK(looks_repeated(again));
    CHECK(looks_repeated(shifted));
    CHECK_FALSE(looks_repeated({again.data(), 100}));
    std::string packed, repeated;
    columnar::encode_integers(again, packed);
    REQUIRE(encode_repeated(again, repeated));
    CHECK(repeated.size() * 3 < packed.size());
}

}  // namespace sky::shapes
