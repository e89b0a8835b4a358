// SPDX-License-Identifier: Apache-2.0
#include "oam/api/operations.h"

#include <doctest/doctest.h>

#include "aws/testing/invoke.h"

namespace sky::oam::api {

TEST_CASE("no sink: this is no monitoring account") {
    Service service;
    const aws::ServiceDef oam = service_definition(service);
    CHECK(aws::testing::ask(oam, "ListSinks", "{}") == R"(200 {"Items":[]})");
    CHECK(aws::testing::ask(oam, "ListSinks", R"({"MaxResults":5,"NextToken":""})") ==
          R"(200 {"Items":[]})");
    CHECK(aws::testing::ask(oam, "ListSinks", R"({"NextToken":"x"})") ==
          "400 InvalidParameterException: The specified nextToken is invalid.");
}

}  // namespace sky::oam::api
