// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "aws/call.h"
#include "aws/validate.h"
#include "logs/api/shapes/create_log_group.h"
#include "logs/api/shapes/get_log_fields.h"
#include "logs/api/shapes/put_log_events.h"
#include "logs/api/shapes/service.h"
#include "logs/api/shapes/start_query.h"

namespace sky::logs::api {
namespace {

struct FakeService {
    CreateLogGroupRequest seen;
};

Result<CreateLogGroupResponse> create_log_group(FakeService& service, const aws::CallContext&,
                                                const CreateLogGroupRequest& in) {
    service.seen = in;
    return CreateLogGroupResponse{};
}

TEST_CASE("CreateLogGroup: JSON to struct through a typed handler") {
    FakeService service;
    http::Response answer;
    auto state = std::make_unique<aws::Call::State>();
    state->context.request_id = "r-1";
    state->service = &service_model();
    state->operation = service_model().find_operation("CreateLogGroup");
    state->codec = &aws::json11_codec();
    state->body =
        R"({"logGroupName":"/a/b","tags":{"k":"v"},"deletionProtectionEnabled":true,"other":[1]})";
    state->respond = [&](http::Response response) { answer = std::move(response); };
    constexpr aws::Handler kHandler = aws::typed<create_log_group>;
    kHandler.invoke(&service, aws::Call(std::move(state)));
    CHECK(answer.status == 200);
    CHECK(answer.body.empty());
    CHECK(service.seen.log_group_name == "/a/b");
    CHECK(service.seen.tags->at("k") == "v");
    CHECK(service.seen.deletion_protection_enabled.value());
    CHECK_FALSE(service.seen.kms_key_id);
}

TEST_CASE("the published model is whole") {
    const aws::ServiceModel& model = service_model();
    CHECK(model.operations.size() == 118);
    CHECK(model.target_prefix == "Logs_20140328");
    CHECK(model.find_operation("StartLiveTail") != nullptr);
    CHECK(model.find_operation("startlivetail") == nullptr);
    for (const aws::OperationModel& operation : model.operations) {
        CAPTURE(operation.name);
        REQUIRE(operation.input != nullptr);
        for (const std::string_view error : operation.errors)
            CHECK(model.find_error(error) != nullptr);
    }
}

TEST_CASE("recursive structures") {
    GetLogFieldsResponse response;
    response.log_fields.emplace();
    response.log_fields->push_back(
        {.log_field_name = "a",
         .log_field_type = LogFieldType{.type = "string", .element = {}, .fields = {}}});
    const auto out = aws::json11_codec().encode({}, &shape_of(&response), &response);
    CHECK(out.body == R"({"logFields":[{"logFieldName":"a","logFieldType":{"type":"string"}}]})");
}

}  // namespace
}  // namespace sky::logs::api
