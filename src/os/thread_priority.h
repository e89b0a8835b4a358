// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/os/thread_priority.h - background work steps aside for what somebody waits for.

namespace sky::os {

/// How far a thread steps aside: its niceness (setpriority(2)), of which Linux keeps one a thread.
/// Source: store.md 3.3, 3.4: sealing before merges and queries; committer and event loops at 0.
inline constexpr int kSealNiceness = 5;
inline constexpr int kQueryNiceness = 10;
inline constexpr int kMergeNiceness = 12;

/// Lowers the calling thread's priority, for good. Never fails: a thread may always step aside.
void step_aside(int niceness);

}  // namespace sky::os
