// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/permissions.h - what a key may do, and which operations that opens.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sky::aws {

enum class Access : std::uint8_t;

enum class Permission : std::uint8_t {
    kRead = 1,    // Events, queries and descriptions.
    kWrite = 2,   // Ingest, and what agents need to begin: groups, streams, retention, tags.
    kAdmin = 4,   // Deletes, settings, access keys.
    kUnmask = 8,  // logs:Unmask: reads masked data in clear.
    /// Everybody who has proven who he is has this one; it is never granted or stored.
    kIdentity = 16,
};

/// A set of permissions.
class Permissions {
public:
    constexpr Permissions() = default;
    constexpr Permissions(std::initializer_list<Permission> all) {
        for (const Permission one : all) bits_ |= static_cast<std::uint8_t>(one);
    }
    /// What the first key has, and what callers have with --auth off.
    static constexpr Permissions all() {
        return {Permission::kRead, Permission::kWrite, Permission::kAdmin, Permission::kUnmask};
    }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr bool has(Permission one) const {
        return (bits_ & static_cast<std::uint8_t>(one)) != 0;
    }
    constexpr bool has_any_of(Permissions some) const { return (bits_ & some.bits_) != 0; }
    constexpr bool covers(Permissions some) const { return (some.bits_ & ~bits_) == 0; }
    constexpr Permissions with(Permission one) const {
        Permissions out = *this;
        out.bits_ = static_cast<std::uint8_t>(out.bits_ | static_cast<std::uint8_t>(one));
        return out;
    }
    friend constexpr Permissions operator&(Permissions a, Permissions b) {
        a.bits_ = static_cast<std::uint8_t>(a.bits_ & b.bits_);
        return a;
    }
    friend constexpr bool operator==(Permissions, Permissions) = default;

private:
    std::uint8_t bits_ = 0;
};

/// "admin read unmask write": the words by alphabet, one blank between; "" for none.
std::string format_permissions(Permissions permissions);
/// Words separated by blanks or commas, in any order: admin, read, unmask (or logs:Unmask), write;
/// "all" is all four. Errors: kInvalidArgument (another word).
Result<Permissions> parse_permissions(std::string_view text);

/// Any one of these opens an operation whose row names none: read for kRead, write for kWrite;
/// for kControl admin, and for Describe..., Get... and List..., which change nothing, read as well.
/// Source of the split: the access levels List, Read and Write of AWS's service authorisation
/// reference follow these verbs.
Permissions default_allowed_by(Access access, std::string_view operation);

}  // namespace sky::aws
