// SPDX-License-Identifier: Apache-2.0
#include "columnar/kernels.h"

#include <array>
#include <atomic>
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
// AVX2 (Haswell, Zen 1 and later). Bytes move inside halves of 16 only, so each half is loaded from
// where its first value begins.
// -------------------------------------------------------------------------------------------------

#define SKY_HALF [[gnu::target("avx2")]]

/// Eight values as two registers of four, each half with two.
struct HalfWords {
    alignas(32) std::array<std::array<std::uint8_t, 32>, 2> bytes{};
    alignas(32) std::array<std::array<std::uint64_t, 4>, 2> shifts{};
    std::array<std::size_t, 4> offsets{};  // Of each half, in bytes.

    explicit HalfWords(unsigned width) {
        for (std::size_t half = 0; half < 4; ++half) {
            offsets[half] = 2 * half * width / 8;
            for (std::size_t i = 0; i < 2; ++i) {
                const std::size_t bit = 2 * half * width % 8 + i * width;
                const std::size_t place = 2 * (half % 2) + i;
                shifts[half / 2][place] = bit % 8;
                for (std::size_t b = 0; b < 8; ++b) {
                    bytes[half / 2][8 * place + b] = static_cast<std::uint8_t>((bit / 8 + b) & 15);
                }
            }
        }
    }
};

/// Codes of up to 9 bits, eight a half; they are moved up by a product, then down.
struct HalfCodes {
    alignas(32) std::array<std::uint8_t, 32> bytes{};
    alignas(32) std::array<std::uint16_t, 16> factors{};

    explicit HalfCodes(unsigned width) {
        for (std::size_t i = 0; i < 16; ++i) {
            const std::size_t bit = i % 8 * width;
            bytes[2 * i] = static_cast<std::uint8_t>(bit / 8 & 15);
            bytes[2 * i + 1] = static_cast<std::uint8_t>((bit / 8 + 1) & 15);
            const std::size_t up = (16 - width - bit % 8) & 15;
            factors[i] = static_cast<std::uint16_t>(1U << up);
        }
    }
};

/// Codes of 10 to 16 bits, four a half.
struct HalfWideCodes {
    alignas(32) std::array<std::uint8_t, 32> bytes{};
    alignas(32) std::array<std::uint32_t, 8> shifts{};

    explicit HalfWideCodes(unsigned width) {
        for (std::size_t i = 0; i < 8; ++i) {
            const std::size_t bit = i / 4 * 4 * width % 8 + i % 4 * width;
            shifts[i] = static_cast<std::uint32_t>(bit % 8);
            for (std::size_t b = 0; b < 4; ++b) {
                bytes[4 * i + b] = static_cast<std::uint8_t>((bit / 8 + b) & 15);
            }
        }
    }
};

template <class Table, std::size_t kWidths>
const Table& of_width(unsigned width) {
    static const auto all = []<std::size_t... kWidth>(std::index_sequence<kWidth...>) {
        return std::array{Table(static_cast<unsigned>(kWidth))...};
    }(std::make_index_sequence<kWidths>());
    return all[width];
}

SKY_HALF __m256i half_load(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
SKY_HALF __m256i half_load(const char* low, const char* high) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low));
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}
SKY_HALF void half_store(void* to, __m256i value) {
    _mm256_storeu_si256(static_cast<__m256i*>(to), value);
}

