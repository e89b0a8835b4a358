// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/api/lookup_content.h - where the rows of a lookup table come from.

#include <optional>
#include <string>

#include "aws/error.h"
#include "logs/service.h"

namespace sky::logs::api {

/// The CSV text of the request, or of the rows of a query that has ended. Errors:
/// kInvalidArgument (none or both given; the query is unknown, has failed or is not finished).
aws::Reply<LookupContent> lookup_content(Service& service, const Tenant& tenant,
                                         const std::optional<std::string>& csv,
                                         const std::optional<std::string>& query_id);

}  // namespace sky::logs::api
