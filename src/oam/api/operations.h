// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/oam/api/operations.h - Observability Access Manager: links between accounts.

#include <span>

#include "aws/handler.h"

namespace sky::oam::api {

/// What the handlers work on: sinks cannot be made, so there are none.
struct Service {};

/// One row per built operation, sorted by name.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

struct ListSinksInput;
struct ListSinksOutput;

aws::Reply<ListSinksOutput> list_sinks(Service&, const aws::CallContext&, const ListSinksInput&);

}  // namespace sky::oam::api
