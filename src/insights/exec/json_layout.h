// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/json_layout.h - where lines of one family that are JSON objects
              // hold the fields that a query reads.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "insights/symbolic/family.h"
#include "json/fields.h"
#include "shapes/block_note.h"
#include "shapes/family.h"
#include "shapes/json_roles.h"

namespace sky::insights {

using shapes::JsonRole;

/// Found out once for a family, by its constants. A line whose values fit the roles is a document
/// of the same structure as one with a `0` in each slot, and that one is read as any line is: which
/// key of several wins, and what is no document, is no matter of this class. Immutable; any thread.
class JsonLayout {
public:
    enum class Lines : std::uint8_t {
        kUnknown,  // Look at each.
        kNoJson,   // Something else than `{` comes first.
        kObjects,  // Valid ones, where all values fit.
    };
    /// A value: its text in pieces, that of a string without the quotes. Of a scalar that is a slot
    /// the type is kNumber, whatever its values are.
    struct Place {
        json::Type type = json::Type::kNone;  // kNone: no line has it.
        std::vector<symbolic::Piece> pieces;  // Texts belong to the layout.
    };

    /// `has_index`: whether a path may name an element of an array.
    static JsonLayout of(const shapes::Family& family, const json::FieldPaths& paths,
                         bool has_index);

    Lines lines() const { return lines_; }
    // Of kObjects only.
    JsonRole role(std::size_t slot) const { return roles_[slot]; }
    const Place& place(std::size_t path) const { return places_[path]; }
    bool fits(JsonRole role, std::string_view value) const;
    /// Whether all texts that have these roles fit this one.
    bool fits(JsonRole role, shapes::JsonRoles roles) const;
    std::uint64_t memory_bytes() const;

private:
    bool read_roles(const shapes::Family& family, std::string& sample);
    void keep_texts();

    Lines lines_ = Lines::kUnknown;
    std::vector<JsonRole> roles_;
    std::vector<Place> places_;
    std::unique_ptr<char[]> texts_;  // Of the constants in places_.
    std::size_t text_bytes_ = 0;
    int depth_ = 0;  // Of the lines' objects and arrays.
};

/// Layouts of a block's families for one list of paths, kept with the block: whoever asks for the
/// same fields of the same lines again has them at once.
class BlockLayouts final : public shapes::BlockNote {
public:
    struct Of {
        std::shared_ptr<const JsonLayout> layout;  // Null: not known yet.
        /// A byte a row of the family, 1 where some value does not fit; null: all fit.
        std::shared_ptr<const std::vector<std::uint8_t>> apart;
    };
    explicit BlockLayouts(std::size_t families) : families_(families) {}
    /// Its name among the notes of a block.
    static std::string name_of(const json::FieldPaths& paths);

    const Of& of(std::size_t family) const { return families_[family]; }
    void set(std::size_t family, Of of) { families_[family] = std::move(of); }
    std::size_t size() const { return families_.size(); }
    std::uint64_t memory_bytes() const override;

private:
    std::vector<Of> families_;
};

}  // namespace sky::insights
