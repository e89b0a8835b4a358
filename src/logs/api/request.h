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

/// The group whose encryption a request is about, by name or ARN. Errors: kInvalidArgument (both,
/// none, or the ARN of query results, which are kept in memory alone).
aws::Reply<std::string> encrypted_group(const Tenant& tenant,
                                        const std::optional<std::string>& name,
                                        const std::optional<std::string>& resource);

}  // namespace sky::logs::api
