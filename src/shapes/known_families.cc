// SPDX-License-Identifier: Apache-2.0
#include "shapes/known_families.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "shapes/limits.h"
#include "shapes/miner.h"

namespace sky::shapes {

namespace {

constexpr std::uint16_t kMissed = 0xFFFF;
static_assert(limits::kFamiliesMax < kMissed);
constexpr unsigned kNoByte = 256;

/// Bytes that no grammar of tokens.h ever ends a word at.
constexpr bool is_word(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.' ||
           byte >= 0x80;
}

void drop_families_without_lines(Shaping& shaping) {
    std::vector<std::size_t> rows(shaping.families.size());
    for (const std::uint16_t family : shaping.family_of_row) ++rows[family];
    std::vector<std::uint16_t> number(rows.size());
    std::size_t kept = 0;
    for (std::size_t f = 0; f < rows.size(); ++f) {
        number[f] = static_cast<std::uint16_t>(kept);
        if (rows[f] == 0) continue;
        if (kept != f) {
            shaping.families[kept] = std::move(shaping.families[f]);
            shaping.rows[kept] = std::move(shaping.rows[f]);
        }
        ++kept;
    }
    if (kept == rows.size()) return;
    shaping.families.resize(kept);
    shaping.rows.resize(kept);
    for (std::uint16_t& family : shaping.family_of_row) family = number[family];
}

}  // namespace

bool KnownFamilies::Known::match(std::string_view line, std::string_view* values) const {
    if (!line.starts_with(before)) return false;
    const char* at = line.data() + before.size();
    const char* const end = line.data() + line.size();
    for (std::size_t slot = 0; slot < after.size(); ++slot) {
        const char* const begin = at;
        const std::uint32_t bit = std::uint32_t{1} << slot;
        while (at != end && (slots_with[static_cast<unsigned char>(*at)] & bit) != 0) ++at;
        if (at == begin && may_be_empty[slot] == 0) return false;
        values[slot] = {begin, static_cast<std::size_t>(at - begin)};
        const std::string& next = after[slot];
        if (static_cast<std::size_t>(end - at) < next.size()) return false;
        if (next.size() == 1) {
            if (*at != next[0]) return false;
        } else if (!next.empty() && std::memcmp(at, next.data(), next.size()) != 0) {
            return false;
        }
        at += next.size();
    }
    return at == end;
}

std::optional<KnownFamilies::Known> KnownFamilies::known(const Family& family,
                                                         const FamilyRows& rows) {
    // Values of JSON are more than stretches of bytes. A slot without constant text around it
    // would take any line.
    if (family.layout != Family::Layout::kText || family.slots > limits::kKnownSlotsMax ||
        family.pieces.size() < 2)
        return std::nullopt;
    Known known;
    known.family = family;
    for (const Piece& piece : family.pieces) {
        if (!piece.is_slot()) {
            (known.after.empty() ? known.before : known.after.back()) = piece.constant;
            known.constant_bytes += piece.constant.size();
            continue;
        }
        if (!known.after.empty() && known.after.back().empty()) return std::nullopt;
        known.after.emplace_back();
    }
    if (known.constant_bytes > limits::kKnownConstantBytesMax) return std::nullopt;
    known.may_be_empty.assign(known.after.size(), 0);
    for (std::size_t slot = 0; slot < known.after.size(); ++slot) {
        const std::uint32_t bit = std::uint32_t{1} << slot;
        for (const std::string_view text : rows.slots[slot]) {
            if (text.empty()) known.may_be_empty[slot] = 1;
            for (const char byte : text) known.slots_with[static_cast<unsigned char>(byte)] |= bit;
        }
        const std::string& after = known.after[slot];
        const auto end = after.empty() ? kNoByte : static_cast<unsigned char>(after.front());
        if (end != kNoByte && (known.slots_with[end] & bit) != 0) return std::nullopt;
        // Other words than those that were seen are no other kind of line.
        if (end != kNoByte && is_word(static_cast<unsigned char>(end))) continue;
        for (unsigned byte = 0; byte < known.slots_with.size(); ++byte)
            if (is_word(static_cast<unsigned char>(byte))) known.slots_with[byte] |= bit;
    }
    return known;
}

void KnownFamilies::learn(const Shaping& shaping) {
    known_.clear();
    uses_ = 0;
    if (rest_ > 0) {
        --rest_;
        return;
    }
    const std::size_t lines = shaping.family_of_row.size();
    std::vector<std::size_t> rows(shaping.families.size());
    for (const std::uint16_t family : shaping.family_of_row) ++rows[family];
    std::vector<std::size_t> order(rows.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rows[a] > rows[b]; });
    order.resize(std::min(order.size(), limits::kKnownFamiliesMax));
    std::size_t covered = 0;
    for (const std::size_t f : order) {
        if (rows[f] * limits::kKnownRowsShare < lines) break;
        if (auto made = known(shaping.families[f], shaping.rows[f])) {
            covered += rows[f];
            known_.push_back(*std::move(made));
        }
    }
    if ((lines - covered) * limits::kMissedShare > lines) {
        known_.clear();
        rest_ = limits::kKnownRest;
        return;
    }
    // A family with less constant text may take lines that are another's.
    std::stable_sort(known_.begin(), known_.end(), [](const Known& a, const Known& b) {
        return a.constant_bytes > b.constant_bytes;
    });
}

