// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/request.h - what several operations read from a request alike.

#include <optional>
#include <string>

#include "aws/error.h"
#include "aws/handler.h"
#include "logs/service.h"

namespace sky::logs::api {

inline Tenant tenant_of(const aws::CallContext& context) {
    return {context.account, context.region};
}

/// The group that logGroupName or logGroupIdentifier names. Errors: ValidationException (both, as
/// recorded), InvalidParameterException (none), kNotFound.
aws::Reply<GroupPtr> requested_group(const Service& service, const aws::CallContext& context,
                                     const std::optional<std::string>& name,
                                     const std::optional<std::string>& identifier);

}  // namespace sky::logs::api
