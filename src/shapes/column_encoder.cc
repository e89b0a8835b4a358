// SPDX-License-Identifier: Apache-2.0
#include "shapes/column_encoder.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"
#include "columnar/int_codec.h"
#include "shapes/repeated_integers.h"
#include "shapes/zstd_frame.h"

namespace sky::shapes {

namespace {

// A dictionary this small is the best form for anything: it groups and filters by code.
constexpr std::size_t kSmallDictionary = 256;
// Values looked at to guess a column's form.
constexpr std::size_t kSamples = 32;
// Codes are a zstd frame only where it saves this many bits a row or three quarters: unpacking bits
// is several times as fast, and keys of groups are read more often than anything.
constexpr std::size_t kBitsWorthZstd = 3;
// Texts of so many bytes are a frame of their own, however few they are: whoever asks for a short
// column does not decompress a long one. Windows events get 1 % larger by it, 3 % at a third of
// this.
constexpr std::size_t kOwnTextBytesMin = 128U << 10U;
// What zstd makes of text, roughly; only to compare forms of a column.
constexpr std::size_t kTextRatio = 3;

Area area_for(Area shared, std::size_t rows) { return rows >= kOwnRowsMin ? Area::kOwn : shared; }

/// Appends bytes to an area and their place to the descriptor.
void put_bytes(BlockParts& parts, Area area, std::string_view bytes) {
    parts[Area::kMeta].push_back(static_cast<char>(area));
    put_varint(parts[Area::kMeta], bytes.size());
    parts[area] += bytes;
}

struct Typed {
    Form form;
    std::vector<std::int64_t> values;
    std::vector<std::uint32_t> exceptions;
    std::string coded;
    bool repeated = false;  // How `coded` is.
};

// Roles
// -------------------------------------------------------------------------------------------------

constexpr std::uint8_t kRolesKnown = 0x80;

/// Keeps those that a text of the pool fits, which is looked at once for all columns.
void keep_roles_of(std::uint32_t number, BlockParts& parts, JsonRoles& roles) {
    if (roles.none()) return;
    if (number >= parts.pool_roles.size()) parts.pool_roles.resize(parts.pool.texts().size());
    std::uint8_t& known = parts.pool_roles[number];
    if (known == 0) {
        known = kRolesKnown | roles_of(parts.pool.texts()[number], JsonRoles::all()).bits();
    }
    roles.keep(JsonRoles(known));
}

void keep_roles_of(std::string_view text, JsonRoles& roles) {
    if (!roles.none()) roles.keep(roles_of(text, roles));
}

/// Those that all texts fit which are made of these bytes.
JsonRoles roles_of_bytes(const ByteSet& bytes) {
    const bool plain =
        (bytes.words()[0] & 0xFFFFFFFF) == 0 && !bytes.contains('"') && !bytes.contains('\\');
    JsonRoles out;
    if (plain) out.add(JsonRole::kString);
    return out;
}

/// A descriptor's first byte.
void put_kind(std::uint8_t kind, JsonRoles roles, BlockParts& parts) {
    parts[Area::kMeta].push_back(static_cast<char>(kind | roles.bits() << kKindBits));
}

// Forms
// -------------------------------------------------------------------------------------------------

/// The form that most sampled texts have.
std::optional<Form> common_form(std::span<const std::string_view> texts) {
    std::vector<std::pair<Form, std::size_t>> counts;
    const std::size_t step = std::max<std::size_t>(1, texts.size() / kSamples);
    std::size_t samples = 0;
    for (std::size_t i = 0; i < texts.size() && samples < kSamples; i += step, ++samples) {
        std::optional<Form> form = Form::of(texts[i]);
        if (!form) continue;
        const auto found = std::find_if(counts.begin(), counts.end(),
                                        [&](const auto& entry) { return entry.first == *form; });
        if (found != counts.end())
            ++found->second;
        else
            counts.emplace_back(std::move(*form), 1);
    }
    const auto best =
        std::max_element(counts.begin(), counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best == counts.end() || best->second * 2 < samples) return std::nullopt;
    return best->first;
}

std::optional<Typed> as_form(std::span<const std::string_view> texts) {
    std::optional<Form> form = common_form(texts);
    if (!form) return std::nullopt;
    Typed typed;
    typed.form = std::move(*form);
    typed.values.resize(texts.size());
    const std::size_t exceptions_max = texts.size() / limits::kRowsPerException;
    std::int64_t last = 0;  // Exceptions repeat it, which costs least.
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (!typed.form.parse(texts[i], typed.values[i])) {
            if (typed.exceptions.size() == exceptions_max) return std::nullopt;
            typed.exceptions.push_back(static_cast<std::uint32_t>(i));
            typed.values[i] = last;
        }
        last = typed.values[i];
    }
    const std::span<const std::uint64_t> values{
        reinterpret_cast<const std::uint64_t*>(typed.values.data()), typed.values.size()};
    columnar::encode_integers(values, typed.coded);
    if (values.size() >= kOwnRowsMin && looks_repeated(values)) {
        std::string repeated;
        SKY_ASSERT(encode_repeated(values, repeated), "zstd has its context");
        // Bits are unpacked several times as fast.
        if (repeated.size() * 2 < typed.coded.size()) {
            typed.coded = std::move(repeated);
            typed.repeated = true;
        }
    }
    return typed;
}

struct Hexed {
    HexForm form;
    std::vector<std::uint32_t> exceptions;
    std::string packed;
};

std::optional<Hexed> as_hex(std::span<const std::string_view> texts) {
    std::optional<HexForm> form = HexForm::of(texts[texts.size() / 2]);
    if (!form) return std::nullopt;
    Hexed hexed{.form = std::move(*form), .exceptions = {}, .packed = {}};
    const std::size_t bytes = hexed.form.bytes();
    hexed.packed.resize(texts.size() * bytes);
    const std::size_t exceptions_max = texts.size() / limits::kRowsPerException;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        char* const at = hexed.packed.data() + i * bytes;
        if (hexed.form.parse(texts[i], at)) continue;
        if (hexed.exceptions.size() == exceptions_max) return std::nullopt;
        hexed.exceptions.push_back(static_cast<std::uint32_t>(i));
        std::fill(at, at + bytes, '\0');
    }
    return hexed;
}

