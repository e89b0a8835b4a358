// SPDX-License-Identifier: Apache-2.0
#include "admin/api/operations.h"

#include <doctest/doctest.h>

#include "admin/api/audit_log.h"
#include "admin/api/limits.h"
#include "aws/testing/invoke.h"
#include "os/sim_fs.h"
#include "store/store.h"

namespace sky::admin::api {
namespace {

struct World {
    os::SimFs fs{1};
    ManualClock clock{1'700'000'000'000};
    SeededRandom random{1};
    std::unique_ptr<store::Store> store;
    store::Catalog* catalog = nullptr;
    std::unique_ptr<Service> service;

    World() {
        auto opened = store::Store::open({.directory = "/d",
                                          .fs = &fs,
                                          .clock = &clock,
                                          .random = &random,
                                          .wal_segment_bytes = 64U << 10U,
                                          .ballast_bytes = 16U << 10U,
                                          .background = store::Background::kStepped});
        REQUIRE(opened.has_value());
        store = *std::move(opened);
        catalog = &store->catalog();
        service = std::make_unique<Service>(
            Service{*catalog, *store, clock, random,
                    [](const store::Tenant& tenant, std::string_view id) -> Result<std::string> {
                        if (id != "known") return fail(ErrorCode::kNotFound, "no such query");
                        return tenant.account + ": scan\n";
                    }});
    }

    aws::Permissions permissions = aws::Permissions::all();
    std::string issuer;

