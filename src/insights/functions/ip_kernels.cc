// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <optional>

#include "insights/functions/kernels.h"

namespace sky::insights::kernels {
namespace {

enum class Family : std::uint8_t { kAny, kV4, kV6 };

struct Address {
    std::array<std::uint8_t, 16> bytes;
    unsigned bits;  // 32 or 128.
};

std::optional<Address> parse_address(std::string_view text, Family family) {
    char terminated[INET6_ADDRSTRLEN + 1];
    if (text.empty() || text.size() >= sizeof(terminated) ||
        text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    text.copy(terminated, text.size());
    terminated[text.size()] = '\0';
    Address out{};
    if (family != Family::kV6 && inet_pton(AF_INET, terminated, out.bytes.data()) == 1) {
        out.bits = 32;
        return out;
    }
    if (family != Family::kV4 && inet_pton(AF_INET6, terminated, out.bytes.data()) == 1) {
        out.bits = 128;
        return out;
    }
    return std::nullopt;
}

struct Subnet {
    Address network;
    unsigned prefix_bits;
    bool contains(const Address& address) const {
        if (address.bits != network.bits) return false;
        const unsigned whole = prefix_bits / 8;
        if (std::memcmp(address.bytes.data(), network.bytes.data(), whole) != 0) return false;
        const unsigned rest = prefix_bits % 8;
        if (rest == 0) return true;
        const unsigned mask = 0xFFU << (8 - rest) & 0xFFU;
        return (address.bytes[whole] & mask) == (network.bytes[whole] & mask);
    }
};

std::optional<Subnet> parse_subnet(std::string_view text, Family family) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto network = parse_address(text.substr(0, slash), family);
    const std::string_view digits = text.substr(slash + 1);
    if (!network || digits.empty() || digits.size() > 3) return std::nullopt;
    unsigned prefix = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        prefix = prefix * 10 + static_cast<unsigned>(c - '0');
    }
    if (prefix > network->bits) return std::nullopt;
    return Subnet{*network, prefix};
}

const Vector* valid(EvalContext& context, Args args, Family family) {
    const TextView text = as_text(context, args[0]);
    return each_present(context, args, [&](std::size_t row, Value& out) {
        out = Value::of_boolean(parse_address(text[row], family).has_value());
    });
}

const Vector* in_subnet(EvalContext& context, Args args, Family family) {
    const TextView text = as_text(context, args[0]);
    const TextView range = as_text(context, args[1]);
    std::string_view parsed_text;
    std::optional<Subnet> subnet;
    bool parsed = false;
    return each_present(context, args, [&](std::size_t row, Value& out) {
        if (!parsed || range[row] != parsed_text) {
            parsed_text = range[row];
            subnet = parse_subnet(parsed_text, family);
            parsed = true;
        }
        const auto address = parse_address(text[row], family);
        out = Value::of_boolean(address && subnet && subnet->contains(*address));
    });
}

}  // namespace

const Vector* is_valid_ip_kernel(EvalContext& context, Args args) {
    return valid(context, args, Family::kAny);
}
const Vector* is_valid_ipv4_kernel(EvalContext& context, Args args) {
    return valid(context, args, Family::kV4);
}
const Vector* is_valid_ipv6_kernel(EvalContext& context, Args args) {
    return valid(context, args, Family::kV6);
}
const Vector* is_ip_in_subnet_kernel(EvalContext& context, Args args) {
    return in_subnet(context, args, Family::kAny);
}
const Vector* is_ipv4_in_subnet_kernel(EvalContext& context, Args args) {
    return in_subnet(context, args, Family::kV4);
}
const Vector* is_ipv6_in_subnet_kernel(EvalContext& context, Args args) {
    return in_subnet(context, args, Family::kV6);
}

}  // namespace sky::insights::kernels
