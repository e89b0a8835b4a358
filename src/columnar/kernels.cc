// SPDX-License-Identifier: Apache-2.0
#include "columnar/kernels.h"

#include <bit>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#if !defined(__clang__)
// GCC 12 takes the deliberately undefined registers of its own header for a mistake (PR 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#endif

namespace sky::columnar {
namespace {

std::uint64_t load64(const char* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

// Plain: any processor.
// -------------------------------------------------------------------------------------------------

void plain_unpack_words(const char* from, unsigned width, std::uint64_t base, std::uint64_t* out,
                        std::size_t count) {
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    std::size_t bit = 0;
    for (std::size_t i = 0; i < count; ++i, bit += width) {
        out[i] = base + ((load64(from + bit / 8) >> (bit % 8)) & mask);
    }
}

std::size_t plain_unpack_codes(const char* from, unsigned width, std::uint16_t* out,
                               std::size_t count) {
    if (width > 8) return 0;
    // Eight codes are `width` bytes; the load of a word must stay inside.
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    const std::size_t bytes = count * width / 8;
    std::size_t done = 0;
    for (; done + 8 <= count && done / 8 * width + 8 <= bytes; done += 8) {
        const std::uint64_t word = load64(from + done / 8 * width);
        for (unsigned i = 0; i < 8; ++i) {
            out[done + i] = static_cast<std::uint16_t>(word >> (i * width) & mask);
        }
    }
    return done;
}

std::uint64_t plain_sum_up(std::uint64_t start, std::uint64_t* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values[i] = start += values[i];
    return start;
}

std::uint16_t plain_greatest(const std::uint16_t* codes, std::size_t count) {
    std::uint16_t out = 0;
    for (std::size_t i = 0; i < count; ++i) out = codes[i] > out ? codes[i] : out;
    return out;
}

bool plain_ascends(const std::int64_t* times, const std::uint64_t* sequences, std::size_t count) {
    unsigned disorder = 0;
    for (std::size_t i = 1; i < count; ++i) {  // Without branches: few files are damaged.
        disorder |=
            unsigned{times[i - 1] > times[i]} |
            (unsigned{times[i - 1] == times[i]} & unsigned{sequences[i - 1] >= sequences[i]});
    }
    return disorder == 0;
}

void plain_mark_codes(const std::uint16_t* codes, std::size_t count, const std::uint8_t* table,
                      std::size_t, std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::uint8_t>(out[i] | table[codes[i]]);
    }
}

void plain_mark_equal(const std::int64_t* values, std::size_t count, std::int64_t value,
                      std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::uint8_t>(values[i] == value ? 1 : out[i]);
    }
}

std::uint32_t plain_add_of_codes(const std::uint16_t* codes, std::size_t count,
                                 const std::uint32_t* table, std::size_t, std::uint32_t* words) {
    std::uint32_t together = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t added = table[codes[i]];
        together |= added;
        words[i] += added;
    }
    return together;
}

std::size_t plain_places(const std::uint8_t* bytes, std::size_t count, std::uint32_t* out) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < count; ++i) {
        out[found] = static_cast<std::uint32_t>(i);
        found += bytes[i] != 0 ? 1 : 0;
    }
    return found;
}

constexpr Kernels kPlain = {
    "plain",       plain_unpack_words, plain_unpack_codes, plain_sum_up,       plain_greatest,
    plain_ascends, plain_mark_codes,   plain_mark_equal,   plain_add_of_codes, plain_places};

#if defined(__x86_64__)
// AVX-512 with byte permutation (Ice Lake, Zen 4 and later).
// -------------------------------------------------------------------------------------------------

#define SKY_WIDE [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,popcnt")]]

/// For each lane the bytes of its value in a load that begins with the first one's.
template <class Lane>
struct Lanes {
    static constexpr std::size_t kCount = 64 / sizeof(Lane);
    alignas(64) std::array<std::uint8_t, 64> bytes{};
    alignas(64) std::array<Lane, kCount> shifts{};

    explicit Lanes(unsigned width) {
        for (std::size_t i = 0; i < kCount; ++i) {
            const std::size_t bit = i * width;
            for (std::size_t b = 0; b < sizeof(Lane); ++b) {
                bytes[i * sizeof(Lane) + b] = static_cast<std::uint8_t>((bit / 8 + b) & 63);
            }
            shifts[i] = static_cast<Lane>(bit % 8);
        }
    }
};

template <class Lane>
const Lanes<Lane>& lanes_of(unsigned width) {
    static const auto all = []<std::size_t... kWidth>(std::index_sequence<kWidth...>) {
        return std::array{Lanes<Lane>(static_cast<unsigned>(kWidth))...};
    }(std::make_index_sequence<57>());
    return all[width];
}

