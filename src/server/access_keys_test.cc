// SPDX-License-Identifier: Apache-2.0
#include "server/access_keys.h"

#include <doctest/doctest.h>

namespace sky::server {
namespace {

TEST_CASE("made keys have AWS's form, differ, and pass their own check") {
    SeededRandom random(1);
    const auto a = make_access_key(random, "123456789012", 5);
    const auto b = make_access_key(random, "123456789012", 5);
    CHECK(a.id.size() == 20);
    CHECK(a.id.starts_with("AKIA"));
    CHECK(a.secret.size() == 40);
    CHECK(a.creation_ms == 5);
    CHECK(a.id != b.id);
    CHECK(a.secret != b.secret);
    CHECK(check_access_key(a));
}

TEST_CASE("imported keys") {
    struct Case {
        const char* name;
        std::string id, secret, account;
        bool ok;
    };
    const std::string account = "123456789012";
    const Case kCases[] = {
        {"AWS's example", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", account, true},
        {"short test pair", "test", "test", account, true},
        {"slash in the id", "AK/ID", "s", account, false},
        {"short id", "ab", "s", account, false},
        {"long id", std::string(129, 'a'), "s", account, false},
        {"no secret", "test", "", account, false},
        {"blank in the secret", "test", "a b", account, false},
        {"long secret", "test", std::string(129, 's'), account, false},
        {"short account", "test", "s", "12345678901", false},
        {"letters in the account", "test", "s", "12345678901x", false},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        CHECK(check_access_key({c.id, c.secret, c.account, 0}).has_value() == c.ok);
    }
}

}  // namespace
}  // namespace sky::server
