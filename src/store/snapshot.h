// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/snapshot.h - one group at one moment, over segments and open chunks.

#include <memory>
#include <vector>

#include "store/chunk.h"
#include "store/segment_file.h"
#include "store/sqlite_catalog.h"
#include "store/store.h"

namespace sky::store {

struct SnapshotParts {
    std::shared_ptr<const GroupInfo> group;
    std::int64_t cutoff_ms;                                // Rows before it have expired.
    std::shared_ptr<const std::vector<StreamId>> deleted;  // Sorted; null when none.
    std::shared_ptr<const std::vector<SegmentFilePtr>> segments;
    std::vector<std::shared_ptr<const OpenChunk>> chunks;
    std::shared_ptr<const SqliteCatalog> catalog;  // For names.
};

/// Each segment and each chunk is one morsel.
std::shared_ptr<const Snapshot> make_snapshot(SnapshotParts parts);

/// First millisecond that retention keeps; the least number when nothing expires.
std::int64_t retention_cutoff_ms(const GroupInfo& group, std::int64_t now_ms);

}  // namespace sky::store
