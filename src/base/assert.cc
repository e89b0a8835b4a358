// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace sky {

void assert_failed(const char* condition, const char* why, const char* file, int line) {
    std::fprintf(stderr, "skywatch: assertion failed: %s: %s (%s:%d)\n", condition, why, file,
                 line);
    std::abort();
}

}  // namespace sky
