// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/identifiers.h - names and ARNs of groups and streams, in every form that
              // clients send.

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/catalog.h"

namespace sky::logs {

using store::Tenant;

// Exact texts (logs-api.md 1.2).
inline constexpr std::string_view kGroupMissing = "The specified log group does not exist.";
inline constexpr std::string_view kStreamMissing = "The specified log stream does not exist.";
inline constexpr std::string_view kGroupExists = "The specified log group already exists";
inline constexpr std::string_view kStreamExists = "The specified log stream already exists";
inline constexpr std::string_view kNameTooLong =
    "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";

/// Errors: kInvalidArgument (kNameTooLong, empty, a character outside [.\-_/#A-Za-z0-9]).
Status check_group_name(std::string_view name);
/// Errors: kInvalidArgument (kNameTooLong, empty, ':' or '*').
Status check_stream_name(std::string_view name);

/// arn:aws:logs:<region>:<account>:log-group:<name>, without ":*".
std::string group_arn(const Tenant& tenant, std::string_view group);
std::string stream_arn(const Tenant& tenant, std::string_view group, std::string_view stream);

/// The parts of arn:<partition>:logs:<region>:<account>:<type>:<name>; all empty when the text is
/// no ARN of this service.
struct ArnResource {
    std::string_view region, account, type, name;
};
ArnResource resource_of_arn(std::string_view arn);

/// The group's name out of a name or an ARN; both may end in ":" or ":*" (clients.md trap 14).
/// Errors: kInvalidArgument (another region, no group ARN), kNotFound (another account).
Result<std::string> group_name_of(const Tenant& tenant, std::string_view identifier);
/// As above, but only an ARN will do: resourceArn of the tag operations.
Result<std::string> group_name_of_arn(const Tenant& tenant, std::string_view arn);

}  // namespace sky::logs
