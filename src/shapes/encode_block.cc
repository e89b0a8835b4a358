// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "columnar/int_codec.h"
#include "shapes/column_encoder.h"
#include "shapes/shaped_block.h"
#include "shapes/zstd_frame.h"

namespace sky::shapes {

namespace {

void put_family(std::string& meta, const Family& family) {
    meta.push_back(static_cast<char>(family.layout));
    put_varint(meta, family.pieces.size());
    for (const Piece& piece : family.pieces) {
        if (piece.is_slot())
            put_varint(meta, 0);
        else
            put_text(meta, piece.constant);  // Not empty, so not 0.
    }
}

}  // namespace

std::string encode_block(Shaping shaping) {
    SKY_ASSERT(!shaping.families.empty() && shaping.families.size() <= limits::kFamiliesMax &&
                   shaping.families.size() == shaping.rows.size() &&
                   !shaping.family_of_row.empty() &&
                   shaping.family_of_row.size() <= limits::kRowsMax,
               "a block has rows and families within its limits");
    std::vector<std::size_t> rows(shaping.families.size());
    for (const std::uint16_t family : shaping.family_of_row) ++rows[family];
    BlockParts parts;
    std::string& meta = parts[Area::kMeta];
    put_varint(meta, shaping.families.size());
    for (const Family& family : shaping.families) put_family(meta, family);
    if (shaping.families.size() > 1)
        encode_codes(shaping.family_of_row, shaping.families.size(), parts);
    for (std::size_t f = 0; f < shaping.families.size(); ++f) {
        auto& slots = shaping.rows[f].slots;
        SKY_ASSERT(rows[f] > 0 && slots.size() == shaping.families[f].slots &&
                       slots.size() <= limits::kSlotsMax,
                   "every family has rows and all its columns");
        // Whoever looks for a field then need not look at the values of others.
        const bool json = shaping.families[f].layout == Family::Layout::kJson;
        const JsonRoles asked = json ? JsonRoles::all() : JsonRoles();
        for (auto& texts : slots) {
            SKY_ASSERT(texts.size() == rows[f], "columns are as long as their family");
            encode_column(texts, asked, parts);
            texts = std::vector<std::string_view>();
        }
    }
    std::vector<std::uint64_t> lengths;
    for (const std::string_view text : parts.pool.texts()) {
        parts[Area::kPool] += text;
        lengths.push_back(text.size());
    }
    std::string tail;  // Behind the descriptors, which do not know yet how many texts there are.
    put_varint(tail, lengths.size());
    columnar::encode_integers(lengths, tail);
    std::string whole;
    put_text(whole, tail);
    whole += meta;

    std::string out;
    for (std::size_t i = 0; i < kFrames; ++i) {
        const std::string& raw =
            i == static_cast<std::size_t>(Area::kMeta) ? whole : parts.areas[i];
        std::string frame;
        const int level = i == static_cast<std::size_t>(Area::kPool) ? kTextsLevel : kColumnLevel;
        if (!raw.empty()) SKY_ASSERT(append_zstd(raw, frame, level), "zstd has its context");
        const bool compressed = frame.size() < raw.size();
        put_varint(out, raw.size());
        put_varint(out, compressed ? frame.size() : raw.size());
        out += compressed ? frame : raw;
    }
    out += parts[Area::kOwn];
    return out;
}

}  // namespace sky::shapes
