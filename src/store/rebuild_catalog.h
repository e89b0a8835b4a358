// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/rebuild_catalog.h - a catalog from what the files say of themselves.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace sky::os {
class Fs;
}

namespace sky::store {

struct RebuiltCatalog {
    std::uint64_t groups = 0, streams = 0, segments = 0, rows = 0;
    std::uint64_t replaced = 0;  // Segments left out: a merge has written their rows again.
    std::uint64_t superseded_groups = 0;  // Left out: a later group has their name.
    std::vector<std::string> unreadable;  // What is wrong with each; names the files.
    std::string kept_as;                  // Where the old catalog lies now; empty: there was none.
};

/// Makes catalog.sqlite from the footers of segments/ and the headers of wal/. Of groups and
/// streams it knows those that have events in segments, with ids, names and event times; settings,
/// tags, access keys and documents are gone, and so are the deletions whose rows a segment still
/// holds. Of two groups or streams of one name the later lives. The old catalog is kept beside the
/// new one; the change is whole or nothing, whenever the power fails. The caller holds the
/// directory's LOCK. Errors: kAlreadyExists (the catalog is sound), kInvalidArgument (no data
/// directory), those of os::Fs and SQLite.
Result<RebuiltCatalog> rebuild_catalog(os::Fs& fs, const std::string& directory);

}  // namespace sky::store
