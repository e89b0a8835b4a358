// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <doctest/doctest.h>

namespace sky::crypto {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr std::int64_t kDayMs = 86'400'000;

TEST_CASE("self-signed: names, validity and key are as asked") {
    const std::vector<std::string> names = {"localhost", "127.0.0.1", "::1", "stream-localhost",
                                            "dataplane.10.0.0.7"};
    const auto made = make_self_signed(names, kNow, 825);
    REQUIRE(made);
    const auto facts = read_certificate(made->certificate_pem);
    REQUIRE(facts);
    CHECK(facts->names == names);
    CHECK(facts->not_after_ms == kNow + 825 * kDayMs);
    CHECK(facts->sha256_fingerprint.size() == 64);
    CHECK(belongs_to(made->certificate_pem, made->key_pem));

    const auto other = make_self_signed(names, kNow, 1);
    REQUIRE(other);
    CHECK(!belongs_to(made->certificate_pem, other->key_pem));
    CHECK(read_certificate(other->certificate_pem)->sha256_fingerprint !=
          facts->sha256_fingerprint);
}

TEST_CASE("self-signed: what is neither a name nor an address is refused") {
    for (const char* name : {"", "a b", "a,IP:1.2.3.4", "caf\xc3\xa9", "*", "a/b", "a\nb"}) {
        CAPTURE(name);
        const std::vector<std::string> names = {name};
        const auto made = make_self_signed(names, kNow, 1);
        REQUIRE(!made);
        CHECK(made.error().code == ErrorCode::kInvalidArgument);
    }
    CHECK(!make_self_signed({}, kNow, 1));
}

TEST_CASE("certificates that are none") {
    const std::vector<std::string> names = {"localhost"};
    const auto made = make_self_signed(names, kNow, 1);
    REQUIRE(made);
    for (const std::string& text : {std::string(), std::string("text"), made->key_pem,
                                    made->certificate_pem.substr(0, 200)}) {
        CHECK(!read_certificate(text));
        CHECK(!belongs_to(text, made->key_pem));
    }
    CHECK(!belongs_to(made->certificate_pem, "no key"));
}

}  // namespace
}  // namespace sky::crypto
