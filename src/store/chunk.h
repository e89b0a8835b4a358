// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/chunk.h - the open chunk of one group and UTC day: immutable pieces,
              // folded.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/memory_budget.h"
#include "store/store.h"

namespace sky::store {

/// Rows of one group and UTC day that were published together or folded since. Never mutated.
/// Shape: rows ascend by (timestamp, sequence); all columns present; 1..kChunkRowsMax rows.
struct MiniBatch {
    EventBatch rows;
    std::int64_t min_ms = 0, max_ms = 0;
    std::uint64_t lsn_min = 0, lsn_max = 0;            // WAL positions of the rows.
    std::uint64_t sequence_min = 0, sequence_max = 0;  // Ingest order of the rows.
    std::uint64_t memory_bytes = 0;                    // What it holds, with its vectors.
};
using MiniBatchPtr = std::shared_ptr<const MiniBatch>;

struct DayRows {
    std::int64_t day;  // sky::day_of_ms
    MiniBatchPtr rows;
};

/// Cuts a batch at UTC midnights and copies its rows. Sequences count up from `first_sequence` in
/// the batch's order over all days; every part carries `lsn`.
/// Expects: 1..kChunkRowsMax events, at most kChunkBytesMax of text, ascending times (append()
/// refuses others).
std::vector<DayRows> split_by_day(const AppendBatch& batch, std::uint64_t first_sequence,
                                  std::uint64_t lsn);

/// The rows of one append(), cut at UTC midnights and copied, not yet numbered. The copying is done
/// on the caller's thread, so that the one committer only numbers and publishes; the log writes the
/// text from here.
/// Lifetime: owned by one append until publish() takes it; then its parts are immutable.
struct PreparedBatch {
    struct Part {
        std::int64_t day;
        std::shared_ptr<MiniBatch> rows;
    };
    GroupId group = 0;
    StreamId stream = 0;
    std::int64_t ingestion_ms = 0;
    std::vector<Part> parts;  // Days ascend; texts one after the other are the batch's in order.
    std::uint64_t rows = 0;
};

/// split_by_day() in two steps: prepare() copies (see there what it expects), number() gives the
/// rows their sequences and LSN.
PreparedBatch prepare(const AppendBatch& batch);
void number(PreparedBatch& batch, std::uint64_t first_sequence, std::uint64_t lsn);

/// Whether the piece is large enough to stay as it is: it is never folded with others.
bool is_lasting(const MiniBatch& piece);

/// The same rows as one piece.
MiniBatchPtr fold(std::span<const MiniBatchPtr> pieces);

/// The rows of one (group, UTC day) that no segment holds yet. Pieces are folded geometrically, so
/// that n one-event batches make O(log n) pieces plus the ones that are large enough to stay.
/// Threads: none of its own; the owner's lock covers add() and pieces(). Pieces outlive the chunk.
class OpenChunk {
public:
    OpenChunk(GroupId group, std::int64_t day) : group_(group), day_(day) {}

    /// Whether the piece still fits below the seal limits (store.md 2.1). A chunk that has no room
    /// is sealed and a new one opened; an empty chunk always has room.
    bool has_room(const MiniBatch& piece, ChunkLimits most) const;
    void add(MiniBatchPtr piece);

    GroupId group() const { return group_; }
    std::int64_t day() const { return day_; }
    bool empty() const { return pieces_.empty(); }
    std::uint64_t rows() const { return rows_; }
    std::uint64_t message_bytes() const { return message_bytes_; }
    std::uint64_t memory_bytes() const { return memory_bytes_; }
    std::int64_t min_ms() const { return min_ms_; }
    std::int64_t max_ms() const { return max_ms_; }
    std::uint64_t lsn_min() const { return lsn_min_; }
    std::uint64_t lsn_max() const { return lsn_max_; }
    std::uint64_t sequence_max() const { return sequence_max_; }
    /// Immutable pieces; a copy of the list is a snapshot.
    const std::vector<MiniBatchPtr>& pieces() const { return pieces_; }

private:
    GroupId group_;
    std::int64_t day_;
    std::vector<MiniBatchPtr> pieces_;
    std::uint64_t rows_ = 0, message_bytes_ = 0, memory_bytes_ = 0;
    std::int64_t min_ms_ = 0, max_ms_ = 0;
    std::uint64_t lsn_min_ = 0, lsn_max_ = 0, sequence_max_ = 0;
};

}  // namespace sky::store
