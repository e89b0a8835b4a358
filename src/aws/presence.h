// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/presence.h - which members of one structure a request had; for decoders.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/codec.h"
#include "aws/path.h"
#include "aws/shape.h"

namespace sky::aws {

/// One structure's bookkeeping. A plain member cannot tell whether it was sent, so decoders note it
/// here and report what is missing at the end.
class Presence {
public:
    explicit Presence(const Shape& shape) : shape_(shape) {}

    /// The member's index; the count of members when there is none. Clients mostly keep the model's
    /// order, so the search begins behind the last find.
    std::size_t find(std::string_view name, std::string_view (*name_of)(const Member&)) {
        const std::size_t count = shape_.members.size();
        for (std::size_t step = 0; step < count; ++step) {
            const std::size_t at = guess_ + step < count ? guess_ + step : guess_ + step - count;
            if (name_of(shape_.members[at]) == name) {
                guess_ = at + 1 < count ? at + 1 : 0;
                return at;
            }
        }
        return count;
    }

    void mark(std::size_t index) {
        ++set_;
        unsigned bit = 0;
        if (!shape_.members[index].required) return;
        for (std::size_t i = 0; i < index; ++i) bit += shape_.members[i].required ? 1U : 0U;
        seen_ |= std::uint64_t{1} << bit;
    }

    /// Members set, doubles included: a union has exactly one.
    std::size_t set() const { return set_; }

    void report(const Path& path, MissingMembers& missing) const {
        unsigned bit = 0;
        for (const Member& member : shape_.members) {
            if (!member.required) continue;
            if ((seen_ >> bit++ & 1) == 0) missing.push_back(path.member(member.name).text());
        }
    }

    /// For `find`.
    static std::string_view modelled_name(const Member& member) { return member.name; }
    static std::string_view wire_name(const Member& member) { return member.on_wire(); }

private:
    const Shape& shape_;
    std::size_t guess_ = 0, set_ = 0;
    std::uint64_t seen_ = 0;
};

/// The member's format, else its shape's, else `standard`.
inline std::string_view timestamp_format_of(const Member* member, const Shape& shape,
                                            std::string_view standard) {
    if (member != nullptr && !member->timestamp_format.empty()) return member->timestamp_format;
    return shape.timestamp_format.empty() ? standard : shape.timestamp_format;
}

/// A union's or error's member as codecs reach it.
inline void* field_of(const Member& member, void* structure) {
    return member.slot->emplace(static_cast<std::byte*>(structure) + member.offset);
}
inline const void* value_of(const Member& member, const void* structure) {
    return member.slot->get(static_cast<const std::byte*>(structure) + member.offset);
}

}  // namespace sky::aws
