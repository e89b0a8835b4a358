// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/authorize.h - may this caller do this: the one place that decides.

#include <expected>
#include <string>
#include <string_view>

#include "aws/authenticate.h"
#include "aws/handler.h"
#include "aws/shape.h"

namespace sky::aws {

/// Decides for every service and operation, once the caller is proven and the operation known; the
/// place where policy documents will be read. `allowed_by`: any one of these permissions opens the
/// operation. Errors: kNotAllowed with AWS's text.
std::expected<void, AuthError> authorize(const CallContext& caller, const ServiceModel& service,
                                         std::string_view operation, Permissions allowed_by);

/// AWS's words for a refusal: "User: ARN is not authorized to perform: logs:PutLogEvents because no
/// identity-based policy allows the logs:PutLogEvents action". `action` is "service:Operation".
std::string not_authorized(std::string_view caller_arn, std::string_view action);

/// The service's prefix in IAM actions, which is the signing name but for a few.
std::string_view iam_prefix(const ServiceModel& service);

/// "arn:aws:iam::ACCOUNT:user/KEY": a key is its own user until there are users.
std::string user_arn(std::string_view account, std::string_view access_key_id);

}  // namespace sky::aws
