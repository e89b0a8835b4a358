// SPDX-License-Identifier: Apache-2.0
#include "logs/event_page.h"

#include <algorithm>
#include <limits>

#include "logs/limits.h"
#include "logs/pattern_scan.h"

namespace sky::logs {
namespace {

constexpr std::uint64_t kSequenceMax = std::numeric_limits<std::uint64_t>::max();

/// The unread rows of one morsel: [begin, end) of its batch, and then perhaps more.
struct Cursor {
    store::Morsel morsel;
    std::size_t wanted;             // Rows that are asked for at once.
    std::optional<Position> after;  // Exclusive: the batch begins behind it.
    store::EventBatch batch = {};
    std::size_t begin = 0, end = 0;
    bool whole = false;  // Nothing follows the batch.

    std::size_t row(Direction direction) const {
        return direction == Direction::kForward ? begin : end - 1;
    }
    Position at(Direction direction) const {
        const std::size_t i = row(direction);
        return {batch.timestamp_ms[i], batch.sequence[i]};
    }
    void step(Direction direction) {
        if (direction == Direction::kForward)
            ++begin;
        else
            --end;
    }
};

/// True when `a` comes before `b` on the way.
bool before(Position a, Position b, Direction direction) {
    return direction == Direction::kForward ? a < b : b < a;
}

class Merge {
public:
    Merge(const store::Snapshot& snapshot, const PageSpec& spec)
        : snapshot_(snapshot), spec_(spec) {
        range_ = spec.range;
        if (spec.from && forward())
            range_.begin_ms = std::max(range_.begin_ms, spec.from->timestamp_ms);
        if (spec.from && !forward())
            range_.end_ms = std::min(range_.end_ms, spec.from->timestamp_ms);
    }

    Result<EventPage> run() {
        EventPage page;
        if (range_.begin_ms > range_.end_ms) return page;
        morsels_ = snapshot_.morsels(range_);
        std::sort(morsels_.begin(), morsels_.end(),
                  [&](const store::Morsel& a, const store::Morsel& b) {
                      return forward() ? a.min_ms < b.min_ms : a.max_ms > b.max_ms;
                  });
        if (!morsels_.empty()) first_ms_ = edge_ms(morsels_.front());
        std::uint64_t bytes = 0;
        for (;;) {
            while (next_is_unread()) {
                if (spent_ >= spec_.morsels_max && (!page.events.empty() || gets_further())) {
                    page.resume = just_before_next();
                    // Rows of one moment may stand on both sides of the last one that was given.
                    if (!page.events.empty() &&
                        before(*page.resume, page.events.back().position, spec_.direction))
                        page.resume = page.events.back().position;
                    return page;
                }
                SKY_TRY(read_one());
            }
            if (heap_.empty()) return page;
            Cursor& top = heap_.front();
            const std::size_t row = top.row(spec_.direction);
            const std::string_view message = top.batch.message[row];
            const std::uint64_t size = message.size() + limits::kEventOverheadBytes;
            if (!page.events.empty() &&
                (page.events.size() >= spec_.events_max || bytes + size > spec_.bytes_max)) {
                page.resume = page.events.back().position;
                return page;
            }
            bytes += size;
            page.events.push_back({top.at(spec_.direction), top.batch.ingestion_ms[row],
                                   top.batch.stream[row], std::string(message)});
            SKY_TRY(advance());
        }
    }

private:
    bool forward() const { return spec_.direction == Direction::kForward; }

    std::int64_t edge_ms(const store::Morsel& morsel) const {
        return forward() ? std::max(morsel.min_ms, range_.begin_ms)
                         : std::min(morsel.max_ms, range_.end_ms);
    }

    bool next_is_unread() const {
        if (unread_ == morsels_.size()) return false;
        if (heap_.empty()) return true;
        const std::int64_t edge = edge_ms(morsels_[unread_]);
        const std::int64_t top = heap_.front().at(spec_.direction).timestamp_ms;
        return forward() ? edge <= top : edge >= top;
    }

    /// The time of the next row, as far as it is known without reading on.
    std::int64_t next_ms() const {
        return next_is_unread() ? edge_ms(morsels_[unread_])
                                : heap_.front().at(spec_.direction).timestamp_ms;
    }