SKY_WIDE void wide_unpack_words(const char* from, unsigned width, std::uint64_t base,
                                std::uint64_t* out, std::size_t count) {
    const Lanes<std::uint64_t>& lanes = lanes_of<std::uint64_t>(width);
    const __m512i bytes = _mm512_load_si512(lanes.bytes.data());
    const __m512i shifts = _mm512_load_si512(lanes.shifts.data());
    const __m512i mask = _mm512_set1_epi64(static_cast<long long>((std::uint64_t{1} << width) - 1));
    const __m512i bases = _mm512_set1_epi64(static_cast<long long>(base));
    // Eight values are `width` bytes.
    const __mmask64 loaded = (std::uint64_t{1} << width) - 1;
    std::size_t done = 0;
    for (; done + 8 <= count; done += 8, from += width) {
        const __m512i raw = _mm512_maskz_loadu_epi8(loaded, from);
        const __m512i words = _mm512_srlv_epi64(_mm512_permutexvar_epi8(bytes, raw), shifts);
        _mm512_storeu_si512(out + done, _mm512_add_epi64(_mm512_and_si512(words, mask), bases));
    }
    plain_unpack_words(from, width, base, out + done, count - done);
}

SKY_WIDE std::size_t wide_unpack_codes(const char* from, unsigned width, std::uint16_t* out,
                                       std::size_t count) {
    std::size_t done = 0;
    if (width <= 9) {  // A code and its shift fit 16 bits; 32 codes are 4 * width bytes.
        const Lanes<std::uint16_t>& lanes = lanes_of<std::uint16_t>(width);
        const __m512i bytes = _mm512_load_si512(lanes.bytes.data());
        const __m512i shifts = _mm512_load_si512(lanes.shifts.data());
        const __m512i mask = _mm512_set1_epi16(static_cast<short>((1U << width) - 1));
        const __mmask64 loaded = (std::uint64_t{1} << (4 * width)) - 1;
        for (; done + 32 <= count; done += 32, from += std::size_t{4} * width) {
            const __m512i raw = _mm512_maskz_loadu_epi8(loaded, from);
            const __m512i words = _mm512_srlv_epi16(_mm512_permutexvar_epi8(bytes, raw), shifts);
            _mm512_storeu_si512(out + done, _mm512_and_si512(words, mask));
        }
        return done;
    }
    const Lanes<std::uint32_t>& lanes = lanes_of<std::uint32_t>(width);
    const __m512i bytes = _mm512_load_si512(lanes.bytes.data());
    const __m512i shifts = _mm512_load_si512(lanes.shifts.data());
    const __m512i mask = _mm512_set1_epi32(static_cast<int>((1U << width) - 1));
    const __mmask64 loaded = (std::uint64_t{1} << (2 * width)) - 1;
    for (; done + 16 <= count; done += 16, from += std::size_t{2} * width) {
        const __m512i raw = _mm512_maskz_loadu_epi8(loaded, from);
        const __m512i words = _mm512_srlv_epi32(_mm512_permutexvar_epi8(bytes, raw), shifts);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + done),
                            _mm512_cvtepi32_epi16(_mm512_and_si512(words, mask)));
    }
    return done;
}

SKY_WIDE std::uint64_t wide_sum_up(std::uint64_t start, std::uint64_t* values, std::size_t count) {
    const __m512i zero = _mm512_setzero_si512();
    const __m512i last = _mm512_set1_epi64(7);
    __m512i before = _mm512_set1_epi64(static_cast<long long>(start));
    std::size_t done = 0;
    for (; done + 8 <= count; done += 8) {
        __m512i sums = _mm512_loadu_si512(values + done);
        sums = _mm512_add_epi64(sums, _mm512_alignr_epi64(sums, zero, 7));
        sums = _mm512_add_epi64(sums, _mm512_alignr_epi64(sums, zero, 6));
        sums = _mm512_add_epi64(sums, _mm512_alignr_epi64(sums, zero, 4));
        sums = _mm512_add_epi64(sums, before);
        before = _mm512_permutexvar_epi64(last, sums);
        _mm512_storeu_si512(values + done, sums);
    }
    start = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm512_castsi512_si128(before)));
    return plain_sum_up(start, values + done, count - done);
}

SKY_WIDE std::uint16_t wide_greatest(const std::uint16_t* codes, std::size_t count) {
    __m512i most = _mm512_setzero_si512();
    std::size_t done = 0;
    for (; done + 32 <= count; done += 32) {
        most = _mm512_max_epu16(most, _mm512_loadu_si512(codes + done));
    }
    std::array<std::uint16_t, 32> lanes{};
    _mm512_storeu_si512(lanes.data(), most);
    const std::uint16_t rest = plain_greatest(codes + done, count - done);
    const std::uint16_t found = plain_greatest(lanes.data(), lanes.size());
    return found > rest ? found : rest;
}

SKY_WIDE bool wide_ascends(const std::int64_t* times, const std::uint64_t* sequences,
                           std::size_t count) {
    std::size_t i = 1;
    unsigned disorder = 0;
    for (; i + 8 <= count; i += 8) {
        const __m512i earlier = _mm512_loadu_si512(times + i - 1);
        const __m512i later = _mm512_loadu_si512(times + i);
        const __mmask8 equal = _mm512_cmpeq_epi64_mask(earlier, later);
        const __mmask8 tied = _mm512_mask_cmpge_epu64_mask(
            equal, _mm512_loadu_si512(sequences + i - 1), _mm512_loadu_si512(sequences + i));
        disorder |= static_cast<unsigned>(_mm512_cmpgt_epi64_mask(earlier, later)) |
                    static_cast<unsigned>(tied);
    }
    return disorder == 0 &&
           (i >= count || plain_ascends(times + i - 1, sequences + i - 1, count - i + 1));
}

