// SPDX-License-Identifier: Apache-2.0
#include "shapes/term_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace sky::shapes {

namespace {

using Table = std::array<bool, 256>;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr Table id_bytes() {
    Table out{};
    for (unsigned c = '0'; c <= '9'; ++c) out[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) out[c] = out[c - 'a' + 'A'] = true;
    out['-'] = out['_'] = true;
    return out;
}
constexpr Table kIdBytes = id_bytes();

bool is_id(char c) { return kIdBytes[static_cast<unsigned char>(c)]; }
bool is_decimal(char c) { return is_digit(c) || c == '.'; }

/// Part of the format (docs/formats.md): never changes.
std::uint64_t mix(std::uint64_t low, std::uint64_t high) {
    constexpr std::uint64_t kA = 0x9E3779B97F4A7C15ULL, kB = 0xD6E8FEB86659FD93ULL;
    std::uint64_t x = low * kA + high;
    x = (x ^ x >> 32U) * kB;
    x = (x ^ x >> 29U) * kA;
    return x ^ x >> 32U;
}
std::uint64_t hash_gram(const char* gram) {
    static_assert(TermFilter::kGramBytes == 12);
    return mix(load_word<std::uint64_t>(gram), load_word<std::uint32_t>(gram + 8));
}
/// Up to eight bytes as a little-endian number, zeros behind them.
std::uint64_t padded_word(const char* at, std::size_t size) {
    if (size == 8) return load_word<std::uint64_t>(at);
    if (size < 4) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < size; ++i)
            word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
        return word;
    }
    return load_word<std::uint32_t>(at) | std::uint64_t{load_word<std::uint32_t>(at + size - 4)}
                                              << (8 * (size - 4));
}
std::uint64_t hash_decimal(std::string_view text) {
    static_assert(TermFilter::kDecimalBytesMax == 16);
    const std::size_t low = std::min<std::size_t>(text.size(), 8);
    return mix(padded_word(text.data(), low), padded_word(text.data() + low, text.size() - low));
}

/// The two bits of a hash in a set. The second begins where those of the sets of formats 3 and 4
/// ended; in one twice as large the two share a bit of the hash, which costs nothing.
struct Probes {
    std::uint64_t first, second;
};
constexpr unsigned kProbeShift = 17;
Probes probes(std::uint64_t hash, std::size_t bytes) {
    const std::uint64_t mask = bytes * 8 - 1;
    return {hash & mask, hash >> kProbeShift & mask};
}

/// Calls visit(stretch) for stretches of kIdBytesMin id bytes or more, whole. Most of the text is
/// not looked at: a long stretch has a byte at every kIdBytesMin-th place.
template <class Visit>
void for_each_id(std::string_view text, const Visit& visit) {
    constexpr std::size_t kMin = TermFilter::kIdBytesMin;
    std::size_t begin = 0;  // No long stretch that begins before it is left to be told.
    while (begin + kMin <= text.size()) {
        std::size_t at = begin + kMin;
        while (at > begin && is_id(text[at - 1])) --at;
        if (at != begin) {
            begin = at;
            continue;
        }
        std::size_t end = begin + kMin;
        while (end < text.size() && is_id(text[end])) ++end;
        visit(text.substr(begin, end - begin));
        begin = end + 1;
    }
}

/// Calls visit(hash) with the gram that stands for each window of kWindowGrams; windows without a
/// gram that has a digit have none. What stands for a window depends on its bytes alone.
template <class Visit>
void for_each_gram(std::string_view id, const Visit& visit) {
    constexpr std::size_t kGram = TermFilter::kGramBytes, kWindow = TermFilter::kWindowGrams;
    constexpr std::uint64_t kNone = ~std::uint64_t{0};
    std::array<std::uint64_t, kWindow>
        hashes{};               // Of the window's grams, by place modulo its size.
    std::size_t digit_end = 0;  // Behind the last digit so far.
    for (std::size_t i = 0; i + 1 < kGram; ++i)
        if (is_digit(id[i])) digit_end = i + 1;
    std::uint64_t told = kNone;
    for (std::size_t i = 0; i + kGram <= id.size(); ++i) {
        if (is_digit(id[i + kGram - 1])) digit_end = i + kGram;
        hashes[i % kWindow] = digit_end > i ? hash_gram(id.data() + i) : kNone;
        if (i + 1 < kWindow) continue;
        std::uint64_t least = kNone;
        for (const std::uint64_t hash : hashes) least = hash < least ? hash : least;
        if (least == kNone || least == told) continue;
        told = least;
        visit(least);
    }
}

