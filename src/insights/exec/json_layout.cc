// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/json_layout.h"

#include <algorithm>
#include <optional>

#include "base/byte_codec.h"
#include "json/scan_limits.h"
#include "shapes/limits.h"

namespace sky::insights {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Walks over constants just as far as it takes to know what a slot between them is. Whether the
/// whole is a document is found out elsewhere.
class RoleReader {
public:
    int depth_max() const { return depth_max_; }

    /// False when a slot is part of a key.
    bool read(std::string_view constant) {
        for (std::size_t i = 0; i < constant.size(); ++i) {
            if (in_string_ && pending_ == 0) {  // Most of a line.
                while (i + 1 < constant.size() && constant[i] != '"' && constant[i] != '\\') ++i;
            }
            const char c = constant[i];
            last_ = c;
            if (in_string_) {
                in_string(c);
                continue;
            }
            if (is_blank(c)) continue;
            if (c == ':' && held_slot_) return false;
            held_slot_ = false;
            significant_ = c;
            if (c == '"') in_string_ = true;
            if (c == '{' || c == '[') depth_max_ = std::max(depth_max_, ++depth_);
            if (c == '}' || c == ']') --depth_;
        }
        return true;
    }

    /// The role of a slot before `next`; '\0' when another slot or nothing follows.
    std::optional<JsonRole> slot(char next) {
        const char before = last_;
        last_ = '\0';
        if (in_string_) {
            if (pending_ != 0) return std::nullopt;
            held_slot_ = true;
            return JsonRole::kString;
        }
        if (held_slot_) return std::nullopt;
        if (before == '[' && next == ']') return JsonRole::kElements;
        const bool begins = significant_ == ':' || significant_ == ',' || significant_ == '[';
        const bool apart = before == significant_ || is_blank(before);
        const bool ends = next == ',' || next == '}' || next == ']' || is_blank(next);
        if (!begins || !apart || !ends) return std::nullopt;
        significant_ = '0';
        return JsonRole::kScalar;
    }

private:
    void in_string(char c) {
        if (pending_ == kEscape) {
            pending_ = c == 'u' ? 4 : 0;
        } else if (pending_ > 0) {
            --pending_;
        } else if (c == '\\') {
            pending_ = kEscape;
        } else if (c == '"') {
            in_string_ = false;
            significant_ = c;
        }
    }

    static constexpr int kEscape = -1;
    bool in_string_ = false;
    bool held_slot_ = false;  // The string that one is in, or that just ended, holds a slot.
    int pending_ = 0;         // Of an escape: kEscape behind the backslash, or hex digits to come.
    int depth_ = 0, depth_max_ = 0;
    char significant_ = '\0';  // The last character outside of strings that is no blank.
    char last_ = '\0';         // The last one of all; '\0' behind a slot.
};

}  // namespace

bool JsonLayout::read_roles(const shapes::Family& family, std::string& sample) {
    RoleReader reader;
    for (std::size_t i = 0; i < family.pieces.size(); ++i) {
        const shapes::Piece& piece = family.pieces[i];
        if (!piece.is_slot()) {
            if (!reader.read(piece.constant)) return false;
            sample += piece.constant;
            continue;
        }
        const bool constant_next = i + 1 < family.pieces.size() && !family.pieces[i + 1].is_slot();
        const auto role = reader.slot(constant_next ? family.pieces[i + 1].constant[0] : '\0');
        if (!role) return false;
        roles_.push_back(*role);
        sample += '0';
    }
    depth_ = reader.depth_max();
    return true;
}

