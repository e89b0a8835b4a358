// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/sts/api/operations.h - the Security Token Service: who am I.

#include <span>

#include "aws/handler.h"

namespace sky::sts::api {

/// What the handlers work on: nothing so far, the caller is all there is to know.
struct Service {};

/// One row per built operation, sorted by name.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

struct GetCallerIdentityRequest;
struct GetCallerIdentityResponse;

aws::Reply<GetCallerIdentityResponse> get_caller_identity(Service&, const aws::CallContext&,
                                                          const GetCallerIdentityRequest&);

}  // namespace sky::sts::api
