// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/admin/api/operations.h - administration of a running server: its access keys,
              // its backups.

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "aws/handler.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/store.h"

namespace sky::admin::api {

/// What the handlers work on. Everything outlives the service.
struct Service {
    store::Catalog& catalog;
    store::Store& store;
    const Clock& clock;
    Random& random;
    /// The steps of a query with their rows and times; this module knows no queries. Errors:
    /// kNotFound.
    std::function<Result<std::string>(const store::Tenant&, std::string_view query_id)>
        explain_query;
};

/// CreateAccessKey, CreateBackup, DeleteAccessKey, ExplainQuery, GetAccessKey, ListAccessKeys,
/// RotateAccessKey, UpdateAccessKey; sorted by name, all for administrators but ExplainQuery, which
/// is for who may read. Our own service, in the words of IAM's
/// operations of the same names. A secret is answered once, by CreateAccessKey and RotateAccessKey.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

aws::ServiceError map_error(const aws::OperationModel& operation, const Error& error);

}  // namespace sky::admin::api
