// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/test_snapshot.h - events in memory as a snapshot, cut into
              // morsels at will; for tests.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/random.h"
#include "shapes/shaped_block.h"
#include "shapes/tokens.h"
#include "store/store.h"

namespace sky::insights::testing {

struct TestEvent {
    std::int64_t timestamp_ms = 0;
    std::uint64_t sequence = 0;
    std::string stream, message;
};

/// How events fall into morsels.
enum class Cut : std::uint8_t {
    kOneMorsel,
    kRowByRow,
    kScattered,  // Every row into a random one of seven: their times overlap.
    kByTime,     // Seven stretches of time, of which the first two overlap.
    kLate,       // Seven stretches of time, and every 50th row in one behind its own.
};

/// How messages come.
enum class Form : std::uint8_t {
    kText,
    kShaped,     // As families and slots, however few the lines are.
    kShapedCut,  // So too, and the block holds rows that the batch does not.
};

/// A line cut into what is alike in others and what is not, in turns: text, value, text, …, text.
/// JSON objects are cut at their values, other lines at their words.
inline std::vector<std::string_view> cut_line(std::string_view line) {
    std::vector<std::string_view> out;
    shapes::Tokens tokens;
    std::size_t at = 0;
    if (tokens.read(line, shapes::Grammar::kJson)) {
        for (const shapes::Token& token : tokens.list()) {
            out.push_back(line.substr(at, token.begin - at));
            out.push_back(line.substr(token.begin, token.end - token.begin));
            at = token.end;
        }
        out.push_back(line.substr(at));
        return out;
    }
    out.push_back(line.substr(0, 0));
    while (true) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        out.push_back(line.substr(at, end - at));
        out.push_back(line.substr(end, end < line.size() ? 1 : 0));
        if (end == line.size()) return out;
        at = end + 1;
    }
}

/// Lines of as many values as each other that begin alike, and have the same texts around values,
/// are a family; a value is constant where all its lines have it. Real mining wants more lines than
/// tests have.
inline shapes::Shaping shape_lines(const std::vector<std::string>& lines) {
    std::map<std::string, std::vector<std::size_t>> like;
    std::vector<std::vector<std::string_view>> parts(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        parts[i] = cut_line(lines[i]);
        std::string key = lines[i].substr(0, 1);
        for (std::size_t part = 0; part < parts[i].size(); part += 2) {
            key.append(parts[i][part]).push_back('\0');
        }
        like[key].push_back(i);
    }
    shapes::Shaping out;
    out.family_of_row.resize(lines.size());
    // Numbered by first appearance, as miners do.
    std::vector<const std::vector<std::size_t>*> order;
    for (const auto& [of, rows] : like) order.push_back(&rows);
    std::sort(order.begin(), order.end(),
              [](const auto* a, const auto* b) { return a->front() < b->front(); });
    for (const std::vector<std::size_t>* rows : order) {
        shapes::Family family;
        shapes::FamilyRows values;
        const std::vector<std::string_view>& first = parts[rows->front()];
        for (std::size_t part = 0; part < first.size(); ++part) {
            const bool same =
                rows->size() > 1 && std::all_of(rows->begin(), rows->end(), [&](std::size_t row) {
                    return parts[row][part] == first[part];
                });
            if (same || part % 2 == 0) {
                family.add_constant(first[part]);
                continue;
            }
            family.add_slot();
            values.slots.emplace_back();
            for (const std::size_t row : *rows) values.slots.back().push_back(parts[row][part]);
        }
        for (const std::size_t row : *rows) {
            out.family_of_row[row] = static_cast<std::uint16_t>(out.families.size());
        }
        out.families.push_back(std::move(family));
        out.rows.push_back(std::move(values));
    }
    return out;
}

class TestSnapshot final : public store::Snapshot {
public:
    TestSnapshot(store::GroupInfo group, std::vector<TestEvent> events, Cut cut,
                 std::uint64_t seed = 1, Form form = Form::kText)
        : group_(std::move(group)), form_(form) {
        std::stable_sort(events.begin(), events.end(), [](const TestEvent& a, const TestEvent& b) {
            return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms < b.timestamp_ms
                                                    : a.sequence < b.sequence;
        });
        SeededRandom random(seed);
        parts_.resize(cut == Cut::kOneMorsel ? 1 : (cut == Cut::kRowByRow ? events.size() : 7));
        for (std::size_t i = 0; i < events.size(); ++i) {
            const std::size_t part = cut == Cut::kOneMorsel   ? 0
                                     : cut == Cut::kScattered ? random.below(7)
                                     : cut == Cut::kByTime    ? by_time(i, events.size(), random)
                                     : cut == Cut::kLate      ? late(i, events.size(), random)
                                                              : i;
            parts_[part].push_back(std::move(events[i]));
        }
        std::erase_if(parts_, [](const auto& part) { return part.empty(); });
    }