JsonLayout JsonLayout::of(const shapes::Family& family, const json::FieldPaths& paths,
                          bool has_index) {
    JsonLayout out;
    if (family.pieces.empty()) {
        out.lines_ = Lines::kNoJson;
        return out;
    }
    if (family.pieces[0].is_slot()) return out;
    const std::string& head = family.pieces[0].constant;
    const auto first = std::find_if_not(head.begin(), head.end(), is_blank);
    if (first == head.end()) return out;
    if (*first != '{') {
        out.lines_ = Lines::kNoJson;
        return out;
    }
    std::size_t bytes = family.slots;
    for (const shapes::Piece& piece : family.pieces) bytes += piece.constant.size();
    std::string sample;  // The line with 0 in each slot.
    sample.reserve(bytes);
    out.roles_.reserve(family.slots);
    std::vector<json::Token> found(paths.size());
    if (!out.read_roles(family, sample) || !paths.resolve(sample, found)) return out;
    const bool elements =
        std::find(out.roles_.begin(), out.roles_.end(), JsonRole::kElements) != out.roles_.end();
    if (elements && has_index) return out;
    out.lines_ = Lines::kObjects;
    for (const json::Token& token : found) {
        Place place{token.type, {}};
        if (token.type == json::Type::kNone) {
            out.places_.push_back(std::move(place));
            continue;
        }
        const std::size_t quote = token.type == json::Type::kString ? 1 : 0;
        const auto offset = static_cast<std::size_t>(token.raw.data() - sample.data());
        const std::size_t begin = offset + quote;
        const std::size_t end = offset + token.raw.size() - quote;
        std::size_t at = 0;
        for (const shapes::Piece& piece : family.pieces) {
            const std::size_t from = std::max(begin, at);
            at += piece.is_slot() ? 1 : piece.constant.size();
            const std::size_t to = std::min(end, at);
            if (from >= to) continue;
            if (piece.is_slot()) {
                place.pieces.push_back({{}, static_cast<std::uint32_t>(piece.slot)});
            } else {
                place.pieces.push_back(
                    {std::string_view(sample).substr(from, to - from), symbolic::kConstantPiece});
            }
        }
        out.places_.push_back(std::move(place));
    }
    out.keep_texts();
    return out;
}

/// The line that they were found in is not kept: layouts may be many.
void JsonLayout::keep_texts() {
    const auto for_each_text = [this](const auto& take) {
        for (Place& place : places_)
            for (symbolic::Piece& piece : place.pieces)
                if (piece.is_constant()) take(piece.text);
    };
    for_each_text([this](std::string_view text) { text_bytes_ += text.size(); });
    texts_ = std::make_unique_for_overwrite<char[]>(text_bytes_);
    char* at = texts_.get();
    for_each_text([&at](std::string_view& text) {
        text.copy(at, text.size());
        text = {at, text.size()};
        at += text.size();
    });
}

std::uint64_t JsonLayout::memory_bytes() const {
    std::uint64_t bytes = sizeof *this + roles_.capacity() * sizeof(JsonRole) + text_bytes_ +
                          places_.capacity() * sizeof(Place);
    for (const Place& place : places_) bytes += place.pieces.capacity() * sizeof(symbolic::Piece);
    return bytes;
}

std::string BlockLayouts::name_of(const json::FieldPaths& paths) {
    std::string name = "layouts";
    for (std::size_t i = 0; i < paths.size(); ++i) put_text(name, paths.path(i));
    return name;
}

std::uint64_t BlockLayouts::memory_bytes() const {
    std::uint64_t bytes = sizeof *this + families_.capacity() * sizeof(Of);
    for (const Of& of : families_) {
        if (of.layout != nullptr) bytes += of.layout->memory_bytes();
        if (of.apart != nullptr) bytes += of.apart->capacity();
    }
    return bytes;
}

bool JsonLayout::fits(JsonRole role, std::string_view value) const {
    switch (role) {
        case JsonRole::kString:
            return json::is_string_content(value);
        case JsonRole::kScalar:
            return json::is_scalar(value);
        case JsonRole::kElements:
            // Brackets in strings count as well; who has so many is looked at.
            return depth_ < json::limits::kScanDepthMax &&
                   json::are_elements(
                       value, static_cast<std::size_t>(json::limits::kScanDepthMax - depth_ - 1));
    }
    return false;
}

bool JsonLayout::fits(JsonRole role, shapes::JsonRoles roles) const {
    if (!roles.has(role)) return false;
    constexpr int kOpenings = static_cast<int>(shapes::limits::kJsonOpeningsMax);
    return role != JsonRole::kElements || depth_ + kOpenings < json::limits::kScanDepthMax;
}

}  // namespace sky::insights