SKY_HALF void half_unpack_words(const char* from, unsigned width, std::uint64_t base,
                                std::uint64_t* out, std::size_t count) {
    const HalfWords& table = of_width<HalfWords, 57>(width);
    const __m256i mask =
        _mm256_set1_epi64x(static_cast<long long>((std::uint64_t{1} << width) - 1));
    const __m256i bases = _mm256_set1_epi64x(static_cast<long long>(base));
    const __m256i bytes[] = {half_load(table.bytes[0].data()), half_load(table.bytes[1].data())};
    const __m256i shifts[] = {half_load(table.shifts[0].data()), half_load(table.shifts[1].data())};
    std::size_t done = 0;
    // Eight values are `width` bytes; no load goes beyond 8 bytes behind the last value.
    while (done + 8 <= count && table.offsets[3] + 16 <= (count - done) * width / 8 + 8) {
        for (std::size_t r = 0; r < 2; ++r) {
            const __m256i raw =
                half_load(from + table.offsets[2 * r], from + table.offsets[2 * r + 1]);
            const __m256i words = _mm256_srlv_epi64(_mm256_shuffle_epi8(raw, bytes[r]), shifts[r]);
            half_store(out + done + 4 * r, _mm256_add_epi64(_mm256_and_si256(words, mask), bases));
        }
        done += 8;
        from += width;
    }
    plain_unpack_words(from, width, base, out + done, count - done);
}

SKY_HALF __m256i half_eight(const char* from, std::size_t second, const HalfWideCodes& table,
                            __m256i mask) {
    const __m256i raw = half_load(from, from + second);
    const __m256i words = _mm256_shuffle_epi8(raw, half_load(table.bytes.data()));
    return _mm256_and_si256(_mm256_srlv_epi32(words, half_load(table.shifts.data())), mask);
}

SKY_HALF std::size_t half_unpack_codes(const char* from, unsigned width, std::uint16_t* out,
                                       std::size_t count) {
    std::size_t done = 0;
    if (width <= 9) {  // A code and its shift fit 16 bits; eight codes are `width` bytes.
        const HalfCodes& table = of_width<HalfCodes, 10>(width);
        const __m256i bytes = half_load(table.bytes.data());
        const __m256i factors = half_load(table.factors.data());
        const __m128i down = _mm_cvtsi32_si128(static_cast<int>(16 - width));
        for (; done + 16 <= count && width + 16 <= (count - done) * width / 8; done += 16) {
            const __m256i raw = half_load(from, from + width);
            const __m256i up = _mm256_mullo_epi16(_mm256_shuffle_epi8(raw, bytes), factors);
            half_store(out + done, _mm256_srl_epi16(up, down));
            from += std::size_t{2} * width;
        }
        return done + plain_unpack_codes(from, width, out + done, count - done);
    }
    const HalfWideCodes& table = of_width<HalfWideCodes, 17>(width);
    const __m256i mask = _mm256_set1_epi32(static_cast<int>((1U << width) - 1));
    const std::size_t half = std::size_t{4} * width / 8;
    for (; done + 16 <= count && width + half + 16 <= (count - done) * width / 8; done += 16) {
        const __m256i both = _mm256_packus_epi32(half_eight(from, half, table, mask),
                                                 half_eight(from + width, half, table, mask));
        half_store(out + done, _mm256_permute4x64_epi64(both, 0xD8));
        from += std::size_t{2} * width;
    }
    return done;
}

SKY_HALF std::uint64_t half_sum_up(std::uint64_t start, std::uint64_t* values, std::size_t count) {
    __m256i before = _mm256_set1_epi64x(static_cast<long long>(start));
    std::size_t done = 0;
    for (; done + 4 <= count; done += 4) {
        __m256i sums = half_load(values + done);
        sums = _mm256_add_epi64(sums, _mm256_slli_si256(sums, 8));
        const __m256i low = _mm256_permute4x64_epi64(sums, 0x55);
        sums = _mm256_add_epi64(sums, _mm256_blend_epi32(_mm256_setzero_si256(), low, 0xF0));
        half_store(values + done, _mm256_add_epi64(sums, before));
        before = _mm256_add_epi64(before, _mm256_permute4x64_epi64(sums, 0xFF));
    }
    start = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm256_castsi256_si128(before)));
    return plain_sum_up(start, values + done, count - done);
}

SKY_HALF std::uint16_t half_greatest(const std::uint16_t* codes, std::size_t count) {
    __m256i most = _mm256_setzero_si256();
    std::size_t done = 0;
    for (; done + 16 <= count; done += 16) {
        most = _mm256_max_epu16(most, half_load(codes + done));
    }
    std::array<std::uint16_t, 16> lanes{};
    half_store(lanes.data(), most);
    const std::uint16_t rest = plain_greatest(codes + done, count - done);
    const std::uint16_t found = plain_greatest(lanes.data(), lanes.size());
    return found > rest ? found : rest;
}

