// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/audit.h - which calls are put on record, and what of them.

#include <string>
#include <string_view>

#include "aws/permissions.h"

namespace sky::aws {

/// True for what only administrators may call and what changes something: everything but
/// Describe..., Get... and List....
bool is_administration(std::string_view operation, Permissions allowed_by);

/// The top-level members of a JSON request that are text, numbers, truth values or lists of text,
/// as a JSON object. A member whose name speaks of a secret, password or token is shown as "***".
/// "{}" for anything that is no JSON object.
std::string audit_parameters(std::string_view body);

}  // namespace sky::aws
