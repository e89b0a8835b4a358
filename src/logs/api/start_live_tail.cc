// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/start_live_tail.h"

#include <atomic>
#include <memory>

#include "aws/event_stream.h"
#include "logs/api/operations.h"
#include "logs/api/request.h"
#include "logs/limits.h"

namespace sky::logs::api {
namespace {

constexpr std::string_view kTimeout = "SessionTimeoutException",
                           kStreaming = "SessionStreamingException";

/// A session as messages of an event stream.
class EventSink final : public LiveSink {
public:
    EventSink(aws::EventWriter writer, std::string request_id, const StartLiveTailRequest& request)
        : writer_(std::move(writer)) {
        start_.request_id = std::move(request_id);
        start_.log_group_identifiers = request.log_group_identifiers;
        start_.log_stream_names = request.log_stream_names.value_or(std::vector<std::string>{});
        start_.log_stream_name_prefixes =
            request.log_stream_name_prefixes.value_or(std::vector<std::string>{});
        start_.log_event_filter_pattern = request.log_event_filter_pattern.value_or(std::string());
        // Told on an event loop, and perhaps while a call of this object runs: it leaves a note.
        writer_.on_stop([draining = draining_](http::StreamStop why) {
            if (why == http::StreamStop::kDraining) *draining = true;
        });
    }

    void started(const std::string& session_id) override {
        start_.session_id = session_id;
        put(writer_.event("sessionStart", start_));
        start_ = {};
    }
    Took update(LiveUpdate update) override {
        if (*draining_) {
            ended(LiveEnd::kStopping);
            return Took::kGone;
        }
        LiveTailSessionUpdate out;
        out.session_metadata = LiveTailSessionMetadata{.sampled = update.sampled};
        std::vector<LiveTailSessionLogEvent>& results = out.session_results.emplace();
        results.reserve(update.events.size());
        for (LiveEvent& event : update.events)
            results.push_back({.log_stream_name = std::move(event.stream),
                               .log_group_identifier = std::move(event.group),
                               .message = std::move(event.message),
                               .timestamp = event.timestamp_ms,
                               .ingestion_time = event.ingestion_ms});
        return put(writer_.event("sessionUpdate", out));
    }
    void ended(LiveEnd why) override {
        // A reader that is too slow for this sees the end of the stream alone.
        if (why == LiveEnd::kTimeLimit) {
            put(writer_.exception(
                kTimeout, SessionTimeoutException{.message = "The session has reached its limit of "
                                                             "3 hours."}));
        } else {
            put(writer_.exception(
                kStreaming, SessionStreamingException{.message = "The server is shutting down."}));
        }
        writer_.finish();
    }

private:
    static Took put(aws::EventWriter::Put how) {
        switch (how) {
            case aws::EventWriter::Put::kQueued:
                return Took::kTaken;
            case aws::EventWriter::Put::kFull:
                return Took::kFull;
            case aws::EventWriter::Put::kGone:
                break;
        }
        return Took::kGone;
    }

    aws::EventWriter writer_;
    LiveTailSessionStart start_;
    const std::shared_ptr<std::atomic<bool>> draining_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

// StartLiveTail answers with what arrives in the groups from now on, an update a second, for three
// hours.
void start_live_tail(Service& service, aws::Call call) {
    StartLiveTailRequest in;
    if (auto decoded = call.decode(in); !decoded) return call.fail(std::move(decoded).error());
    LiveTailRequest request;
    request.groups = in.log_group_identifiers;
    request.streams = in.log_stream_names.value_or(std::vector<std::string>{});
    request.stream_prefixes = in.log_stream_name_prefixes.value_or(std::vector<std::string>{});
    request.pattern = in.log_event_filter_pattern;
    const Tenant tenant = tenant_of(call.context());
    const std::string request_id = call.context().request_id;
    const Status started = service.live_tail.start(tenant, request, [&] {
        return std::make_unique<EventSink>(call.respond_with_events(limits::kLiveWaitingBytesMax),
                                           request_id, in);
    });
    if (!started) call.fail(aws::ServiceError(started.error()));
}

}  // namespace sky::logs::api
