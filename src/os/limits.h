// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/os/limits.h - the limits of the os module.

#include <cstddef>
#include <cstdint>

namespace sky::os::limits {

// Parts of one gathered write that go to the kernel at once (Linux: UIO_MAXIOV, <linux/uio.h>);
// longer lists are cut by real_fs.
constexpr std::size_t kWritePartsMax = 1024;

// write_zeros() writes and syncs this much at a time: syncs of the log that acknowledge appends
// wait behind it, a few milliseconds of a disk's; and what is copied from stays in a core's cache.
constexpr std::size_t kZeroBlockBytes = 1 << 20;

// Sectors are lost or kept whole: what disks promise (store.md 1.9).
constexpr std::size_t kSectorBytes = 512;

}  // namespace sky::os::limits
