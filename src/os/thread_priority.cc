// SPDX-License-Identifier: Apache-2.0
#include "os/thread_priority.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"

namespace sky::os {

void step_aside(int niceness) {
    SKY_ASSERT(niceness >= 0 && niceness < 20, "only downwards, which needs no privilege");
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness));
}

}  // namespace sky::os
