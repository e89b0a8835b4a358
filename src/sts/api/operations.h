// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/sts/api/operations.h - the Security Token Service: who am I, and temporary
              // credentials.

#include <span>

#include "aws/handler.h"
#include "aws/keys.h"
#include "base/random.h"

namespace sky::sts::api {

/// What the handlers work on. Everything outlives the service.
struct Service {
    const aws::KeySource& keys;
    Random& random;
};

/// One row per built operation, sorted by name.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

struct AssumeRoleRequest;
struct AssumeRoleResponse;
struct GetCallerIdentityRequest;
struct GetCallerIdentityResponse;
struct GetSessionTokenRequest;
struct GetSessionTokenResponse;

aws::Reply<AssumeRoleResponse> assume_role(Service&, const aws::CallContext&,
                                           const AssumeRoleRequest&);
aws::Reply<GetCallerIdentityResponse> get_caller_identity(Service&, const aws::CallContext&,
                                                          const GetCallerIdentityRequest&);
aws::Reply<GetSessionTokenResponse> get_session_token(Service&, const aws::CallContext&,
                                                      const GetSessionTokenRequest&);

}  // namespace sky::sts::api
