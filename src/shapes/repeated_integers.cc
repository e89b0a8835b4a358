// SPDX-License-Identifier: Apache-2.0
#include "shapes/repeated_integers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <vector>

#include "base/byte_codec.h"
#include "columnar/kernels.h"
#include "shapes/text_hash.h"
#include "shapes/zstd_frame.h"

namespace sky::shapes {

namespace {

enum class Kind : std::uint8_t { kDifferences = 1, kValues = 2 };

struct Planes {
    Kind kind = Kind::kValues;
    std::uint64_t first = 0, least = 0;
    unsigned width = 1;                  // Bytes a value.
    std::vector<std::uint64_t> offsets;  // From the least.
};

/// In signed order, as small negative differences are small.
Planes planes_of(Kind kind, std::span<const std::uint64_t> values) {
    Planes out{.kind = kind, .first = values[0], .least = 0, .width = 1, .offsets = {}};
    out.offsets.assign(values.begin(), values.end());
    if (kind == Kind::kDifferences) {
        for (std::size_t i = values.size() - 1; i > 0; --i) out.offsets[i] -= values[i - 1];
        // Not used; alike is best.
        out.offsets[0] = values.size() > 1 ? out.offsets[1] : 0;
    }
    const auto as_signed = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    const auto [least, most] = std::ranges::minmax(out.offsets, {}, as_signed);
    out.least = least;
    const auto bits = static_cast<unsigned>(std::bit_width(most - least));
    out.width = std::max(1U, (bits + 7) / 8);
    for (std::uint64_t& offset : out.offsets) offset -= out.least;
    return out;
}

}  // namespace

bool looks_repeated(std::span<const std::uint64_t> values) {
    constexpr std::size_t kStretch = 4;
    constexpr std::size_t kWindow = 32;  // Of so many stretches one is looked at: the least hash.
    constexpr std::size_t kSeenMin = 64;
    constexpr std::size_t kTable = 8'192;
    if (values.size() < kStretch * kWindow * 2) return false;
    // Differences: a counter's stretches are alike wherever it stands.
    const auto hash_at = [&](std::size_t i) {
        std::uint64_t hash = kHashA;
        for (std::size_t k = 1; k < kStretch; ++k)
            hash = hash_mix(hash ^ (values[i + k] - values[i + k - 1]), kHashB);
        return hash;
    };
    std::array<std::uint32_t, kTable> seen{};
    std::array<std::uint64_t, kWindow> hashes{};
    std::size_t looked = 0, again = 0, least = 0;
    for (std::size_t i = 0; i + kStretch <= values.size(); ++i) {
        const std::uint64_t hash = hashes[i % kWindow] = hash_at(i);
        const bool gone = i >= least + kWindow;
        if (i + 1 < kWindow || (!gone && hash > hashes[least % kWindow])) continue;
        least = i;
        if (gone || i + 1 == kWindow)
            for (std::size_t k = i + 1 - kWindow; k < i; ++k)
                if (hashes[k % kWindow] <= hashes[least % kWindow]) least = k;
        const std::uint64_t of = hashes[least % kWindow];
        ++looked;
        std::uint32_t& place = seen[of % kTable];
        const auto tag = static_cast<std::uint32_t>(of >> 32U) | 1U;
        again += place == tag ? 1U : 0U;
        place = tag;
    }
    return looked >= kSeenMin && again * 2 > looked;
}

bool encode_repeated(std::span<const std::uint64_t> values, std::string& out) {
    const Planes differences = planes_of(Kind::kDifferences, values);
    const Planes plain = planes_of(Kind::kValues, values);
    const Planes& planes = differences.width < plain.width ? differences : plain;
    out.push_back(static_cast<char>(planes.kind));
    out.push_back(static_cast<char>(planes.width));
    put_signed(out, static_cast<std::int64_t>(planes.first));
    put_signed(out, static_cast<std::int64_t>(planes.least));
    std::string bytes(values.size() * planes.width, '\0');
    for (unsigned plane = 0; plane < planes.width; ++plane) {
        char* const to = bytes.data() + plane * values.size();
        for (std::size_t i = 0; i < values.size(); ++i)
            to[i] = static_cast<char>(planes.offsets[i] >> (8 * plane));
    }
    return append_zstd(bytes, out);
}

bool decode_repeated(std::string_view bytes, std::span<std::uint64_t> out) {
    ByteReader in(bytes);
    const auto kind = static_cast<Kind>(in.word<std::uint8_t>());
    const unsigned width = in.word<std::uint8_t>();
    const auto first = static_cast<std::uint64_t>(in.signed_varint());
    const auto least = static_cast<std::uint64_t>(in.signed_varint());
    if (!in.ok() || (kind != Kind::kDifferences && kind != Kind::kValues) || width < 1 ||
        width > sizeof(std::uint64_t) || out.empty())
        return false;
    const auto planes = std::make_unique_for_overwrite<char[]>(out.size() * width);
    if (!decode_zstd(in.take(in.left()), planes.get(), out.size() * width)) return false;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<unsigned char>(planes[i]);
    for (unsigned plane = 1; plane < width; ++plane) {
        const char* const from = planes.get() + plane * out.size();
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * plane);
    }
    for (std::uint64_t& value : out) value += least;
    if (kind == Kind::kDifferences) {
        out[0] = first;
        columnar::kernels().sum_up(first, out.data() + 1, out.size() - 1);
    }
    return true;
}

}  // namespace sky::shapes
