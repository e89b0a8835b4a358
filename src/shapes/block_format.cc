// SPDX-License-Identifier: Apache-2.0
#include "shapes/block_format.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "columnar/kernels.h"

namespace sky::shapes {

unsigned code_bits(std::size_t entries) {
    return entries <= 1 ? 0 : static_cast<unsigned>(std::bit_width(entries - 1));
}

void pack_codes(std::span<const std::uint16_t> codes, unsigned bits, std::string& out) {
    const std::size_t start = out.size(), bytes = packed_bytes(codes.size(), bits);
    out.resize(start + bytes + sizeof(std::uint64_t), '\0');
    std::size_t bit = 0;
    for (const std::uint16_t code : codes) {
        char* const at = out.data() + start + bit / 8;
        const std::uint64_t word = load_word<std::uint64_t>(at) | static_cast<std::uint64_t>(code)
                                                                      << (bit % 8);
        std::memcpy(at, &word, sizeof word);
        bit += bits;
    }
    out.resize(start + bytes);
}

bool unpack_codes(std::string_view bytes, unsigned bits, std::span<std::uint16_t> out) {
    if (bits > 16 || bytes.size() != packed_bytes(out.size(), bits)) return false;
    if (bits == 0) {
        std::fill(out.begin(), out.end(), std::uint16_t{0});
        return true;
    }
    const std::uint32_t mask = (1U << bits) - 1;
    std::size_t i = columnar::kernels().unpack_codes(bytes.data(), bits, out.data(), out.size());
    std::size_t bit = i * bits;
    // A load of 4 bytes must stay inside; the last few codes are put together bytewise.
    for (; i < out.size() && bit / 8 + 4 <= bytes.size(); ++i, bit += bits)
        out[i] = static_cast<std::uint16_t>(
            load_word<std::uint32_t>(bytes.data() + bit / 8) >> (bit % 8) & mask);
    for (; i < out.size(); ++i, bit += bits) {
        std::uint32_t word = 0;
        for (std::size_t b = bit / 8, shift = 0; b < bytes.size() && shift < 32; ++b, shift += 8)
            word |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[b])) << shift;
        out[i] = static_cast<std::uint16_t>(word >> (bit % 8) & mask);
    }
    return true;
}

void put_ascending(std::string& out, std::span<const std::uint32_t> numbers) {
    std::uint32_t next = 0;
    for (const std::uint32_t number : numbers) {
        put_varint(out, number - next);
        next = number + 1;
    }
}

bool read_ascending(ByteReader& in, std::size_t count, std::uint32_t end,
                    std::vector<std::uint32_t>& out) {
    if (count > end || count > in.left()) return false;
    out.resize(count);
    std::uint64_t next = 0;
    for (std::uint32_t& number : out) {
        const std::uint64_t step = in.varint();
        if (!in.ok() || step >= end || next + step >= end) return false;
        number = static_cast<std::uint32_t>(next + step);
        next += step + 1;
    }
    return true;
}

void put_references(std::string& out, std::span<const std::uint32_t> references) {
    std::int64_t next = 0;
    for (std::size_t i = 0; i < references.size();) {
        std::size_t run = 1;
        while (i + run < references.size() && references[i + run] == references[i] + run) ++run;
        put_signed(out, static_cast<std::int64_t>(references[i]) - next);
        put_varint(out, run);
        next = static_cast<std::int64_t>(references[i] + run);
        i += run;
    }
}

bool read_references(ByteReader& in, std::size_t count, std::uint32_t end,
                     std::vector<std::uint32_t>& out) {
    if (count > limits::kRowsMax) return false;
    out.clear();
    out.reserve(count);
    std::int64_t next = 0;
    while (out.size() < count) {
        const std::int64_t step = in.signed_varint();
        const std::uint64_t run = in.varint();
        const auto limit = static_cast<std::int64_t>(end);
        if (!in.ok() || step < -limit || step > limit || run == 0 || run > count - out.size())
            return false;
        const std::int64_t first = next + step;
        if (first < 0 || first + static_cast<std::int64_t>(run) > limit) return false;
        for (std::uint64_t i = 0; i < run; ++i)
            out.push_back(static_cast<std::uint32_t>(static_cast<std::uint64_t>(first) + i));
        next = first + static_cast<std::int64_t>(run);
    }
    return true;
}

}  // namespace sky::shapes