/// The pool's numbers of the texts in these rows; of their roles those are kept that all fit.
std::vector<std::uint32_t> add_exceptions(std::span<const std::string_view> texts,
                                          std::span<const std::uint32_t> exceptions,
                                          JsonRoles& roles, BlockParts& parts) {
    std::vector<std::uint32_t> references;
    references.reserve(exceptions.size());
    for (const std::uint32_t row : exceptions) {
        references.push_back(parts.pool.add(texts[row]));
        keep_roles_of(references.back(), parts, roles);
    }
    return references;
}

void put_exceptions(std::span<const std::uint32_t> exceptions,
                    std::span<const std::uint32_t> references, BlockParts& parts) {
    std::string& meta = parts[Area::kMeta];
    put_varint(meta, exceptions.size());
    if (exceptions.empty()) return;
    std::string bytes;
    put_ascending(bytes, exceptions);
    put_references(bytes, references);
    put_text(meta, bytes);
}

void put_form(std::span<const std::string_view> texts, const Typed& typed, JsonRoles roles,
              BlockParts& parts) {
    // Decimals are numbers of JSON, in whatever role.
    if (typed.form.kind != FormKind::kDecimal) roles.keep(roles_of_bytes(typed.form.bytes()));
    const auto references = add_exceptions(texts, typed.exceptions, roles, parts);
    put_kind(typed.repeated ? kRepeatedForm : static_cast<std::uint8_t>(SlotKind::kForm), roles,
             parts);
    typed.form.encode(parts[Area::kMeta]);
    put_exceptions(typed.exceptions, references, parts);
    put_bytes(parts, area_for(Area::kNumbers, texts.size()), typed.coded);
}

