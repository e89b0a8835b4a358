// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/columnar/int_codec.h - integer columns as mini-blocks of bit-packed offsets.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sky::columnar {

/// How consecutive values relate; one byte before the column, so each column chooses.
///   kDelta:     the first value, then differences (times, sequences).
///   kReference: the values themselves (dictionary codes, lengths).
///   kRuns:      the first value, then each difference with the number of times that it comes again
///               (sequences of whole batches, times of ingestion).
/// The first two in mini-blocks of 128: least value, width, offsets from the least packed at that
/// width. Arithmetic wraps at 64 bits, so any values survive. The smallest form is taken.
void encode_integers(std::span<const std::uint64_t> values, std::string& out);

/// Exactly out.size() values; false when the bytes are not what encode_integers() makes for that
/// many. Speed: one load, shift, mask and store a value.
[[nodiscard]] bool decode_integers(std::string_view bytes, std::span<std::uint64_t> out);

/// What signed values are not below and not above.
struct IntegerBounds {
    std::int64_t least = 0, most = 0;
};
/// Of the `count` values that encode_integers() made the bytes of, as the heads of their
/// mini-blocks tell: values may be well inside. Nothing where values must be decoded to know, or
/// the bytes are damaged.
std::optional<IntegerBounds> bounds_of_integers(std::string_view bytes, std::size_t count);

}  // namespace sky::columnar