    const store::GroupInfo& group() const override { return group_; }

    std::vector<store::Morsel> morsels(store::TimeRange range) const override {
        std::vector<store::Morsel> list;
        for (std::uint32_t i = 0; i < parts_.size(); ++i) {
            const auto& part = parts_[i];
            store::Morsel morsel{i, part.front().timestamp_ms, part.back().timestamp_ms,
                                 part.size(), 0};
            for (const TestEvent& event : part) morsel.message_bytes += event.message.size();
            if (morsel.max_ms >= range.begin_ms && morsel.min_ms <= range.end_ms) {
                list.push_back(morsel);
            }
        }
        std::stable_sort(list.begin(), list.end(),
                         [](const auto& a, const auto& b) { return a.max_ms > b.max_ms; });
        return list;
    }

    Result<store::EventBatch> read(const store::Morsel& morsel, store::TimeRange range,
                                   store::Columns columns,
                                   std::span<const store::StreamId>) const override {
        store::EventBatch batch;
        for (const TestEvent& event : parts_[morsel.index]) {
            if (event.timestamp_ms < range.begin_ms || event.timestamp_ms > range.end_ms) continue;
            batch.timestamp_ms.push_back(event.timestamp_ms);
            batch.sequence.push_back(event.sequence);
            if (has(columns, store::Columns::kIngestion)) {
                batch.ingestion_ms.push_back(event.timestamp_ms + 1'000);
            }
            if (has(columns, store::Columns::kStream)) {
                batch.stream.push_back(stream_id(event.stream));
            }
            if (has(columns, store::Columns::kMessage)) batch.message.push_back(event.message);
        }
        const bool shaped = form_ != Form::kText && batch.rows() > 0 &&
                            has(columns, store::Columns::kMessage) &&
                            has(columns, store::Columns::kShaped);
        if (!shaped) return batch;
        shape(batch);
        // Times that nobody asks for may be left out where no row is; every other morsel's are.
        if (has(columns, store::Columns::kTimeless) && batch.shaped_row.empty() &&
            known_rows(morsel, range)) {
            batch.timestamp_ms.clear();
            batch.sequence.clear();
        }
        return batch;
    }

    bool may_contain(const store::Morsel& morsel, std::string_view literal) const override {
        const auto& part = parts_[morsel.index];
        return std::any_of(part.begin(), part.end(), [&](const TestEvent& event) {
            return event.message.find(literal) != std::string::npos;
        });
    }

    std::optional<std::uint64_t> known_rows(const store::Morsel& morsel,
                                            store::TimeRange range) const override {
        const bool inside = morsel.min_ms >= range.begin_ms && morsel.max_ms <= range.end_ms;
        // Every other one as if it did not know.
        return inside && morsel.index % 2 == 0 ? std::optional(morsel.rows) : std::nullopt;
    }

    std::optional<store::RowsName> lasting_name(const store::Morsel& morsel) const override {
        return store::RowsName{.segment = morsel.index + 1U};
    }

    std::string stream_name(store::StreamId id) const override {
        for (const auto& part : parts_) {
            for (const TestEvent& event : part) {
                if (stream_id(event.stream) == id) return event.stream;
            }
        }
        return {};
    }

private:
    static std::size_t by_time(std::size_t i, std::size_t count, SeededRandom& random) {
        const std::size_t part = i * 7 / count;
        return part < 2 ? random.below(2) : part;
    }
    static std::size_t late(std::size_t i, std::size_t count, SeededRandom& random) {
        const std::size_t part = i * 7 / count;
        return random.below(50) == 0 ? part + random.below(7 - part) : part;
    }
    void shape(store::EventBatch& batch) const {
        std::vector<std::string> lines;
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < batch.rows(); ++i) {
            if (form_ == Form::kShapedCut) {
                // Rows of another range, which nobody may see.
                if (i % 3 == 0) lines.push_back("[profiler] GET hidden 1.00 200");
                batch.shaped_row.push_back(static_cast<std::uint32_t>(lines.size()));
            }
            lines.emplace_back(batch.message[i]);
        }
        for (const std::string& line : lines) bytes += line.size();
        auto opened = shapes::ShapedBlock::open(shapes::encode_block(shape_lines(lines)),
                                                lines.size(), bytes);
        SKY_ASSERT(opened.has_value(), "what was encoded just now opens");
        batch.shaped = *std::move(opened);
        batch.message = {};
    }
    static store::StreamId stream_id(const std::string& name) {
        return std::hash<std::string>()(name) | 1U;
    }
    store::GroupInfo group_;
    Form form_ = Form::kText;
    std::vector<std::vector<TestEvent>> parts_;
};

}  // namespace sky::insights::testing
