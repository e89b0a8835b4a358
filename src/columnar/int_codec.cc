// SPDX-License-Identifier: Apache-2.0
#include "columnar/int_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "base/byte_codec.h"
#include "columnar/kernels.h"

namespace sky::columnar {

namespace {

enum class Form : std::uint8_t { kDelta = 1, kReference = 2, kRuns = 3 };

constexpr std::size_t kMiniBlock = 128;
// A value at any bit offset fits one 64-bit load up to here; wider ones take whole words.
constexpr unsigned kPackedWidthMax = 56;

/// Bytes that put_varint() writes.
std::size_t varint_bytes(std::uint64_t value) {
    return (static_cast<std::size_t>(std::bit_width(value | 1U)) + 6) / 7;
}
/// Bytes that put_signed() writes.
std::size_t signed_bytes(std::int64_t value) { return varint_bytes(zigzag(value)); }

constexpr std::size_t packed_bytes(std::size_t count, unsigned width) {
    return (count * width + 7) / 8;
}

/// What a mini-block needs. Signed order, so that small negative differences stay small offsets.
struct MiniBlock {
    std::int64_t least;
    unsigned width;
};

MiniBlock measure(std::span<const std::uint64_t> values) {
    std::int64_t least = static_cast<std::int64_t>(values[0]), most = least;
    for (const std::uint64_t value : values) {
        least = std::min(least, static_cast<std::int64_t>(value));
        most = std::max(most, static_cast<std::int64_t>(value));
    }
    const auto width = static_cast<unsigned>(
        std::bit_width(static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least)));
    return {least, width > kPackedWidthMax ? 64 : width};
}

void encode_mini_block(std::span<const std::uint64_t> values, MiniBlock block, std::string& out) {
    const auto base = static_cast<std::uint64_t>(block.least);
    const unsigned width = block.width;
    out.push_back(static_cast<char>(width));
    put_signed(out, block.least);
    if (width == 0) return;
    if (width == 64) {
        for (const std::uint64_t value : values) put_word(out, value - base);
        return;
    }
    std::array<char, kMiniBlock * 8 + 8> packed{};
    std::size_t bit = 0;
    for (const std::uint64_t value : values) {
        char* const at = packed.data() + bit / 8;
        const std::uint64_t word = load_word<std::uint64_t>(at) | (value - base) << (bit % 8);
        std::memcpy(at, &word, sizeof word);
        bit += width;
    }
    out.append(packed.data(), packed_bytes(values.size(), width));
}

/// Calls visit(values) for each mini-block.
template <class Visit>
void for_each_mini_block(std::span<const std::uint64_t> values, const Visit& visit) {
    for (std::size_t i = 0; i < values.size(); i += kMiniBlock)
        visit(values.subspan(i, std::min(kMiniBlock, values.size() - i)));
}

/// Values as mini-blocks, measured before one of them is written.
class MiniBlocks {
public:
    explicit MiniBlocks(std::span<const std::uint64_t> values) : values_(values) {
        blocks_.reserve((values.size() + kMiniBlock - 1) / kMiniBlock);
        for_each_mini_block(values, [&](std::span<const std::uint64_t> part) {
            const MiniBlock block = blocks_.emplace_back(measure(part));
            bytes_ += 1 + signed_bytes(block.least) + packed_bytes(part.size(), block.width);
        });
    }
    std::size_t bytes() const { return bytes_; }
    void encode(std::string& out) const {
        std::size_t next = 0;
        for_each_mini_block(values_, [&](std::span<const std::uint64_t> part) {
            encode_mini_block(part, blocks_[next++], out);
        });
    }

private:
    const std::span<const std::uint64_t> values_;
    std::vector<MiniBlock> blocks_;
    std::size_t bytes_ = 0;
};

/// Calls visit(value, times) for each run of equal values, until it says false.
template <class Visit>
void for_each_run(std::span<const std::uint64_t> values, const Visit& visit) {
    for (std::size_t i = 0, end = 0; i < values.size(); i = end) {
        while (end < values.size() && values[end] == values[i]) ++end;
        if (!visit(static_cast<std::int64_t>(values[i]), end - i)) return;
    }
}

/// What the runs take, or more than `limit`.
std::size_t runs_bytes(std::span<const std::uint64_t> values, std::size_t limit) {
    std::size_t bytes = 0;
    for_each_run(values, [&](std::int64_t value, std::size_t times) {
        bytes += signed_bytes(value) + varint_bytes(times);
        return bytes <= limit;
    });
    return bytes;
}

bool decode_runs(ByteReader& in, std::uint64_t previous, std::span<std::uint64_t> out) {
    for (std::size_t i = 0; i < out.size();) {
        const auto step = static_cast<std::uint64_t>(in.signed_varint());
        const std::uint64_t times = in.varint();
        if (!in.ok() || times == 0 || times > out.size() - i) return false;
        const auto run = out.subspan(i, static_cast<std::size_t>(times));
        for (std::size_t k = 0; k < run.size(); ++k) run[k] = previous + (k + 1) * step;
        previous = run.back();
        i += run.size();
    }
    return in.ok();
}

bool decode_mini_block(ByteReader& in, std::span<std::uint64_t> out) {
    const std::string_view head = in.take(1);
    if (head.empty()) return false;
    const unsigned width = static_cast<unsigned char>(head[0]);
    const auto base = static_cast<std::uint64_t>(in.signed_varint());
    if (!in.ok() || (width > kPackedWidthMax && width != 64)) return false;
    if (width == 0) {
        std::fill(out.begin(), out.end(), base);
        return true;
    }
    const std::size_t bytes = packed_bytes(out.size(), width);
    const std::string_view stored = in.take(bytes);
    if (!in.ok()) return false;
    if (width == 64) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = base + load_word<std::uint64_t>(stored.data() + i * 8);
        return true;
    }
    // Loads reach up to 8 bytes beyond the last value.
    std::array<char, kMiniBlock * 7 + 8> padded;
    const char* from = stored.data();
    if (in.left() < 8) {
        std::memcpy(padded.data(), from, bytes);
        std::memset(padded.data() + bytes, 0, 8);
        from = padded.data();
    }
    kernels().unpack_words(from, width, base, out.data(), out.size());
    return true;
}

}  // namespace