    http::Response call(std::string_view operation, std::string_view body) {
        aws::CallContext context;
        context.account = "123456789012";
        context.access_key_id = issuer.empty() ? "AKIAMYSELFMYSELFMYSE" : "ASIA";
        context.session_issuer = issuer;
        context.permissions = permissions;
        return aws::testing::invoke(service_definition(*service), operation, body, context);
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

TEST_CASE("access keys: settings, and what they answer to") {
    World world;
    REQUIRE(world.catalog->put_key(
        {"AKIAMYSELFMYSELFMYSE", "s", "123456789012", 1, "me", "admin read unmask write"}));
    REQUIRE(world.catalog->put_key({"AKIAOTHERACCOUNT0000", "s", "999999999999", 1}));
    CHECK(world
              .call("CreateAccessKey", R"({"AccessKeyId":"AKIAOFTHEAGENT000001",)"
                                       R"("SecretAccessKey":"0123456789abcdef",)"
                                       R"("Description":"agent of host 7","Permissions":["write"],)"
                                       R"("ExpireDate":1700000001000})")
              .status == 200);
    CHECK(world.call("GetAccessKey", R"({"AccessKeyId":"AKIAOFTHEAGENT000001"})").body ==
          R"({"AccessKey":{"AccessKeyId":"AKIAOFTHEAGENT000001","Account":"123456789012",)"
          R"("CreateDate":1700000000000,"Description":"agent of host 7",)"
          R"("ExpireDate":1700000001000,"Permissions":["write"],"Status":"Active"}})");
    CHECK(world
              .call("UpdateAccessKey",
                    R"({"AccessKeyId":"AKIAOFTHEAGENT000001","Status":"Inactive",)"
                    R"("Permissions":["read","write"],"ExpireDate":0,"Description":""})")
              .body == R"({"AccessKey":{"AccessKeyId":"AKIAOFTHEAGENT000001",)"
                       R"("Account":"123456789012","CreateDate":1700000000000,)"
                       R"("Permissions":["read","write"],"Status":"Inactive"}})");
    CHECK_FALSE(world.catalog->find_key("AKIAOFTHEAGENT000001")->enabled);

    struct Case {
        std::string_view operation;
        std::string body;
        std::string_view words;
        aws::Permissions permissions = aws::Permissions::all();
        std::string_view issuer = {};
    };
    const std::string agent = R"("AccessKeyId":"AKIAOFTHEAGENT000001")";
    const std::string own = R"("AccessKeyId":"AKIAMYSELFMYSELFMYSE")";
    const Case cases[] = {
        {"GetAccessKey", R"({"AccessKeyId":"AKIAOTHERACCOUNT0000"})", "ResourceNotFoundException"},
        {"UpdateAccessKey", R"({"AccessKeyId":"AKIAOTHERACCOUNT0000"})",
         "ResourceNotFoundException"},
        {"RotateAccessKey", R"({"AccessKeyId":"AKIAOTHERACCOUNT0000"})",
         "ResourceNotFoundException"},
        {"DeleteAccessKey", R"({"AccessKeyId":"AKIAOTHERACCOUNT0000"})",
         "ResourceNotFoundException"},
        {"UpdateAccessKey", "{" + agent + R"(,"Permissions":["root"]})",
         "InvalidParameterException"},
        {"UpdateAccessKey", "{" + agent + R"(,"ExpireDate":1700000000000})", "has passed"},
        {"UpdateAccessKey", "{" + agent + R"(,"Description":"a\u001b[31m"})", "control"},
        {"UpdateAccessKey", "{" + own + R"(,"Status":"Inactive"})", "cannot disable itself"},
        {"UpdateAccessKey", "{" + own + R"(,"Permissions":["read"]})", "cannot disable itself"},
        {"UpdateAccessKey", "{" + own + R"(,"Status":"Inactive"})", "cannot disable itself",
         aws::Permissions::all(), "AKIAMYSELFMYSELFMYSE"},
        {"DeleteAccessKey", "{" + own + "}", "cannot delete itself", aws::Permissions::all(),
         "AKIAMYSELFMYSELFMYSE"},
        // Nobody gives what he does not have.
        {"CreateAccessKey",
         R"({"Permissions":["admin","unmask"]})",
         "AccessDeniedException",
         {aws::Permission::kAdmin}},
        {"UpdateAccessKey",
         "{" + agent + R"(,"Permissions":["read"]})",
         "AccessDeniedException",
         {aws::Permission::kAdmin}},
        {"RotateAccessKey", "{" + agent + "}", "AccessDeniedException", {aws::Permission::kAdmin}},
        {"CreateAccessKey", R"({"AccessKeyId":"test","SecretAccessKey":"test"})",
         "InvalidParameterException"},
        {"CreateAccessKey",
         R"({"AccessKeyId":"tes","SecretAccessKey":"test","AllowShortPair":true})",
         "InvalidParameterException"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.operation);
        CAPTURE(c.body);
        world.permissions = c.permissions;
        world.issuer = c.issuer;
        const http::Response response = world.call(c.operation, c.body);
        CHECK(response.status == 400);
        CHECK_MESSAGE(contains(response.body, c.words), response.body);
    }
    world.issuer.clear();
    // What is left out is what the maker has himself.
    world.permissions = {aws::Permission::kAdmin};
    const http::Response modest = world.call("CreateAccessKey", "{}");
    CHECK(modest.status == 200);
    std::size_t admins = 0;
    for (const auto& key : world.catalog->list_keys())
        admins += key.permissions == "admin" ? 1U : 0U;
    CHECK(admins == 1);
    world.permissions = aws::Permissions::all();
    CHECK(world
              .call("CreateAccessKey",
                    R"({"AccessKeyId":"test","SecretAccessKey":"test","AllowShortPair":true})")
              .status == 200);
}

TEST_CASE("access keys: rotation keeps the settings and ends the old key when told to") {
    World world;
    REQUIRE(world.catalog->put_key({"AKIAOFTHEAGENT000001", "old secret", "123456789012", 1,
                                    "agent", "write", true, 1'700'000'900'000}));
    const http::Response made =
        world.call("RotateAccessKey",
                   R"({"AccessKeyId":"AKIAOFTHEAGENT000001","OldExpireDate":1700000060000})");
    REQUIRE_MESSAGE(made.status == 200, made.body);
    CHECK_FALSE(contains(made.body, "old secret"));
    REQUIRE(world.catalog->list_keys().size() == 2);
    for (const store::AccessKey& key : world.catalog->list_keys()) {
        const bool is_old = key.id == "AKIAOFTHEAGENT000001";
        CHECK(key.description == "agent");
        CHECK(key.permissions == "write");
        CHECK(key.enabled);
        CHECK(key.expires_ms ==
              (is_old ? std::optional<std::int64_t>(1'700'000'060'000) : std::nullopt));
        CHECK((key.secret == "old secret") == is_old);
        CHECK(contains(made.body, key.secret) != is_old);
    }
    // An end that comes sooner anyway stays.
    CHECK(world
              .call("RotateAccessKey",
                    R"({"AccessKeyId":"AKIAOFTHEAGENT000001","OldExpireDate":1700009990000})")
              .status == 200);
    CHECK(world.catalog->find_key("AKIAOFTHEAGENT000001")->expires_ms == 1'700'000'060'000);
}

TEST_CASE("access keys: an account has a limited number") {
    World world;
    for (std::size_t i = 0; i < limits::kKeysPerAccountMax; ++i) {
        REQUIRE(world.catalog->put_key(
            {"AKIA" + std::to_string(1'000'000'000'000'000 + i), "s", "123456789012", 1}));
    }
    CHECK(contains(world.call("CreateAccessKey", "{}").body, "LimitExceededException"));
    CHECK(contains(world.call("RotateAccessKey", R"({"AccessKeyId":"AKIA1000000000000000"})").body,
                   "LimitExceededException"));
    CHECK(world.call("DeleteAccessKey", R"({"AccessKeyId":"AKIA1000000000000000"})").status == 200);
    CHECK(world.call("CreateAccessKey", "{}").status == 200);
}

TEST_CASE("queries: explained to whoever may read") {
    World world;
    world.permissions = aws::Permissions{aws::Permission::kRead};
    CHECK(world.call("ExplainQuery", R"({"QueryId":"known"})").body ==
          R"({"Explanation":"123456789012: scan\n"})");
    const http::Response unknown = world.call("ExplainQuery", R"({"QueryId":"other"})");
    CHECK(unknown.status == 400);
    CHECK(contains(unknown.body, "ResourceNotFoundException"));
    for (const aws::OperationDef& row : operations()) {
        const bool is_for_readers = row.name == "ExplainQuery";
        CHECK(row.allowed_by.has(aws::Permission::kRead) == is_for_readers);
    }
}

TEST_CASE("backups: made where nothing is, named by an absolute path") {
    World world;
    const http::Response made = world.call("CreateBackup", R"({"Directory":"/backups/monday"})");
    CHECK(made.status == 200);
    CHECK(contains(made.body, R"("Segments":0)"));
    CHECK(world.fs.stat("/backups/monday/MANIFEST").has_value());
    CHECK(store::restore_backup(world.fs, "/backups/monday", "/restored").has_value());
    for (const char* const wrong :
         {R"({"Directory":"/backups/monday"})", R"({"Directory":"relative"})", "{}"}) {
        CAPTURE(wrong);
        const http::Response refused = world.call("CreateBackup", wrong);
        CHECK(refused.status == 400);
        CHECK(contains(refused.body, "InvalidParameterException"));
    }
}

TEST_CASE("audit log: one line a record, durable, and never more than its files") {
    os::SimFs fs(1);
    REQUIRE(fs.make_directory("/d"));
    REQUIRE(fs.fsync_directory("/"));
    AuditLog log(fs, "/d");
    aws::AuditRecord record;
    record.time_ms = 1'700'000'000'000;
    record.account = "123456789012";
    record.caller_arn = "arn:aws:iam::123456789012:user/AKIA";
    record.access_key_id = "AKIA";
    record.remote_ip = "127.0.0.1";
    record.request_id = "r-1";
    record.action = "skywatch:DeleteAccessKey";
    record.parameters = R"({"AccessKeyId":"AKIAOLD"})";
    record.status = 200;
    REQUIRE(log.append(record));
    const std::string line =
        R"({"time":"2023-11-14T22:13:20.000Z","action":"skywatch:DeleteAccessKey",)"
        R"("who":"arn:aws:iam::123456789012:user/AKIA","account":"123456789012",)"
        R"("access_key_id":"AKIA","from":"127.0.0.1","request_id":"r-1",)"
        R"("parameters":{"AccessKeyId":"AKIAOLD"},"status":200})"
        "\n";
    CHECK(*os::read_file(fs, "/d/audit.log", 1 << 20) == line);
    record.status = 400;
    record.error_type = "AccessDeniedException";
    REQUIRE(log.append(record));
    CHECK(contains(*os::read_file(fs, "/d/audit.log", 1 << 20),
                   R"("status":400,"error":"AccessDeniedException"})"));
    const auto after = fs.after_power_loss(7);
    CHECK(after->stat("/d/audit.log")->bytes > 2 * line.size());

    os::SimFs full(2);
    REQUIRE(full.make_directory("/d"));
    AuditLog rotated(full, "/d");
    for (int i = 0; i < limits::kAuditFilesMax + 3; ++i) {
        const auto file = *full.open("/d/audit.log", os::OpenMode::kCreate);
        REQUIRE(file->truncate(limits::kAuditFileBytesMax - 1));
        REQUIRE(rotated.append(record));
        CHECK(full.stat("/d/audit.log")->bytes < 1'000);
        CHECK(full.stat("/d/audit.1.log")->bytes == limits::kAuditFileBytesMax - 1);
    }
    CHECK(full.list("/d")->size() == limits::kAuditFilesMax);
}

}  // namespace sky::admin::api
