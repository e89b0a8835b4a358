// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/access_keys.h - making access keys: by `skywatch key` and the first
              // start.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "store/catalog.h"

namespace sky::server {

/// A new pair in AWS's form: "AKIA" and 16 of A-Z2-7; a secret of 40 characters with 240 random
/// bits. Not yet in a catalog.
store::AccessKey make_access_key(Random& random, std::string account, std::int64_t now_ms);

/// Whether an existing pair may be imported. An id is 3 to 128 of [A-Za-z0-9_-]: it stands in the
/// credential scope between slashes. A secret is 1 to 128 visible ASCII characters. An account is
/// 12 digits. Errors: kInvalidArgument.
Status check_access_key(const store::AccessKey& key);

}  // namespace sky::server
