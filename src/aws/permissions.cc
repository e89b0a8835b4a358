// SPDX-License-Identifier: Apache-2.0
#include "aws/permissions.h"

#include <algorithm>
#include <array>

#include "aws/handler.h"

namespace sky::aws {
namespace {

struct Word {
    std::string_view name;
    Permission permission;
};
// By alphabet: the order in which they are printed.
constexpr auto kWords = std::to_array<Word>({
    {"admin", Permission::kAdmin},
    {"read", Permission::kRead},
    {"unmask", Permission::kUnmask},
    {"write", Permission::kWrite},
});

}  // namespace

std::string format_permissions(Permissions permissions) {
    std::string out;
    for (const Word& word : kWords) {
        if (!permissions.has(word.permission)) continue;
        if (!out.empty()) out.push_back(' ');
        out += word.name;
    }
    return out;
}

Result<Permissions> parse_permissions(std::string_view text) {
    Permissions out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" ,"), text.size());
        const std::string_view name = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (name.empty()) continue;
        if (name == "all") {
            for (const Word& word : kWords) out = out.with(word.permission);
            continue;
        }
        const auto word =
            std::ranges::find(kWords, name == "logs:Unmask" ? "unmask" : name, &Word::name);
        if (word == kWords.end()) {
            return fail(ErrorCode::kInvalidArgument,
                        "Permissions are read, write, admin and unmask (or all); not: " +
                            std::string(name));
        }
        out = out.with(word->permission);
    }
    return out;
}

Permissions default_allowed_by(Access access, std::string_view operation) {
    switch (access) {
        case Access::kRead:
            return {Permission::kRead};
        case Access::kWrite:
            return {Permission::kWrite};
        case Access::kControl:
            break;
    }
    for (const std::string_view verb : {"Describe", "Get", "List"}) {
        if (operation.starts_with(verb)) return {Permission::kRead, Permission::kAdmin};
    }
    return {Permission::kAdmin};
}

}  // namespace sky::aws
