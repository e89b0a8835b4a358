// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/json_roles.h - what texts of slots may stand for in a JSON document.

#include <cstdint>
#include <string_view>

namespace sky::shapes {

/// A text that fits leaves everything around it what it is.
enum class JsonRole : std::uint8_t {
    kString,    // Part of a string that is no key.
    kScalar,    // A number, true, false or null.
    kElements,  // All between the brackets of an array.
};

/// A set of roles.
class JsonRoles {
public:
    static constexpr std::uint8_t kBits = 7;  // Of all().

    constexpr JsonRoles() = default;
    constexpr explicit JsonRoles(std::uint8_t bits) : bits_(bits & kBits) {}
    static constexpr JsonRoles all() { return JsonRoles(kBits); }

    constexpr std::uint8_t bits() const { return bits_; }
    constexpr bool none() const { return bits_ == 0; }
    constexpr bool has(JsonRole role) const { return (bits_ & bit(role)) != 0; }
    constexpr void add(JsonRole role) { bits_ = static_cast<std::uint8_t>(bits_ | bit(role)); }
    constexpr void keep(JsonRoles others) {
        bits_ = static_cast<std::uint8_t>(bits_ & others.bits_);
    }
    friend bool operator==(const JsonRoles&, const JsonRoles&) = default;

private:
    static constexpr unsigned bit(JsonRole role) { return 1U << static_cast<unsigned>(role); }
    std::uint8_t bits_ = 0;
};

/// Those of `asked` that the text fits; kElements with at most limits::kJsonOpeningsMax brackets.
JsonRoles roles_of(std::string_view text, JsonRoles asked);

}  // namespace sky::shapes