SKY_WIDE void wide_mark_codes(const std::uint16_t* codes, std::size_t count,
                              const std::uint8_t* table, std::size_t entries, std::uint8_t* out) {
    std::size_t done = 0;
    if (entries <= 64) {
        const __mmask64 held = entries == 64 ? ~__mmask64{0} : (__mmask64{1} << entries) - 1;
        const __m512i held_table = _mm512_maskz_loadu_epi8(held, table);
        for (; done + 64 <= count; done += 64) {
            const __m256i low = _mm512_cvtepi16_epi8(_mm512_loadu_si512(codes + done));
            const __m256i high = _mm512_cvtepi16_epi8(_mm512_loadu_si512(codes + done + 32));
            const __m512i indexes = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
            const __m512i marks = _mm512_permutexvar_epi8(indexes, held_table);
            _mm512_storeu_si512(out + done, _mm512_or_si512(marks, _mm512_loadu_si512(out + done)));
        }
    }
    plain_mark_codes(codes + done, count - done, table, entries, out + done);
}

SKY_WIDE void wide_mark_equal(const std::int64_t* values, std::size_t count, std::int64_t value,
                              std::uint8_t* out) {
    const __m512i wanted = _mm512_set1_epi64(value);
    std::size_t done = 0;
    for (; done + 8 <= count; done += 8) {
        unsigned found = _mm512_cmpeq_epi64_mask(_mm512_loadu_si512(values + done), wanted);
        for (; found != 0; found &= found - 1) {
            out[done + static_cast<std::size_t>(std::countr_zero(found))] = 1;
        }
    }
    plain_mark_equal(values + done, count - done, value, out + done);
}

SKY_WIDE std::uint32_t wide_add_of_codes(const std::uint16_t* codes, std::size_t count,
                                         const std::uint32_t* table, std::size_t entries,
                                         std::uint32_t* words) {
    const bool held = entries <= 32;  // Two registers have the whole table.
    __m512i low = _mm512_setzero_si512();
    __m512i high = low;
    if (held) {
        const std::uint64_t mask = (std::uint64_t{1} << entries) - 1;
        low = _mm512_maskz_loadu_epi32(static_cast<__mmask16>(mask), table);
        high = _mm512_maskz_loadu_epi32(static_cast<__mmask16>(mask >> 16), table + 16);
    }
    __m512i together = _mm512_setzero_si512();
    std::size_t done = 0;
    for (; done + 16 <= count; done += 16) {
        const __m512i places = _mm512_cvtepu16_epi32(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + done)));
        const __m512i added = held ? _mm512_permutex2var_epi32(low, places, high)
                                   : _mm512_i32gather_epi32(places, table, 4);
        together = _mm512_or_si512(together, added);
        _mm512_storeu_si512(words + done,
                            _mm512_add_epi32(_mm512_loadu_si512(words + done), added));
    }
    std::array<std::uint32_t, 16> lanes{};
    _mm512_storeu_si512(lanes.data(), together);
    std::uint32_t out =
        plain_add_of_codes(codes + done, count - done, table, entries, words + done);
    for (const std::uint32_t lane : lanes) out |= lane;
    return out;
}

SKY_WIDE std::size_t wide_places(const std::uint8_t* bytes, std::size_t count, std::uint32_t* out) {
    const __m512i sixteen = _mm512_set1_epi32(16);
    __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    std::size_t done = 0;
    std::size_t found = 0;
    for (; done + 16 <= count; done += 16) {
        const __m128i some = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + done));
        const __mmask16 set = _mm_test_epi8_mask(some, some);
        _mm512_storeu_si512(out + found, _mm512_maskz_compress_epi32(set, numbers));
        found += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(set)));
        numbers = _mm512_add_epi32(numbers, sixteen);
    }
    for (; done < count; ++done) {
        out[found] = static_cast<std::uint32_t>(done);
        found += bytes[done] != 0 ? 1 : 0;
    }
    return found;
}

constexpr Kernels kWide = {"avx512vbmi",      wide_unpack_words, wide_unpack_codes, wide_sum_up,
                           wide_greatest,     wide_ascends,      wide_mark_codes,   wide_mark_equal,
                           wide_add_of_codes, wide_places};

bool has_wide() {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
           __builtin_cpu_supports("avx512vbmi") != 0;
}
const Kernels* wide() { return has_wide() ? &kWide : nullptr; }
#else
const Kernels* wide() { return nullptr; }
#endif

}  // namespace

std::array<KernelForm, 2> kernel_forms() { return {{{"plain", &kPlain}, {"avx512vbmi", wide()}}}; }

const Kernels& kernels() {
    static const Kernels& best = wide() != nullptr ? *wide() : kPlain;
    return best;
}

}  // namespace sky::columnar