void encode_integers(std::span<const std::uint64_t> values, std::string& out) {
    if (values.empty()) return;
    std::vector<std::uint64_t> steps(values.size() - 1);
    for (std::size_t i = 1; i < values.size(); ++i) steps[i - 1] = values[i] - values[i - 1];
    const MiniBlocks delta(steps), reference(values);
    const auto first = static_cast<std::int64_t>(values[0]);
    const std::size_t by_delta = signed_bytes(first) + delta.bytes();
    const bool by_steps = by_delta < reference.bytes();
    const std::size_t least = by_steps ? by_delta : reference.bytes();
    if (!steps.empty() && signed_bytes(first) + runs_bytes(steps, least) < least) {
        out.push_back(static_cast<char>(Form::kRuns));
        put_signed(out, first);
        for_each_run(steps, [&](std::int64_t step, std::size_t times) {
            put_signed(out, step);
            put_varint(out, times);
            return true;
        });
        return;
    }
    out.push_back(static_cast<char>(by_steps ? Form::kDelta : Form::kReference));
    if (by_steps) put_signed(out, first);
    (by_steps ? delta : reference).encode(out);
}

bool decode_integers(std::string_view bytes, std::span<std::uint64_t> out) {
    if (out.empty()) return bytes.empty();
    ByteReader in(bytes);
    const std::string_view head = in.take(1);
    if (head.empty()) return false;
    const auto form = static_cast<Form>(head[0]);
    if (form == Form::kRuns) {
        out[0] = static_cast<std::uint64_t>(in.signed_varint());
        return decode_runs(in, out[0], out.subspan(1)) && in.left() == 0;
    }
    if (form != Form::kDelta && form != Form::kReference) return false;
    const bool delta = form == Form::kDelta;
    std::uint64_t previous = 0;
    std::size_t i = 0;
    if (delta) out[i++] = previous = static_cast<std::uint64_t>(in.signed_varint());
    while (i < out.size()) {
        const auto block = out.subspan(i, std::min(kMiniBlock, out.size() - i));
        if (!decode_mini_block(in, block)) return false;
        if (delta) previous = kernels().sum_up(previous, block.data(), block.size());
        i += block.size();
    }
    return in.ok() && in.left() == 0;
}

namespace {

/// A run ascends or descends, so its ends tell.
std::optional<IntegerBounds> bounds_of_runs(ByteReader& in, std::size_t count) {
    std::int64_t value = in.signed_varint();
    IntegerBounds out{value, value};
    for (std::uint64_t left = count - 1; left != 0;) {
        const std::int64_t step = in.signed_varint();
        const std::uint64_t times = in.varint();
        std::int64_t way = 0;
        if (!in.ok() || times == 0 || times > left || __builtin_mul_overflow(step, times, &way) ||
            __builtin_add_overflow(value, way, &value))
            return std::nullopt;
        out.least = std::min(out.least, value);
        out.most = std::max(out.most, value);
        left -= times;
    }
    return in.ok() ? std::optional(out) : std::nullopt;
}

}  // namespace

std::optional<IntegerBounds> bounds_of_integers(std::string_view bytes, std::size_t count) {
    ByteReader in(bytes);
    const std::string_view head = in.take(1);
    if (count == 0 || head.empty()) return std::nullopt;
    if (static_cast<Form>(head[0]) == Form::kRuns) return bounds_of_runs(in, count);
    if (static_cast<Form>(head[0]) != Form::kReference) return std::nullopt;
    IntegerBounds out{INT64_MAX, INT64_MIN};
    for (std::size_t i = 0; i < count; i += kMiniBlock) {
        const std::string_view width_byte = in.take(1);
        if (width_byte.empty()) return std::nullopt;
        const unsigned width = static_cast<unsigned char>(width_byte[0]);
        const std::int64_t base = in.signed_varint();
        if (!in.ok() || width > kPackedWidthMax) return std::nullopt;
        in.take(packed_bytes(std::min(kMiniBlock, count - i), width));
        const auto span = static_cast<std::int64_t>((std::uint64_t{1} << width) - 1);
        std::int64_t most = 0;
        if (!in.ok() || __builtin_add_overflow(base, span, &most)) return std::nullopt;
        out.least = std::min(out.least, base);
        out.most = std::max(out.most, most);
    }
    return out;
}

}  // namespace sky::columnar