SKY_HALF bool half_ascends(const std::int64_t* times, const std::uint64_t* sequences,
                           std::size_t count) {
    const __m256i top = _mm256_set1_epi64x(INT64_MIN);  // Makes the order of words that of numbers.
    __m256i disorder = _mm256_setzero_si256();
    std::size_t i = 1;
    for (; i + 4 <= count; i += 4) {
        const __m256i earlier = half_load(times + i - 1);
        const __m256i later = half_load(times + i);
        const __m256i rises =
            _mm256_cmpgt_epi64(_mm256_xor_si256(half_load(sequences + i), top),
                               _mm256_xor_si256(half_load(sequences + i - 1), top));
        const __m256i tied = _mm256_andnot_si256(rises, _mm256_cmpeq_epi64(earlier, later));
        disorder =
            _mm256_or_si256(disorder, _mm256_or_si256(tied, _mm256_cmpgt_epi64(earlier, later)));
    }
    return _mm256_testz_si256(disorder, disorder) != 0 &&
           (i >= count || plain_ascends(times + i - 1, sequences + i - 1, count - i + 1));
}

SKY_HALF void half_mark_codes(const std::uint16_t* codes, std::size_t count,
                              const std::uint8_t* table, std::size_t entries, std::uint8_t* out) {
    std::size_t done = 0;
    if (entries <= 64) {  // Registers have sixteen entries each, in both halves.
        alignas(32) std::array<char, 64> padded{};
        std::memcpy(padded.data(), table, entries);
        __m256i held[4];
        for (std::size_t k = 0; k < 4; ++k) {
            held[k] = half_load(padded.data() + 16 * k, padded.data() + 16 * k);
        }
        const std::size_t tables = (entries + 15) / 16;
        const __m256i upper = _mm256_set1_epi8(0x30);
        for (; done + 32 <= count; done += 32) {
            const __m256i both =
                _mm256_packus_epi16(half_load(codes + done), half_load(codes + done + 16));
            const __m256i indexes = _mm256_permute4x64_epi64(both, 0xD8);
            const __m256i of = _mm256_and_si256(indexes, upper);
            __m256i marks = half_load(out + done);
            for (std::size_t k = 0; k < tables; ++k) {
                const __m256i mine =
                    _mm256_cmpeq_epi8(of, _mm256_set1_epi8(static_cast<char>(16 * k)));
                marks = _mm256_or_si256(
                    marks, _mm256_and_si256(mine, _mm256_shuffle_epi8(held[k], indexes)));
            }
            half_store(out + done, marks);
        }
    }
    plain_mark_codes(codes + done, count - done, table, entries, out + done);
}

SKY_HALF void half_mark_equal(const std::int64_t* values, std::size_t count, std::int64_t value,
                              std::uint8_t* out) {
    const __m256i wanted = _mm256_set1_epi64x(value);
    std::size_t done = 0;
    for (; done + 4 <= count; done += 4) {
        const __m256i equal = _mm256_cmpeq_epi64(half_load(values + done), wanted);
        auto found = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(equal)));
        for (; found != 0; found &= found - 1) {
            out[done + static_cast<std::size_t>(std::countr_zero(found))] = 1;
        }
    }
    plain_mark_equal(values + done, count - done, value, out + done);
}

