// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/partial_cache.h - what immutable rows came to in a stats, kept
              // for the next run of the same query.

#include <compare>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "columnar/arena.h"
#include "insights/exec/compiled.h"
#include "insights/exec/sink.h"
#include "store/store.h"

namespace sky::insights {

/// What statistics are made of.
struct RowCounts {
    std::uint64_t matched = 0, scanned = 0;
    double bytes = 0;
    void add(const RowCounts& other) {
        matched += other.matched;
        scanned += other.scanned;
        bytes += other.bytes;
    }
};

/// The groups that the rows of one morsel make. Immutable once kept; any number of threads may
/// merge it into sinks of the same plan.
struct Partial {
    std::shared_ptr<const CompiledQuery> query;      // What the sink points into.
    std::unique_ptr<columnar::MemoryBudget> budget;  // Of what the sink holds.
    std::unique_ptr<Sink> sink;
    RowCounts rows;
};
using PartialPtr = std::shared_ptr<const Partial>;

/// Everything that a partial depends on. None of the rows is deleted or expired, which
/// Snapshot::known_rows() says of all of them; there are no masks and no permissions that would
/// change what a caller sees, and no plan with now() or with rows of other queries is kept
/// (store.md 4.2).
struct PartialKey {
    std::uint64_t query = 0;  // PartialCache::number_of().
    std::uint64_t group = 0;
    std::uint32_t source = 0, sources = 0;  // EventSource::index and count: they order events.
    store::RowsName rows;
    std::int64_t begin_ms = 0, end_ms = 0;  // Of these rows those of this time, both included.
    friend auto operator<=>(const PartialKey&, const PartialKey&) = default;
};

/// Least recently used out first. What it holds is charged to the pool that queries share, and
/// given back before a query has to end for want of memory. Threads: any.
class PartialCache final : public columnar::MemoryReserve {
public:
    explicit PartialCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    /// The number of a query whose partials are worth keeping: one that has been asked before.
    /// 0: it is new.
    std::uint64_t number_of(std::string_view text);
    /// Null where there is none.
    PartialPtr find(const PartialKey& key);
    void put(const PartialKey& key, PartialPtr partial);
    void free_up(std::uint64_t bytes) override;
    PartialCacheStats stats() const;

private:
    struct Entry {
        PartialKey key;
        PartialPtr partial;
    };
    struct Asked {
        std::uint64_t number;
        std::list<const std::string*>::iterator used;
    };
    using Dropped = std::list<Entry>;
    void drop_oldest(Dropped& dropped);

    const std::uint64_t bytes_max_;
    mutable std::mutex mutex_;
    std::map<std::string, Asked, std::less<>> asked_;
    std::list<const std::string*> asked_used_;  // Newest first.
    std::uint64_t last_number_ = 0;
    std::list<Entry> used_;  // Newest first.
    std::map<PartialKey, std::list<Entry>::iterator> by_key_;
    PartialCacheStats stats_;
};

/// Whether partials of this plan, whose sink takes the rows behind steps [0, sink), hold for any
/// run of the same text.
bool may_keep_partials(const CompiledQuery& query, std::size_t sink);

}  // namespace sky::insights
