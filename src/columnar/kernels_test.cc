// SPDX-License-Identifier: Apache-2.0
#include "columnar/kernels.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"

using namespace sky;
using namespace sky::columnar;

namespace {

constexpr std::size_t kCounts[] = {0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 1'000};

/// A copy that ends where its last byte does, so that a sanitizer sees a read behind it.
template <class T>
std::unique_ptr<T[]> exact(const std::vector<T>& values) {
    auto out = std::make_unique<T[]>(values.size());
    std::copy(values.begin(), values.end(), out.get());
    return out;
}

std::string pack(const std::vector<std::uint64_t>& values, unsigned width) {
    std::string out((values.size() * width + 7) / 8, '\0');
    std::size_t bit = 0;
    for (const std::uint64_t value : values) {
        for (unsigned i = 0; i < width; ++i, ++bit) {
            if ((value >> i & 1) != 0)
                out[bit / 8] = static_cast<char>(out[bit / 8] | 1 << bit % 8);
        }
    }
    return out;
}

/// Runs the check for each form that the processor has; names the others.
template <class Check>
void with_every_form(Check&& check) {
    for (const KernelForm& form : kernel_forms()) {
        if (form.kernels == nullptr) {
            MESSAGE("skipped: this processor lacks " << form.name);
            continue;
        }
        CAPTURE(form.name);
        check(*form.kernels);
    }
}

}  // namespace

TEST_CASE("kernels: packed words and codes come back, whatever their width") {
    SeededRandom random(1);
    with_every_form([&](const Kernels& form) {
        for (unsigned width = 1; width <= 56; ++width) {
            for (const std::size_t count : kCounts) {
                CAPTURE(width);
                CAPTURE(count);
                std::vector<std::uint64_t> values(count);
                for (std::uint64_t& value : values) {
                    value =
                        random.below(4) == 0 ? (1ULL << width) - 1 : random.below(1ULL << width);
                }
                const std::string packed = pack(values, width);
                std::vector<char> padded(packed.begin(), packed.end());
                padded.resize(padded.size() + 8, '\x5A');
                std::vector<std::uint64_t> words(count);
                form.unpack_words(exact(padded).get(), width, 17, words.data(), count);
                for (std::size_t i = 0; i < count; ++i) words[i] -= 17;
                CHECK(words == values);
                if (width > 16) continue;
                std::vector<std::uint16_t> codes(count, 0xAAAA);
                const std::vector<char> bytes(packed.begin(), packed.end());
                const std::size_t done =
                    form.unpack_codes(exact(bytes).get(), width, codes.data(), count);
                REQUIRE(done <= count);
                CHECK(done % 8 == 0);
                for (std::size_t i = 0; i < count; ++i) {
                    CHECK(codes[i] == (i < done ? values[i] : 0xAAAA));
                }
            }
        }
    });
}

TEST_CASE("kernels: sums, the greatest code, order") {
    SeededRandom random(2);
    with_every_form([&](const Kernels& form) {
        for (const std::size_t count : kCounts) {
            CAPTURE(count);
            std::vector<std::uint64_t> steps(count);
            std::vector<std::uint16_t> codes(count);
            for (std::uint64_t& step : steps) step = random.next_u64();
            for (std::uint16_t& code : codes)
                code = static_cast<std::uint16_t>(random.below(65'536));
            std::uint64_t sum = 42;
            std::vector<std::uint64_t> sums;
            for (const std::uint64_t step : steps) sums.push_back(sum += step);
            CHECK(form.sum_up(42, steps.data(), count) == sum);
            CHECK(steps == sums);
            std::uint16_t greatest = 0;
            for (const std::uint16_t code : codes) greatest = std::max(greatest, code);
            CHECK(form.greatest(exact(codes).get(), count) == greatest);

            std::vector<std::int64_t> times(count);
            std::vector<std::uint64_t> sequences(count);
            for (std::size_t i = 0; i < count; ++i) {
                times[i] = static_cast<std::int64_t>(i / 3) - 5;
                sequences[i] = (i % 3) << 62;  // Their order is that of unsigned numbers.
            }
            CHECK(form.ascends(exact(times).get(), exact(sequences).get(), count));
            for (std::size_t i = 1; i < count; ++i) {
                const std::int64_t time = times[i];
                const std::uint64_t sequence = sequences[i];
                times[i] = times[i - 1] - 1;
                CHECK(!form.ascends(times.data(), sequences.data(), count));
                times[i] = times[i - 1];
                sequences[i] = sequences[i - 1];
                CHECK(!form.ascends(times.data(), sequences.data(), count));
                times[i] = time;
                sequences[i] = sequence;
            }
        }
    });
}

TEST_CASE("kernels: words of codes") {
    SeededRandom random(4);
    with_every_form([&](const Kernels& form) {
        for (const std::size_t entries : {1U, 5U, 15U, 16U, 17U, 31U, 32U, 33U, 3'000U, 65'536U}) {
            for (const std::size_t count : kCounts) {
                CAPTURE(entries);
                CAPTURE(count);
                std::vector<std::uint32_t> table(entries), words(count), expected(count);
                std::vector<std::uint16_t> codes(count);
                for (std::uint32_t& word : table) {
                    word = static_cast<std::uint32_t>(random.next_u64()) & 0x7FFFFFFF;
                }
                if (random.below(2) == 0) table[random.below(entries)] = 0xFFFFFFFF;
                std::uint32_t together = 0;
                for (std::size_t i = 0; i < count; ++i) {
                    codes[i] = static_cast<std::uint16_t>(random.below(entries));
                    words[i] = static_cast<std::uint32_t>(random.next_u64());
                    expected[i] = words[i] + table[codes[i]];
                    together |= table[codes[i]];
                }
                CHECK(form.add_of_codes(exact(codes).get(), count, exact(table).get(), entries,
                                        words.data()) == together);
                CHECK(words == expected);
            }
        }
    });
}

TEST_CASE("kernels: marks and their places") {
    SeededRandom random(3);
    with_every_form([&](const Kernels& form) {
        for (const std::size_t entries : {1U, 5U, 63U, 64U, 65U, 3'000U}) {
            for (const std::size_t count : kCounts) {
                CAPTURE(entries);
                CAPTURE(count);
                std::vector<std::uint8_t> table(entries), marks(count), expected(count);
                std::vector<std::uint16_t> codes(count);
                std::vector<std::int64_t> values(count);
                for (std::uint8_t& byte : table) byte = static_cast<std::uint8_t>(random.below(3));
                for (std::size_t i = 0; i < count; ++i) {
                    codes[i] = static_cast<std::uint16_t>(random.below(entries));
                    values[i] = static_cast<std::int64_t>(random.below(4)) - 2;
                    marks[i] = static_cast<std::uint8_t>(random.below(2) * 4);
                    expected[i] = static_cast<std::uint8_t>(marks[i] | table[codes[i]]);
                }
                form.mark_codes(exact(codes).get(), count, exact(table).get(), entries,
                                marks.data());
                CHECK(marks == expected);
                for (std::size_t i = 0; i < count; ++i) {
                    if (values[i] == -2) expected[i] = 1;
                }
                form.mark_equal(exact(values).get(), count, -2, marks.data());
                CHECK(marks == expected);
                std::vector<std::uint32_t> places(count + kPlacesSlack), wanted;
                for (std::uint32_t i = 0; i < count; ++i) {
                    if (marks[i] != 0) wanted.push_back(i);
                }
                places.resize(form.places(exact(marks).get(), count, places.data()));
                CHECK(places == wanted);
            }
        }
    });
}
