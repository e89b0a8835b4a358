// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/known_shapes.h - what sealing a large group's chunks has learnt of its
              // lines.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "shapes/known_families.h"
#include "store/segment_limits.h"
#include "store/store.h"

namespace sky::store {

/// Families by group, of as many groups as were sealed last. Lost at a restart, which costs one
/// chunk's mining a group.
/// Threads: one at a time.
class KnownShapes {
public:
    /// The group's; it takes the place of the one that was not asked for longest. Stays until the
    /// next call.
    shapes::KnownFamilies& of(GroupId group) {
        const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
            return entry.asked != 0 && entry.group == group;
        });
        Entry& entry = found != entries_.end()
                           ? *found
                           : *std::min_element(
                                 entries_.begin(), entries_.end(),
                                 [](const Entry& a, const Entry& b) { return a.asked < b.asked; });
        if (found == entries_.end()) entry = {.group = group, .asked = 0, .families = {}};
        entry.asked = ++count_;
        return entry.families;
    }

private:
    struct Entry {
        GroupId group = 0;
        std::uint64_t asked = 0;  // 0: not in use.
        shapes::KnownFamilies families;
    };
    std::array<Entry, limits::kKnownShapesGroups> entries_;
    std::uint64_t count_ = 0;
};

}  // namespace sky::store