/// Calls visit(begin, end) for whole stretches of digits and points that have both and are not too
/// long.
template <class Visit>
void for_each_decimal(std::string_view text, const Visit& visit) {
    std::size_t from = 0;
    while (from < text.size()) {
        const void* const found = std::memchr(text.data() + from, '.', text.size() - from);
        if (found == nullptr) return;
        const auto point = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
        std::size_t begin = point, end = point + 1;
        while (begin > from && is_decimal(text[begin - 1])) --begin;
        bool digit = begin != point;
        for (; end < text.size() && is_decimal(text[end]); ++end)
            digit = digit || is_digit(text[end]);
        if (digit && end - begin <= TermFilter::kDecimalBytesMax) visit(begin, end);
        from = end;
    }
}

void set(std::string& bits, std::uint64_t hash) {
    const Probes of = probes(hash, bits.size());
    for (const std::uint64_t bit : {of.first, of.second}) {
        char& byte = bits[bit / 8];
        byte = static_cast<char>(byte | 1 << (bit % 8));
    }
}
/// Per cent of the bits that are set.
std::size_t share_set(const std::string& bits) {
    std::size_t set_bits = 0;
    for (std::size_t i = 0; i < bits.size(); i += sizeof(std::uint64_t))
        set_bits +=
            static_cast<std::size_t>(std::popcount(load_word<std::uint64_t>(bits.data() + i)));
    return set_bits * 100 / (bits.size() * 8);
}
/// The least size of which at most half is set; empty where more than `useless` per cent are.
std::string folded(std::string bits, std::size_t useless) {
    constexpr std::size_t kFull = 50;
    if (share_set(bits) > useless) return {};
    while (bits.size() > HashBits::kBytesMin) {
        std::string half = bits.substr(0, bits.size() / 2);
        for (std::size_t i = 0; i < half.size(); ++i)
            half[i] = static_cast<char>(half[i] | bits[half.size() + i]);
        if (share_set(half) > kFull) break;
        bits = std::move(half);
    }
    return bits;
}

}  // namespace

TermFilterMaker::TermFilterMaker()
    : ids_(TermFilter::kIdSetBytesMax, '\0'), decimals_(TermFilter::kDecimalSetBytesMax, '\0') {}

bool HashBits::may_contain(std::uint64_t hash) const {
    if (bits_.empty()) return true;
    const auto is_set = [&](std::uint64_t bit) {
        return (unsigned{static_cast<unsigned char>(bits_[bit / 8])} >> (bit % 8) & 1U) != 0;
    };
    const Probes of = probes(hash, bits_.size());
    return is_set(of.first) && is_set(of.second);
}

std::optional<HashBits> HashBits::decode(std::string_view bytes, std::size_t bytes_max) {
    if (!bytes.empty() && (!std::has_single_bit(bytes.size()) || bytes.size() < kBytesMin ||
                           bytes.size() > bytes_max))
        return std::nullopt;
    HashBits out;
    out.bits_ = bytes;
    return out;
}

void TermFilterMaker::add(std::string_view text) {
    for_each_id(text, [&](std::string_view id) {
        for_each_gram(id, [&](std::uint64_t hash) { set(ids_, hash); });
    });
    for_each_decimal(text, [&](std::size_t begin, std::size_t end) {
        add_decimal(text.substr(begin, end - begin));
    });
}

void TermFilterMaker::add_decimal(std::string_view text) { set(decimals_, hash_decimal(text)); }

bool TermFilterMaker::joins(char byte) { return is_id(byte) || is_decimal(byte); }

TermFilter TermFilterMaker::made() const {
    // Both tell less the fuller they are; an id asks for several grams, a decimal for itself.
    constexpr std::size_t kUselessIds = 75, kUselessDecimals = 60;
    TermFilter out;
    out.ids_.bits_ = folded(ids_, kUselessIds);
    out.decimals_.bits_ = folded(decimals_, kUselessDecimals);
    return out;
}

TermFilter TermFilter::of(std::string_view text) {
    TermFilterMaker maker;
    maker.add(text);
    return maker.made();
}

bool TermFilter::may_contain(std::string_view literal) const {
    bool may = true;
    if (ids_.useful())
        for_each_id(literal, [&](std::string_view id) {
            for_each_gram(id, [&](std::uint64_t hash) { may = may && ids_.may_contain(hash); });
        });
    if (may && decimals_.useful())
        for_each_decimal(literal, [&](std::size_t begin, std::size_t end) {
            // A stretch at the literal's end may go on in the text.
            if (begin == 0 || end == literal.size()) return;
            may = may && decimals_.may_contain(hash_decimal(literal.substr(begin, end - begin)));
        });
    return may;
}

void TermFilter::encode(std::string& out) const {
    put_text(out, ids_.bytes());
    put_text(out, decimals_.bytes());
}

bool TermFilter::decode(ByteReader& in, TermFilter& out) {
    auto ids = HashBits::decode(in.text(in.left()), kIdSetBytesMax);
    auto decimals = HashBits::decode(in.text(in.left()), kDecimalSetBytesMax);
    if (!in.ok() || !ids || !decimals) return false;
    out.ids_ = *std::move(ids);
    out.decimals_ = *std::move(decimals);
    return true;
}

}  // namespace sky::shapes
