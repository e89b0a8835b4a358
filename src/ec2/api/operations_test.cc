// SPDX-License-Identifier: Apache-2.0
#include "ec2/api/operations.h"

#include <doctest/doctest.h>

#include "aws/testing/invoke.h"

namespace sky::ec2::api {

TEST_CASE("regions: the server's and the caller's") {
    Service service{"eu-central-1"};
    aws::CallContext here;
    here.region = "us-east-1";
    const std::string kEu = R"({"OptInStatus":"opt-in-not-required","RegionName":"eu-central-1",)"
                            R"("Endpoint":"ec2.eu-central-1.amazonaws.com"})";
    const std::string kUs = R"({"OptInStatus":"opt-in-not-required","RegionName":"us-east-1",)"
                            R"("Endpoint":"ec2.us-east-1.amazonaws.com"})";
    const auto regions = [](const std::string& rows) {
        return R"(200 {"Regions":[)" + rows + "]}";
    };
    const struct {
        const char* body;
        std::string told;
    } cases[] = {
        {"{}", regions(kEu + "," + kUs)},
        {R"({"RegionNames":[]})", regions(kEu + "," + kUs)},
        {R"({"RegionNames":["us-east-1"]})", regions(kUs)},
        {R"({"AllRegions":true})", regions(kEu + "," + kUs)},
        {R"({"Filters":[{"Name":"region-name","Values":["eu-*"]}]})", regions(kEu)},
        {R"({"Filters":[{"Name":"region-name","Values":["u?-east-1","nowhere"]}]})", regions(kUs)},
        {R"({"Filters":[{"Name":"region-name","Values":["us"]}]})", regions("")},
        {R"({"Filters":[{"Name":"endpoint","Values":["*.us-*.com"]}]})", regions(kUs)},
        {R"({"Filters":[{"Name":"endpoint","Values":["*com*"]},)"
         R"({"Name":"region-name","Values":["*1"]}]})",
         regions(kEu + "," + kUs)},
        {R"({"Filters":[{"Name":"opt-in-status","Values":["opted-in"]}]})", regions("")},
        {R"({"Filters":[{"Name":"region-name"}]})", regions("")},
        {R"({"Filters":[{"Name":"planet","Values":["*"]}]})",
         "400 InvalidParameterValue: The filter 'planet' is invalid"},
        {R"({"RegionNames":["us-east-1","mars-1"]})",
         "400 InvalidParameterValue: Invalid region(s) provided: 'mars-1'"},
        {R"({"DryRun":true})",
         "412 DryRunOperation: Request would have succeeded, but DryRun flag is set."},
    };
    for (const auto& row : cases) {
        CAPTURE(row.body);
        CHECK(aws::testing::ask(service_definition(service), "DescribeRegions", row.body, here) ==
              row.told);
    }
    here.region = "eu-central-1";
    CHECK(aws::testing::ask(service_definition(service), "DescribeRegions", "{}", here) ==
          regions(kEu));
}

}  // namespace sky::ec2::api
