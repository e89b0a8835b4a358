// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/pattern_scan.h - the events of one morsel that match a filter pattern.

#include <span>

#include "base/result.h"
#include "logs/patterns/filter_pattern.h"
#include "store/store.h"

namespace sky::logs {

/// Every column of the matching rows, in their order. Of lines that are stored as families only
/// those families are written out whose constants and slots leave open that a line of theirs holds
/// what every match holds. Errors: the snapshot's.
Result<store::EventBatch> read_matching(const store::Snapshot& snapshot,
                                        const store::Morsel& morsel, store::TimeRange range,
                                        std::span<const store::StreamId> streams,
                                        const FilterPattern& pattern);

}  // namespace sky::logs
