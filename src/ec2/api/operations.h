// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/ec2/api/operations.h - the corner of EC2 that dashboards ask for: regions.

#include <span>
#include <string>

#include "aws/handler.h"

namespace sky::ec2::api {

/// What the handlers work on.
struct Service {
    std::string region;  // The server's own.
};

/// One row per built operation, sorted by name.
std::span<const aws::OperationDef> operations();

/// What the server registers.
aws::ServiceDef service_definition(Service& service);

struct DescribeRegionsRequest;
struct DescribeRegionsResult;

aws::Reply<DescribeRegionsResult> describe_regions(Service&, const aws::CallContext&,
                                                   const DescribeRegionsRequest&);

}  // namespace sky::ec2::api
