// SPDX-License-Identifier: Apache-2.0
#include "shapes/family_split.h"

#include <algorithm>
#include <cmath>

#include "shapes/limits.h"
#include "shapes/tokens.h"

namespace sky::shapes {

namespace {

// A division must save this many bits a line, in this many columns at least one bit each: more than
// a method, a view and a status that hang together, less than a log statement and its words.
constexpr double kBitsMin = 8;
constexpr std::size_t kColumnsMin = 3;
// Kinds of lines that one word may tell apart, and the lines that a kind must have in the sample.
constexpr std::size_t kKindsMax = 64;
constexpr std::size_t kLinesPerKind = 4;
// More texts than this are not a handful.
constexpr std::size_t kFewTexts = 8;
// Columns that are looked at as the telling one.
constexpr std::size_t kCandidatesMax = 12;

struct Sampled {
    std::size_t column = 0;
    std::vector<std::uint32_t> ids;
    std::size_t distinct = 0;
    double bits = 0;
    bool whole = true;  // Ids of texts; else of their structures.
};

double entropy(const std::vector<std::uint32_t>& counts, std::size_t total) {
    double bits = 0;
    for (const std::uint32_t count : counts) {
        if (count == 0) continue;
        const double share = static_cast<double>(count) / static_cast<double>(total);
        bits -= share * std::log2(share);
    }
    return bits;
}

void count(Sampled& sampled) {
    std::vector<std::uint32_t> counts(sampled.distinct, 0);
    for (const std::uint32_t id : sampled.ids) ++counts[id];
    sampled.bits = entropy(counts, sampled.ids.size());
}

/// `counts` is all zero before and after: only the cells that samples touch are looked at, so a
/// pair costs its samples, however many texts there are.
double joint_bits(const Sampled& a, const Sampled& b, std::vector<std::uint32_t>& counts) {
    const std::size_t total = a.ids.size();
    if (counts.size() < a.distinct * b.distinct) counts.resize(a.distinct * b.distinct, 0);
    for (std::size_t i = 0; i < total; ++i) ++counts[a.ids[i] * b.distinct + b.ids[i]];
    double bits = 0;
    for (std::size_t i = 0; i < total; ++i) {
        std::uint32_t& count = counts[a.ids[i] * b.distinct + b.ids[i]];
        if (count == 0) continue;
        const double share = static_cast<double>(count) / static_cast<double>(total);
        bits -= share * std::log2(share);
        count = 0;
    }
    return bits;
}

}  // namespace

std::optional<std::size_t> telling_column(const TextColumns& columns) {
    if (columns.size() <= kColumnsMin) return std::nullopt;
    const std::size_t rows = columns[0].size();
    const std::size_t step = std::max<std::size_t>(1, rows / limits::kSampleRows);
    const std::size_t samples = (rows + step - 1) / step;
    if (samples < 4 * kLinesPerKind) return std::nullopt;
    std::vector<Sampled> sampled;
    Tokens tokens;
    for (std::size_t k = 0; k < columns.size(); ++k) {
        Sampled of;
        of.column = k;
        StringTable table;
        table.reset(samples);
        for (std::size_t i = 0; i < rows; i += step) {
            const std::uint32_t id = table.add(columns[k][i]);
            of.ids.push_back(id == StringTable::kNone ? 0 : id);
        }
        of.distinct = table.size();
        if (of.distinct > samples / 4) {
            // Too many texts to compare; their structure may still tell.
            std::vector<std::uint64_t> hashes;
            of.whole = false;
            for (std::size_t i = 0; i < rows; i += step) {
                tokens.read(columns[k][i], Grammar::kPlain);
                const auto found = std::find(hashes.begin(), hashes.end(), tokens.hash());
                of.ids[i / step] = static_cast<std::uint32_t>(found - hashes.begin());
                if (found == hashes.end()) hashes.push_back(tokens.hash());
            }
            of.distinct = hashes.size();
        }
        if (of.distinct < 2 || of.distinct > samples / 4) continue;
        count(of);
        sampled.push_back(std::move(of));
    }
    std::optional<std::size_t> best;
    double best_bits = kBitsMin;
    std::size_t candidates = 0;
    std::vector<std::uint32_t> scratch;
    for (const Sampled& candidate : sampled) {
        if (!candidate.whole || candidate.distinct > kKindsMax ||
            candidate.distinct * kLinesPerKind > samples || candidates++ == kCandidatesMax)
            continue;
        double bits = 0;
        std::size_t told = 0;
        for (const Sampled& other : sampled) {
            if (&other == &candidate) continue;
            const double shared =
                candidate.bits + other.bits - joint_bits(candidate, other, scratch);
            bits += shared;
            if (shared >= 1) ++told;
        }
        if (told >= kColumnsMin && bits > best_bits) {
            best = candidate.column;
            best_bits = bits;
        }
    }
    return best;
}

std::size_t few_texts(const std::vector<std::string_view>& column) {
    std::vector<std::string_view> seen;
    const std::size_t step = std::max<std::size_t>(1, column.size() / limits::kSampleRows);
    for (std::size_t i = 0; i < column.size(); i += step) {
        if (std::find(seen.begin(), seen.end(), column[i]) != seen.end()) continue;
        if (seen.size() == kFewTexts) return 0;
        seen.push_back(column[i]);
    }
    return seen.size();
}

}  // namespace sky::shapes