std::optional<Shaping> KnownFamilies::take_apart(const columnar::TextColumn& lines) {
    if (known_.empty()) return std::nullopt;
    if (++uses_ > limits::kKnownUsesMax) {
        known_.clear();
        return std::nullopt;
    }
    Shaping out;
    out.family_of_row.assign(lines.size(), kMissed);
    out.rows.resize(known_.size());
    for (std::size_t f = 0; f < known_.size(); ++f) {
        out.families.push_back(known_[f].family);
        out.rows[f].slots.resize(known_[f].after.size());
        if (known_.size() > 1) continue;
        for (auto& column : out.rows[f].slots) column.reserve(lines.size());
    }
    std::vector<std::uint32_t> missed;
    std::array<std::string_view, limits::kKnownSlotsMax> values;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::size_t f = 0;
        while (f < known_.size() && !known_[f].match(lines[i], values.data())) ++f;
        if (f == known_.size()) {
            missed.push_back(static_cast<std::uint32_t>(i));
            // Soon told when nothing is as it was.
            if (missed.size() * limits::kMissedShare > std::max(i, limits::kMissedLinesMin)) {
                known_.clear();
                rest_ = limits::kKnownRest;
                return std::nullopt;
            }
            continue;
        }
        out.family_of_row[i] = static_cast<std::uint16_t>(f);
        auto& slots = out.rows[f].slots;
        for (std::size_t slot = 0; slot < slots.size(); ++slot) slots[slot].push_back(values[slot]);
    }
    if (!missed.empty()) {
        Shaping rest = mine_rows(lines, missed);
        const std::size_t first = out.families.size();
        if (first + rest.families.size() > limits::kFamiliesMax) {
            known_.clear();
            return std::nullopt;
        }
        std::move(rest.families.begin(), rest.families.end(), std::back_inserter(out.families));
        std::move(rest.rows.begin(), rest.rows.end(), std::back_inserter(out.rows));
        for (std::size_t i = 0; i < missed.size(); ++i)
            out.family_of_row[missed[i]] =
                static_cast<std::uint16_t>(first + rest.family_of_row[i]);
    }
    drop_families_without_lines(out);
    return out;
}

Shaping mine(const columnar::TextColumn& lines, KnownFamilies& known) {
    if (auto shaping = known.take_apart(lines)) return *std::move(shaping);
    Shaping shaping = mine(lines);
    known.learn(shaping);
    return shaping;
}

}  // namespace sky::shapes
