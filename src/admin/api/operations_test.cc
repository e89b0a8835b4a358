// SPDX-License-Identifier: Apache-2.0
#include "admin/api/operations.h"

#include <doctest/doctest.h>

#include "admin/api/shapes/service.h"
#include "aws/call.h"
#include "os/sim_fs.h"
#include "store/sqlite_catalog.h"

namespace sky::admin::api {
namespace {

struct World {
    os::SimFs fs{1};
    ManualClock clock{1'700'000'000'000};
    SeededRandom random{1};
    std::shared_ptr<store::SqliteCatalog> catalog;
    std::unique_ptr<Service> service;

    World() {
        REQUIRE(fs.make_directory("/d"));
        catalog = store::SqliteCatalog::open(fs, "/d/catalog.sqlite").value();
        service = std::make_unique<Service>(Service{*catalog, clock, random});
    }

    http::Response call(std::string_view operation, std::string body) {
        http::Response answer;
        auto state = std::make_unique<aws::Call::State>();
        state->context.account = "123456789012";
        state->context.access_key_id = "AKIAMYSELFMYSELFMYSE";
        state->service = &service_model();
        state->operation = service_model().find_operation(operation);
        REQUIRE(state->operation != nullptr);
        state->errors = &map_error;
        state->codec = &aws::json11_codec();
        state->body = std::move(body);
        state->respond = [&](http::Response response) { answer = std::move(response); };
        for (const aws::OperationDef& row : operations()) {
            if (row.name == operation) {
                row.handler.invoke(service.get(), aws::Call(std::move(state)));
                return answer;
            }
        }
        FAIL("not built");
        return answer;
    }
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("access keys: create, import, list, delete") {
    World world;
    const http::Response made = world.call("CreateAccessKey", "{}");
    CHECK(made.status == 200);
    CHECK(contains(made.body, "\"SecretAccessKey\""));
    const auto keys = world.catalog->list_keys();
    REQUIRE(keys.size() == 1);
    CHECK(keys[0].id.size() == 20);
    CHECK(keys[0].secret.size() == 40);

    const std::string imported =
        R"({"AccessKeyId":"AKIDEXAMPLE000001","SecretAccessKey":"wJalrXUtnFEMI/K7MDENG+bPxRfiCY"})";
    CHECK(world.call("CreateAccessKey", imported).status == 200);
    CHECK(contains(world.call("CreateAccessKey", imported).body, "ResourceAlreadyExistsException"));
    CHECK(contains(world.call("CreateAccessKey", R"({"AccessKeyId":"AKIDEXAMPLE000002"})").body,
                   "InvalidParameterException"));

    const http::Response listed = world.call("ListAccessKeys", "{}");
    CHECK(contains(listed.body, "AKIDEXAMPLE000001"));
    CHECK_FALSE(contains(listed.body, "wJalr"));

    CHECK(world.call("DeleteAccessKey", R"({"AccessKeyId":"AKIDEXAMPLE000001"})").status == 200);
    CHECK(contains(world.call("DeleteAccessKey", R"({"AccessKeyId":"AKIDEXAMPLE000001"})").body,
                   "ResourceNotFoundException"));
    CHECK(contains(world.call("DeleteAccessKey", R"({"AccessKeyId":"AKIAMYSELFMYSELFMYSE"})").body,
                   "cannot delete itself"));
}

}  // namespace sky::admin::api
