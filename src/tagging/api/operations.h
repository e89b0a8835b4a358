// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/tagging/api/operations.h - resources of all services by their tags.

#include <span>

#include "aws/handler.h"
#include "logs/service.h"

namespace sky::tagging::api {

/// What the handlers work on. Log groups are the only resources with tags so far.
struct Service {
    const logs::Service& logs;
};

/// One row per built operation, sorted by name.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

struct GetResourcesInput;
struct GetResourcesOutput;

aws::Reply<GetResourcesOutput> get_resources(Service&, const aws::CallContext&,
                                             const GetResourcesInput&);

}  // namespace sky::tagging::api
