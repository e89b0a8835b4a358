// SPDX-License-Identifier: Apache-2.0
#include "os/free_memory.h"

#if defined(SKY_JEMALLOC)
#include <jemalloc/jemalloc.h>

// Read by the allocator before main(). Rows are taken by one thread and let go by another, in
// bursts: pages that were free for two seconds go back to the machine, by the allocator's own
// threads.
const char* malloc_conf = "background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0";
#endif

namespace sky::os {

void return_free_memory() {
#if defined(SKY_JEMALLOC)
#define SKY_TEXT_OF_(number) #number
#define SKY_TEXT_OF(number) SKY_TEXT_OF_(number)
    static_cast<void>(
        ::mallctl("arena." SKY_TEXT_OF(MALLCTL_ARENAS_ALL) ".purge", nullptr, nullptr, nullptr, 0));
#undef SKY_TEXT_OF
#undef SKY_TEXT_OF_
#endif
}

}  // namespace sky::os
