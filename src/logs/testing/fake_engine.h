// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/logs/testing/fake_engine.h - a query language of one word, whose runs tests
              // hold and release.

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "logs/query_engine.h"

namespace sky::logs::testing {

/// "rows N": N rows at once. "wait NAME": one partial row, then waits for release(NAME) or a stop.
/// "fail", "late": kInternal, kDeadlineExceeded. Anything else is malformed at byte 2.
class FakeEngine final : public QueryEngine {
public:
    Result<std::shared_ptr<const QueryPlan>> compile(std::string_view text) const override {
        if (!text.starts_with("rows ") && !text.starts_with("wait ") && text != "fail" &&
            text != "late")
            return fail(ErrorCode::kMalformedQuery, "unexpected symbol found at byte 2", 2, 1);
        return std::shared_ptr<const QueryPlan>(std::make_shared<Plan>(*this, std::string(text)));
    }
    Result<EventPointer> decode_pointer(std::string_view pointer) const override {
        EventPointer out{};
        const char* const end = pointer.data() + pointer.size();
        const auto group = std::from_chars(pointer.data(), end, out.group);
        if (group.ec != std::errc() || group.ptr == end || *group.ptr != '.')
            return fail(ErrorCode::kInvalidArgument, "bad pointer");
        const auto time = std::from_chars(group.ptr + 1, end, out.position.timestamp_ms);
        if (time.ec != std::errc() || time.ptr == end || *time.ptr != '.')
            return fail(ErrorCode::kInvalidArgument, "bad pointer");
        std::from_chars(time.ptr + 1, end, out.position.sequence);
        return out;
    }
    std::vector<insights::Cell> record_fields(const store::EventBatch& row, std::string_view log,
                                              std::string_view stream,
                                              std::string_view pointer) const override {
        return {{"@message", std::string(row.message[0])},
                {"@log", std::string(log)},
                {"@logStream", std::string(stream)},
                {"@ptr", std::string(pointer)}};
    }
    std::vector<std::string> discover_fields(std::string_view,
                                             std::string_view message) const override {
        if (message.empty() || message[0] != '{') return {};
        return {std::string(message.substr(1, message.find('}') - 1))};
    }

    void release(const std::string& name) {
        const std::lock_guard lock(mutex_);
        released_.push_back(name);
        changed_.notify_all();
    }
    /// Blocks until that many runs have begun, then says which, in order.
    std::vector<std::string> started(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return started_.size() >= count; });
        return started_;
    }
    std::atomic<std::int64_t> last_begin_ms = 0, last_end_ms = 0, last_limit = 0;

private:
    class Run final : public QueryRun {
    public:
        Run(const FakeEngine& engine, std::string text) : engine_(engine), text_(std::move(text)) {}
        Result<insights::QueryResult> run() override {
            auto& engine = const_cast<FakeEngine&>(engine_);
            std::unique_lock lock(engine.mutex_);
            engine.started_.push_back(text_);
            engine.changed_.notify_all();
            if (text_ == "fail") return fail(ErrorCode::kInternal, "broken");
            if (text_ == "late") return fail(ErrorCode::kDeadlineExceeded, "time is up");
            if (text_.starts_with("wait ")) {
                const auto is_released = [&] {
                    return std::find(engine.released_.begin(), engine.released_.end(),
                                     text_.substr(5)) != engine.released_.end();
                };
                engine.changed_.wait(lock, [&] { return stopped_ || is_released(); });
                if (stopped_) return fail(ErrorCode::kCancelled, "stopped");
            }
            int count = 1;
            if (text_.starts_with("rows "))
                std::from_chars(text_.data() + 5, text_.data() + text_.size(), count);
            return rows(count);
        }
        void request_stop() override {
            auto& engine = const_cast<FakeEngine&>(engine_);
            const std::lock_guard lock(engine.mutex_);
            stopped_ = true;
            engine.changed_.notify_all();
        }
        insights::QueryResult progress() const override { return rows(1); }
        std::string explain() const override { return text_ + "\n"; }

    private:
        static insights::QueryResult rows(int count) {
            insights::QueryResult result;
            result.rows = insights::ResultRows({"n"});
            for (int i = 0; i < count; ++i) {
                result.rows.add(0, std::to_string(i));
                result.rows.end_row();
            }
            result.statistics.records_scanned = count;
            result.statistics.bytes_scanned = 10.0 * count;
            return result;
        }
        const FakeEngine& engine_;
        const std::string text_;
        bool stopped_ = false;
    };
    struct Plan final : QueryPlan {
        Plan(const FakeEngine& e, std::string t) : engine(e), text(std::move(t)) {}
        insights::QueryNeeds needs() const override {
            insights::QueryNeeds needs;
            needs.scans.emplace_back();
            return needs;
        }
        store::TimeRange range(store::TimeRange range, std::int64_t) const override {
            return range;
        }
        std::unique_ptr<QueryRun> start(insights::RunOptions options) const override {
            auto& mutable_engine = const_cast<FakeEngine&>(engine);
            mutable_engine.last_begin_ms = options.range.begin_ms;
            mutable_engine.last_end_ms = options.range.end_ms;
            mutable_engine.last_limit = options.limit;
            return std::make_unique<Run>(engine, text);
        }
        const FakeEngine& engine;
        const std::string text;
    };

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> started_, released_;
};

}  // namespace sky::logs::testing
