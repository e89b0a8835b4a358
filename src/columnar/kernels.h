// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/columnar/kernels.h - the loops that every query runs over whole columns, in the
              // best form that the processor has.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sky::columnar {

/// One form of every loop; all forms give the same results.
/// Threads: pure functions.
struct Kernels {
    std::string_view name;

    /// out[i] = base + bits [i * width, (i + 1) * width) of `from`; width 1..56. Reads as many as 8
    /// bytes behind the last value's.
    void (*unpack_words)(const char* from, unsigned width, std::uint64_t base, std::uint64_t* out,
                         std::size_t count);
    /// The same for codes of 1..16 bits. Reads no byte behind the last code's; gives the number of
    /// codes that it did, a multiple of 8 from the start, and leaves the others.
    std::size_t (*unpack_codes)(const char* from, unsigned width, std::uint16_t* out,
                                std::size_t count);
    /// Makes differences into sums that begin at `start`; wraps. Gives the last sum.
    std::uint64_t (*sum_up)(std::uint64_t start, std::uint64_t* values, std::size_t count);
    /// 0 when there are none.
    std::uint16_t (*greatest)(const std::uint16_t* codes, std::size_t count);
    /// Whether (times[i], sequences[i]) ascend, none equal to the one before.
    bool (*ascends)(const std::int64_t* times, const std::uint64_t* sequences, std::size_t count);
    /// out[i] |= table[codes[i]]; the table has `entries` bytes, more than any code.
    void (*mark_codes)(const std::uint16_t* codes, std::size_t count, const std::uint8_t* table,
                       std::size_t entries, std::uint8_t* out);
    /// out[i] = 1 where values[i] is the value.
    void (*mark_equal)(const std::int64_t* values, std::size_t count, std::int64_t value,
                       std::uint8_t* out);
    /// words[i] += table[codes[i]]; wraps. Gives the bits of all that was added, together. The
    /// table has `entries` words, more than any code.
    std::uint32_t (*add_of_codes)(const std::uint16_t* codes, std::size_t count,
                                  const std::uint32_t* table, std::size_t entries,
                                  std::uint32_t* words);
    /// Places of bytes that are not 0, ascending; gives their number. `out` has room for
    /// count + kPlacesSlack.
    std::size_t (*places)(const std::uint8_t* bytes, std::size_t count, std::uint32_t* out);
};
inline constexpr std::size_t kPlacesSlack = 16;

/// What the program uses: the last of kernel_forms() that the processor has.
const Kernels& kernels();
/// Another form from here on, in every thread. For tests and measurements.
void use_kernels(const Kernels& form);

/// Every form, the plainest first; null where the processor has it not.
struct KernelForm {
    std::string_view name;
    const Kernels* kernels;
};
std::array<KernelForm, 3> kernel_forms();

}  // namespace sky::columnar
