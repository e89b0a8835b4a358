// SPDX-License-Identifier: Apache-2.0
#include "logs/identifiers.h"

#include <array>

#include "logs/limits.h"

namespace sky::logs {
namespace {

constexpr bool is_group_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == '/' || c == '#';
}

/// The service counts UTF-16 or code points; a stream's name may hold any of them.
std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    return count;
}

std::string_view without_star(std::string_view identifier) {
    if (identifier.ends_with(":*")) return identifier.substr(0, identifier.size() - 2);
    if (identifier.ends_with(':')) return identifier.substr(0, identifier.size() - 1);
    return identifier;
}

}  // namespace

Status check_group_name(std::string_view name) {
    if (code_points(name) > limits::kNameCharsMax)
        return fail(ErrorCode::kInvalidArgument, std::string(kNameTooLong));
    if (name.empty())
        return fail(ErrorCode::kInvalidArgument, "The log group name must not be empty.");
    for (const char c : name)
        if (!is_group_char(c))
            return fail(ErrorCode::kInvalidArgument,
                        "The log group name may hold letters, digits and the characters . - _ / #");
    return {};
}

Status check_stream_name(std::string_view name) {
    if (code_points(name) > limits::kNameCharsMax)
        return fail(ErrorCode::kInvalidArgument, std::string(kNameTooLong));
    if (name.empty())
        return fail(ErrorCode::kInvalidArgument, "The log stream name must not be empty.");
    if (name.find_first_of(":*") != std::string_view::npos)
        return fail(ErrorCode::kInvalidArgument,
                    "The log stream name must not hold the characters : and *");
    return {};
}

std::string group_arn(const Tenant& tenant, std::string_view group) {
    std::string arn = "arn:aws:logs:";
    arn.append(tenant.region).append(":").append(tenant.account).append(":log-group:");
    arn.append(group);
    return arn;
}

std::string stream_arn(const Tenant& tenant, std::string_view group, std::string_view stream) {
    return group_arn(tenant, group).append(":log-stream:").append(stream);
}

Result<std::string> group_name_of_arn(const Tenant& tenant, std::string_view arn) {
    // arn : partition : service : region : account : log-group : name
    constexpr std::size_t kParts = 7;
    std::array<std::string_view, kParts> part;
    std::string_view rest = without_star(arn);
    for (std::size_t i = 0; i + 1 < kParts; ++i) {
        const auto colon = rest.find(':');
        if (colon == std::string_view::npos)
            return fail(ErrorCode::kInvalidArgument,
                        "The ARN does not name a log group: " + std::string(arn));
        part[i] = rest.substr(0, colon);
        rest.remove_prefix(colon + 1);
    }
    part[kParts - 1] = rest;
    if (part[0] != "arn" || !part[1].starts_with("aws") || part[2] != "logs" ||
        part[5] != "log-group" || rest.empty() || rest.find(':') != std::string_view::npos)
        return fail(ErrorCode::kInvalidArgument,
                    "The ARN does not name a log group: " + std::string(arn));
    if (part[3] != tenant.region)
        return fail(ErrorCode::kInvalidArgument,
                    "The log group belongs to another region: " + std::string(part[3]));
    if (part[4] != tenant.account) return fail(ErrorCode::kNotFound, std::string(kGroupMissing));
    return std::string(rest);
}

ArnResource resource_of_arn(std::string_view arn) {
    constexpr std::size_t kParts = 6;
    std::array<std::string_view, kParts> part;
    for (std::string_view& text : part) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return {};
        text = arn.substr(0, colon);
        arn.remove_prefix(colon + 1);
    }
    if (part[0] != "arn" || !part[1].starts_with("aws") || part[2] != "logs") return {};
    return {part[3], part[4], part[5], arn};
}

Result<std::string> group_name_of(const Tenant& tenant, std::string_view identifier) {
    if (identifier.starts_with("arn:")) return group_name_of_arn(tenant, identifier);
    const std::string_view name = without_star(identifier);
    if (name.empty())
        return fail(ErrorCode::kInvalidArgument, "The log group identifier must not be empty.");
    return std::string(name);
}

}  // namespace sky::logs
