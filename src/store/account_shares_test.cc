// SPDX-License-Identifier: Apache-2.0
#include "store/account_shares.h"

#include <doctest/doctest.h>

namespace {

using sky::store::AccountShares;

TEST_CASE("alone, an account may take everything") {
    AccountShares shares;
    for (int i = 0; i < 100; ++i) {
        CHECK(shares.within_share("a"));
        shares.admitted("a", 1'000);
    }
}

TEST_CASE("from the moment that another one asks, the first waits until both have had the same") {
    AccountShares shares;
    shares.admitted("flood", 1'000);
    CHECK(shares.within_share("flood"));
    CHECK(shares.within_share("other"));
    CHECK_FALSE(shares.within_share("flood"));
    shares.admitted("other", 999);
    CHECK_FALSE(shares.within_share("flood"));
    CHECK(shares.within_share("other"));
    shares.admitted("other", 1);
    CHECK(shares.within_share("flood"));
    CHECK(shares.within_share("other"));
    // A third has had nothing yet.
    CHECK(shares.within_share("third"));
    CHECK_FALSE(shares.within_share("flood"));
    CHECK_FALSE(shares.within_share("other"));
    shares.relax();
    CHECK(shares.within_share("flood"));
}

}  // namespace
