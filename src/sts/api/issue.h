// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/sts/api/issue.h - what the operations that hand out credentials share.

#include <expected>

#include "aws/error.h"
#include "aws/session.h"
#include "sts/api/operations.h"
#include "sts/api/shapes/structures.h"

namespace sky::sts::api {

/// Credentials for the caller, hung on the key that signed. Errors are typed.
std::expected<aws::SessionCredentials, aws::ServiceError> issue(Service& service,
                                                                const aws::CallContext& caller,
                                                                const aws::SessionWish& wish);

Credentials shown(const aws::SessionCredentials& made);

/// AccessDenied (403) in the words that are given.
std::unexpected<aws::ServiceError> deny(std::string message);

}  // namespace sky::sts::api
