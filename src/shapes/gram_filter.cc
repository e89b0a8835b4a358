// SPDX-License-Identifier: Apache-2.0
#include "shapes/gram_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>

namespace sky::shapes {

namespace {

constexpr unsigned kHashBits = 16;
static_assert((std::size_t{1} << kHashBits) == GramFilter::kBytesMax * 8);
constexpr std::size_t kBytesMin = 32;
// A filter this full is doubled while it may be: a word of eight bytes that is not there passes one
// of a quarter with 1 in 1,000.
constexpr std::size_t kFullShare = 4;
// A filter of the greatest size this full tells too little for its bytes.
constexpr std::size_t kUselessShare = 2;

constexpr std::size_t kHashes = std::size_t{1} << kHashBits;

std::uint32_t hash_gram(const char* gram) {
    std::uint32_t word;
    std::memcpy(&word, gram, sizeof word);
    return word * 0x9E3779B1U >> (32 - kHashBits);
}

}  // namespace

GramFilterMaker::GramFilterMaker() : seen_(std::make_unique<unsigned char[]>(kHashes)) {}

void GramFilterMaker::add(std::string_view text) {
    constexpr std::size_t kGramBytes = GramFilter::kGramBytes;
    constexpr std::size_t kShort = 16, kStep = 4 << 10;
    std::array<char, kStep> plain;
    for (std::size_t begin = 0; begin + kGramBytes <= text.size();
         begin += kStep - kGramBytes + 1) {
        const std::size_t bytes = std::min(kStep, text.size() - begin);
        std::memcpy(plain.data(), text.data() + begin, bytes);
        // As many as ever, so that the compiler takes many at once.
        const auto fold = [&](std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) plain[i] = canonical(plain[i]);
        };
        if (bytes <= kShort)
            fold(bytes);
        else
            fold(kStep);
        for (std::size_t i = 0; i + kGramBytes <= bytes; ++i) {
            unsigned char& place = seen_[hash_gram(plain.data() + i)];
            if (place == 0) place = 1;  // Reading it is cheaper: it is mostly there.
        }
    }
}

GramFilter GramFilterMaker::made() const {
    GramFilter filter;
    const auto set = static_cast<std::size_t>(std::count(seen_.get(), seen_.get() + kHashes, 1));
    if (set * kUselessShare > kHashes) return filter;
    std::size_t bytes = kBytesMin;
    while (bytes < GramFilter::kBytesMax && set * kFullShare > bytes * 8) bytes *= 2;
    filter.bits_.assign(bytes, '\0');
    for (std::size_t hash = 0; hash < kHashes; ++hash) {
        if (seen_[hash] == 0) continue;
        const std::size_t bit = hash & (bytes * 8 - 1);
        filter.bits_[bit / 8] = static_cast<char>(filter.bits_[bit / 8] | 1 << (bit % 8));
    }
    return filter;
}

GramFilter GramFilter::of(std::string_view text) {
    GramFilterMaker maker;
    maker.add(text);
    return maker.made();
}

bool GramFilter::may_contain(std::string_view literal) const {
    if (bits_.empty()) return true;
    char gram[kGramBytes];
    for (std::size_t i = 0; i + kGramBytes <= literal.size(); ++i) {
        for (std::size_t k = 0; k < kGramBytes; ++k)
            gram[k] = GramFilterMaker::canonical(literal[i + k]);
        const std::size_t bit = hash_gram(gram) & (bits_.size() * 8 - 1);
        if ((unsigned{static_cast<unsigned char>(bits_[bit / 8])} >> (bit % 8) & 1U) == 0)
            return false;
    }
    return true;
}

std::optional<GramFilter> GramFilter::decode(std::string_view bytes) {
    if (!bytes.empty() && (!std::has_single_bit(bytes.size()) || bytes.size() < kBytesMin ||
                           bytes.size() > kBytesMax))
        return std::nullopt;
    GramFilter filter;
    filter.bits_ = bytes;
    return filter;
}

}  // namespace sky::shapes