void put_hex(std::span<const std::string_view> texts, const Hexed& hexed, JsonRoles roles,
             BlockParts& parts) {
    ByteSet bytes;
    bytes.add(hexed.form.pattern);
    roles.keep(roles_of_bytes(bytes));
    const auto references = add_exceptions(texts, hexed.exceptions, roles, parts);
    std::string& meta = parts[Area::kMeta];
    put_kind(static_cast<std::uint8_t>(SlotKind::kHex), roles, parts);
    meta.push_back(static_cast<char>(hexed.form.upper ? 1 : 0));
    put_text(meta, hexed.form.pattern);
    put_exceptions(hexed.exceptions, references, parts);
    put_bytes(parts, area_for(Area::kNumbers, texts.size()), hexed.packed);
}

void put_texts(std::span<const std::string_view> texts, JsonRoles roles, BlockParts& parts) {
    for (const std::string_view text : texts) keep_roles_of(text, roles);
    std::string& meta = parts[Area::kMeta];
    put_kind(static_cast<std::uint8_t>(SlotKind::kText), roles, parts);
    std::string joined;
    std::vector<std::uint64_t> lengths;
    lengths.reserve(texts.size());
    SlotStats stats;
    for (const std::string_view text : texts) {
        joined += text;
        lengths.push_back(text.size());
        stats.add_length(text.size());
    }
    stats.bytes.add(joined);
    meta.push_back(static_cast<char>((stats.has_empty ? 1 : 0) | (stats.has_one ? 2 : 0) |
                                     (stats.has_more ? 4 : 0)));
    const bool many = texts.size() >= kOwnRowsMin;
    const Area area = many || joined.size() >= kOwnTextBytesMin ? Area::kOwn : Area::kTexts;
    // A few texts are soon looked at; the set of many spares decompressing them.
    if (many)
        for (const std::uint64_t word : stats.bytes.words()) put_word(meta, word);
    put_varint(meta, joined.size());
    std::string coded;
    columnar::encode_integers(lengths, coded);
    put_bytes(parts, area_for(Area::kNumbers, texts.size()), coded);
    if (area == Area::kOwn) {
        std::string frame;
        SKY_ASSERT(append_zstd(joined, frame), "zstd has its context");
        put_bytes(parts, area, frame);
    } else {
        put_bytes(parts, area, joined);
    }
}

void put_dictionary(const StringTable& table, std::span<const std::uint16_t> codes, JsonRoles roles,
                    BlockParts& parts) {
    std::vector<std::uint32_t> references;
    references.reserve(table.size());
    for (const std::string_view text : table.texts()) {
        references.push_back(parts.pool.add(text));
        keep_roles_of(references.back(), parts, roles);
    }
    std::string& meta = parts[Area::kMeta];
    put_kind(static_cast<std::uint8_t>(SlotKind::kDictionary), roles, parts);
    put_varint(meta, table.size());
    std::string bytes;
    put_references(bytes, references);
    put_text(meta, bytes);
    encode_codes(codes, table.size(), parts);
}

/// Codes of all texts, or false when a dictionary cannot pay.
bool as_dictionary(std::span<const std::string_view> texts, StringTable& table,
                   std::vector<std::uint16_t>& codes) {
    const std::size_t entries_max =
        std::min(limits::kDictionaryEntriesMax, std::max<std::size_t>(16, texts.size() / 4 * 3));
    table.reset(std::min<std::size_t>(entries_max, kSmallDictionary));
    codes.resize(texts.size());
    std::string_view last;
    std::uint16_t last_code = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i == 0 || texts[i] != last) {
            const std::uint32_t code = table.add(texts[i]);
            if (code == StringTable::kNone || code >= entries_max) return false;
            last = texts[i];
            last_code = static_cast<std::uint16_t>(code);
        }
        codes[i] = last_code;
    }
    return true;
}

