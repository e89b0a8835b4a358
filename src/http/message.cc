// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <algorithm>

namespace sky::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const Header& header : list_) {
        if (std::ranges::equal(header.name, name, {}, lower, lower)) return header.value;
    }
    return std::nullopt;
}

}  // namespace sky::http
