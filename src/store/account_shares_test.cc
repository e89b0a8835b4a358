// SPDX-License-Identifier: Apache-2.0
#include "store/account_shares.h"

#include <doctest/doctest.h>

namespace {

using sky::store::AccountShares;

TEST_CASE("who brought less than the average has room left") {
    AccountShares shares;
    CHECK(shares.below_average("flood"));
    shares.admitted("flood", 1'000);
    CHECK_FALSE(shares.below_average("flood"));
    CHECK(shares.below_average("other"));
    CHECK_FALSE(shares.below_average("flood"));
    shares.admitted("other", 999);
    CHECK_FALSE(shares.below_average("flood"));
    CHECK(shares.below_average("other"));
    shares.admitted("other", 2);
    CHECK(shares.below_average("flood"));
    CHECK_FALSE(shares.below_average("other"));
    // A third has had nothing yet, and lowers the average.
    CHECK(shares.below_average("third"));
    CHECK_FALSE(shares.below_average("flood"));
    shares.relax();
    CHECK(shares.below_average("flood"));
}

}  // namespace
