// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/admin/api/operations.h - administration of a running server: its access keys.

#include <span>
#include <string>

#include "aws/handler.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/catalog.h"

namespace sky::admin::api {

/// What the handlers work on. Everything outlives the service.
struct Service {
    store::Catalog& catalog;
    const Clock& clock;
    Random& random;
};

/// CreateAccessKey, DeleteAccessKey, ListAccessKeys; sorted by name. Our own service, in the words
/// of IAM's operations of the same names. A secret is answered once, by CreateAccessKey.
std::span<const aws::OperationDef> operations();

aws::ServiceError map_error(const aws::OperationModel& operation, const Error& error);

/// A new pair in AWS's form: "AKIA" and 16 of A-Z2-7; 40 characters of secret from 30 random bytes.
store::AccessKey make_access_key(std::string account, const Clock& clock, Random& random);

}  // namespace sky::admin::api
