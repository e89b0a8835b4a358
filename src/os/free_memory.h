// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/os/free_memory.h - memory that the allocator keeps goes back to the machine.

namespace sky::os {

/// What is free in the allocator's arenas, of every thread. Takes milliseconds: for the end of work
/// that needed much. Threads: any.
void return_free_memory();

}  // namespace sky::os
