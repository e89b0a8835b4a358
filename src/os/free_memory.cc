// SPDX-License-Identifier: Apache-2.0
#include "os/free_memory.h"

#include <malloc.h>

namespace sky::os {

void return_free_memory() {
#if defined(__GLIBC__)
    static_cast<void>(::malloc_trim(0));
#endif
}

}  // namespace sky::os