    /// Whether a call that goes on from here starts beyond where this one did; else the walk would
    /// never end.
    bool gets_further() const {
        return next_ms() != first_ms_ &&
               (!spec_.from || before(*spec_.from, just_before_next(), spec_.direction));
    }

    Position just_before_next() const {
        return forward() ? Position{next_ms() - 1, kSequenceMax} : Position{next_ms() + 1, 0};
    }

    auto heap_order() const {
        return [direction = spec_.direction](const Cursor& a, const Cursor& b) {
            return before(b.at(direction), a.at(direction), direction);
        };
    }

    /// False: the file's header rules out that a message matches.
    bool may_match(const store::Morsel& morsel) const {
        return spec_.pattern->may_match(
            [&](std::string_view text) { return snapshot_.may_contain(morsel, text); });
    }

    Status read_one() {
        const store::Morsel& morsel = morsels_[unread_++];
        if (spec_.pattern != nullptr && !may_match(morsel)) {
            if (++skipped_ % limits::kSkipsPerMorsel == 0) ++spent_;
            return {};
        }
        ++spent_;
        // A page is mostly the next rows of few morsels: not all of theirs.
        Cursor cursor{.morsel = morsel, .wanted = spec_.events_max + 1, .after = spec_.from};
        SKY_TRY(fill(cursor));
        if (cursor.begin == cursor.end) return {};
        heap_.push_back(std::move(cursor));
        std::push_heap(heap_.begin(), heap_.end(), heap_order());
        return {};
    }

    /// The rows behind `cursor.after`; none are left when it stays empty.
    Status fill(Cursor& cursor) {
        using From = store::RowsWanted::From;
        store::TimeRange range = range_;
        if (cursor.after && forward())
            range.begin_ms = std::max(range.begin_ms, cursor.after->timestamp_ms);
        if (cursor.after && !forward())
            range.end_ms = std::min(range.end_ms, cursor.after->timestamp_ms);
        do {
            const store::RowsWanted wanted{cursor.wanted,
                                           forward() ? From::kOldest : From::kNewest};
            if (spec_.pattern != nullptr) {
                Matching found = SKY_TRY(read_matching(snapshot_, cursor.morsel, range,
                                                       spec_.streams, *spec_.pattern, wanted));
                cursor.batch = std::move(found.rows);
                cursor.whole = found.whole;
            } else {
                cursor.batch = SKY_TRY(snapshot_.read_some(
                    cursor.morsel, range, store::Columns::kAll, spec_.streams, wanted));
                cursor.whole = cursor.batch.rows() < cursor.wanted;
            }
            cursor.begin = 0;
            cursor.end = cursor.batch.rows();
            while (cursor.after && cursor.begin < cursor.end &&
                   !before(*cursor.after, cursor.at(spec_.direction), spec_.direction))
                cursor.step(spec_.direction);
            // All of one moment that was given before: more of it is needed to get on.
            cursor.wanted *= 2;
        } while (cursor.begin == cursor.end && !cursor.whole);
        return {};
    }

    Status advance() {
        std::pop_heap(heap_.begin(), heap_.end(), heap_order());
        Cursor& cursor = heap_.back();
        cursor.after = cursor.at(spec_.direction);
        cursor.step(spec_.direction);
        if (cursor.begin == cursor.end && !cursor.whole) SKY_TRY(fill(cursor));
        if (cursor.begin == cursor.end)
            heap_.pop_back();
        else
            std::push_heap(heap_.begin(), heap_.end(), heap_order());
        return {};
    }

    const store::Snapshot& snapshot_;
    const PageSpec& spec_;
    store::TimeRange range_{};
    std::vector<store::Morsel> morsels_;
    std::size_t unread_ = 0;               // morsels_[0, unread_) are read or ruled out.
    std::size_t spent_ = 0, skipped_ = 0;  // Of morsels_max; ruled out.
    std::int64_t first_ms_ = 0;
    std::vector<Cursor> heap_;
};

}  // namespace

Result<EventPage> read_page(const store::Snapshot& snapshot, const PageSpec& spec) {
    return Merge(snapshot, spec).run();
}

}  // namespace sky::logs