SKY_HALF std::uint32_t half_add_of_codes(const std::uint16_t* codes, std::size_t count,
                                         const std::uint32_t* table, std::size_t entries,
                                         std::uint32_t* words) {
    // Four registers have a whole table; to fetch words one by one nothing is gained.
    if (entries > 32) return plain_add_of_codes(codes, count, table, entries, words);
    alignas(32) std::array<std::uint32_t, 32> padded{};
    std::memcpy(padded.data(), table, entries * sizeof *table);
    __m256i held[4];
    for (std::size_t k = 0; k < 4; ++k) held[k] = half_load(padded.data() + 8 * k);
    __m256i together = _mm256_setzero_si256();
    std::size_t done = 0;
    for (; done + 8 <= count; done += 8) {
        const __m256i places =
            _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + done)));
        __m256 from[4];
        for (std::size_t k = 0; k < 4; ++k) {
            from[k] = _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(held[k], places));
        }
        const __m256 bit3 = _mm256_castsi256_ps(_mm256_slli_epi32(places, 28));
        const __m256 bit4 = _mm256_castsi256_ps(_mm256_slli_epi32(places, 27));
        const __m256i added =
            _mm256_castps_si256(_mm256_blendv_ps(_mm256_blendv_ps(from[0], from[1], bit3),
                                                 _mm256_blendv_ps(from[2], from[3], bit3), bit4));
        together = _mm256_or_si256(together, added);
        half_store(words + done, _mm256_add_epi32(half_load(words + done), added));
    }
    std::array<std::uint32_t, 8> lanes{};
    half_store(lanes.data(), together);
    std::uint32_t out =
        plain_add_of_codes(codes + done, count - done, table, entries, words + done);
    for (const std::uint32_t lane : lanes) out |= lane;
    return out;
}

/// For each set of eight places those that are in it, first.
constexpr auto kSetPlaces = [] {
    std::array<std::array<std::uint8_t, 8>, 256> out{};
    for (std::size_t set = 0; set < out.size(); ++set) {
        std::size_t found = 0;
        for (std::uint8_t bit = 0; bit < 8; ++bit) {
            if ((set >> bit & 1) != 0) out[set][found++] = bit;
        }
    }
    return out;
}();

SKY_HALF std::size_t half_places(const std::uint8_t* bytes, std::size_t count, std::uint32_t* out) {
    std::size_t done = 0;
    std::size_t found = 0;
    for (; done + 32 <= count; done += 32) {
        const __m256i none = _mm256_cmpeq_epi8(half_load(bytes + done), _mm256_setzero_si256());
        std::uint32_t set = ~static_cast<std::uint32_t>(_mm256_movemask_epi8(none));
        for (std::size_t at = done; set != 0; at += 8, set >>= 8) {
            const std::uint8_t eight = static_cast<std::uint8_t>(set & 0xFF);
            const __m256i places = _mm256_cvtepu8_epi32(
                _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kSetPlaces[eight].data())));
            half_store(out + found,
                       _mm256_add_epi32(places, _mm256_set1_epi32(static_cast<int>(at))));
            found += static_cast<std::size_t>(std::popcount(eight));
        }
    }
    for (; done < count; ++done) {
        out[found] = static_cast<std::uint32_t>(done);
        found += bytes[done] != 0 ? 1 : 0;
    }
    return found;
}

constexpr Kernels kHalf = {
    "avx2",       half_unpack_words, half_unpack_codes, half_sum_up,       half_greatest,
    half_ascends, half_mark_codes,   half_mark_equal,   half_add_of_codes, half_places};

const Kernels* half() { return __builtin_cpu_supports("avx2") != 0 ? &kHalf : nullptr; }

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
    return of_width<Lanes<Lane>, 57>(width);
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
const Kernels* half() { return nullptr; }
const Kernels* wide() { return nullptr; }
#endif

const Kernels* best() {
    if (const Kernels* form = wide()) return form;
    if (const Kernels* form = half()) return form;
    return &kPlain;
}

std::atomic<const Kernels*>& in_use() {
    static std::atomic<const Kernels*> form = best();
    return form;
}

}  // namespace

std::array<KernelForm, 3> kernel_forms() {
    return {{{"plain", &kPlain}, {"avx2", half()}, {"avx512vbmi", wide()}}};
}

const Kernels& kernels() { return *in_use().load(std::memory_order_relaxed); }

void use_kernels(const Kernels& form) { in_use().store(&form); }

}  // namespace sky::columnar