/// Whether an even sample looks as if most values were different.
bool looks_unique(std::span<const std::string_view> texts) {
    if (texts.size() < 8 * kSamples) return false;
    StringTable table;
    table.reset(kSamples);
    const std::size_t step = texts.size() / kSamples;
    for (std::size_t i = 0; i < kSamples; ++i) table.add(texts[i * step]);
    return table.size() * 8 > kSamples * 7;
}

std::size_t dictionary_bytes(const StringTable& table, std::size_t rows) {
    std::size_t text = 0;
    for (const std::string_view entry : table.texts()) text += entry.size();
    return packed_bytes(rows, code_bits(table.size())) + text / kTextRatio + table.size();
}

}  // namespace

void encode_codes(std::span<const std::uint16_t> codes, std::size_t entries, BlockParts& parts) {
    std::string bytes;
    bytes.reserve(codes.size() * (entries > 256 ? 2 : 1));
    for (const std::uint16_t code : codes) {
        bytes.push_back(static_cast<char>(code & 0xFFU));
        if (entries > 256) bytes.push_back(static_cast<char>(code >> 8U));
    }
    std::string& meta = parts[Area::kMeta];
    if (codes.size() < kOwnRowsMin) {
        meta.push_back(static_cast<char>(CodesCoding::kBytes));
        put_bytes(parts, Area::kCodes, bytes);
        return;
    }
    std::string packed, frame;
    pack_codes(codes, code_bits(entries), packed);
    SKY_ASSERT(append_zstd(bytes, frame), "zstd has its context");
    if (frame.size() * 4 < packed.size() ||
        frame.size() + packed_bytes(codes.size(), kBitsWorthZstd) < packed.size()) {
        meta.push_back(static_cast<char>(CodesCoding::kZstd));
        put_bytes(parts, Area::kOwn, frame);
    } else {
        meta.push_back(static_cast<char>(CodesCoding::kPacked));
        put_bytes(parts, Area::kOwn, packed);
    }
}

void encode_column(std::span<const std::string_view> texts, JsonRoles asked, BlockParts& parts) {
    SKY_ASSERT(!texts.empty() && texts.size() <= limits::kRowsMax, "columns have rows");
    const std::string_view first = texts[0];
    if (std::all_of(texts.begin(), texts.end(), [&](auto text) { return text == first; })) {
        const std::uint32_t reference = parts.pool.add(first);
        keep_roles_of(reference, parts, asked);
        put_kind(static_cast<std::uint8_t>(SlotKind::kConstant), asked, parts);
        put_varint(parts[Area::kMeta], reference);
        return;
    }
    std::optional<Typed> typed;
    const bool unique = looks_unique(texts);
    if (unique) {
        typed = as_form(texts);
        if (typed && typed->exceptions.empty() && typed->form.kind != FormKind::kPadded) {
            // Most values differ and all are numbers: a dictionary could only be larger, unless
            // the values repeat over a long distance.
            if (typed->coded.size() <= 2 * texts.size() + 64)
                return put_form(texts, *typed, asked, parts);
        }
    }
    StringTable table;
    std::vector<std::uint16_t> codes;
    const bool dictionary = as_dictionary(texts, table, codes);
    if (dictionary && table.size() <= kSmallDictionary && table.size() * 4 <= texts.size())
        return put_dictionary(table, codes, asked, parts);
    if (!unique) typed = as_form(texts);
    const std::size_t dictionary_size = dictionary ? dictionary_bytes(table, texts.size()) : 0;
    if (typed && (!dictionary || typed->coded.size() + typed->exceptions.size() * 8 <=
                                     dictionary_size + dictionary_size / 8))
        return put_form(texts, *typed, asked, parts);
    const std::optional<Hexed> hexed = as_hex(texts);
    if (hexed && (!dictionary || hexed->packed.size() <= dictionary_size))
        return put_hex(texts, *hexed, asked, parts);
    if (dictionary) return put_dictionary(table, codes, asked, parts);
    put_texts(texts, asked, parts);
}

}  // namespace sky::shapes
