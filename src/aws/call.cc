// SPDX-License-Identifier: Apache-2.0
#include "aws/call.h"

#include <algorithm>
#include <exception>

#include "aws/event_stream.h"
#include "aws/validate.h"
#include "aws/wire_error.h"
#include "base/assert.h"
#include "base/log.h"

namespace sky::aws {
namespace {

void finish(Call::State& state, http::Response response, std::string_view error_type) {
    response.headers.push_back({"x-amzn-RequestId", state.context.request_id});
    if (state.finished) state.finished(response.status, error_type);
    const http::Respond respond = std::move(state.respond);
    respond(std::move(response));
}

WireContext wire_context(const Call::State& state) {
    return {state.service, state.operation, state.context.request_id};
}

// A handler may name only what clients of this operation know (style.md 3, design decision 10).
bool may_answer(const OperationModel& operation, std::string_view type) {
    return std::ranges::find(operation.errors, type) != operation.errors.end() ||
           type == operation.validation_error || is_common_error(type);
}

}  // namespace

Call::Call(std::unique_ptr<State> state) : state_(std::move(state)) {
    SKY_ASSERT(state_ && state_->respond && state_->operation && state_->codec,
               "a call is complete");
}
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(Call&&) noexcept = default;

Call::~Call() {
    if (!state_) return;
    log::error("operation_unanswered", {{"operation", state_->operation->name},
                                        {"request_id", state_->context.request_id}});
    // Out of memory again, perhaps: the server then answers for the dropped `respond` by itself.
    try {
        fail(ServiceError(std::string(error_types::kInternalFailure),
                          Error{ErrorCode::kInternal, "An internal error occurred."}));
    } catch (const std::exception&) {
        state_.reset();
    }
}

const CallContext& Call::context() const { return state_->context; }
const OperationModel& Call::operation() const { return *state_->operation; }
const http::RequestHead& Call::head() const { return state_->head; }
Protocol Call::protocol() const { return state_->codec->protocol(); }
std::string_view Call::body() const { return state_->body; }
std::string Call::take_body() { return std::move(state_->body); }

std::expected<void, ServiceError> Call::decode_into(const Shape& shape, void* out) const {
    SKY_ASSERT(&shape == state_->operation->input, "a handler decodes its own operation's request");
    MissingMembers missing;
    const WireRequest request{.head = &state_->head,
                              .labels = state_->labels,
                              .body = state_->body,
                              .operation = state_->operation};
    if (auto decoded = state_->codec->decode(request, shape, out, missing); !decoded) {
        return std::unexpected(std::move(decoded).error());
    }
    const Violations found = find_violations(shape, out, missing);
    if (found.empty()) return {};
    return std::unexpected(
        validation_failure(state_->service, *state_->operation, state_->codec->protocol(), found));
}

void Call::respond_with(const Shape* shape, const void* value) {
    SKY_ASSERT(state_ != nullptr, "a call is answered once");
    SKY_ASSERT(shape == state_->operation->output,
               "a handler answers with its own operation's response");
    const std::unique_ptr<State> state = std::move(state_);
    finish(*state, state->codec->encode(wire_context(*state), shape, value), {});
}

void Call::respond_written(std::string body) {
    SKY_ASSERT(state_ != nullptr, "a call is answered once");
    const std::unique_ptr<State> state = std::move(state_);
    http::Response response = state->codec->encode(wire_context(*state), nullptr, nullptr);
    response.body = std::move(body);
    finish(*state, std::move(response), {});
}

EventWriter Call::respond_with_events(std::size_t waiting_bytes_max) {
    SKY_ASSERT(state_ != nullptr, "a call is answered once");
    const std::unique_ptr<State> state = std::move(state_);
    http::Stream stream = http::make_stream(waiting_bytes_max);
    EventWriter writer(std::move(stream.writer));
    // Before anybody reads: it cannot be refused.
    SKY_ASSERT(writer.initial_response() == EventWriter::Put::kQueued, "the stream is empty");
    finish(*state, {200, {{"Content-Type", std::string(kEventStreamType)}}, {}, stream.body}, {});
    return writer;
}

void Call::fail(ServiceError error) {
    SKY_ASSERT(state_ != nullptr, "a call is answered once");
    const std::unique_ptr<State> state = std::move(state_);
    if (error.type.empty()) {
        SKY_ASSERT(state->errors != nullptr, "a service has an error map");
        error = state->errors(*state->operation, error.error);
    }
    if (!may_answer(*state->operation, error.type)) {
        log::error("error_type_not_modelled", {{"operation", state->operation->name},
                                               {"type", error.type},
                                               {"code", error_code_name(error.error.code)},
                                               {"message", error.error.message},
                                               {"request_id", state->context.request_id}});
        error = ServiceError(std::string(error_types::kInternalFailure),
                             Error{ErrorCode::kInternal, "An internal error occurred."});
    }
    finish(*state, state->codec->encode_error(wire_context(*state), error), error.type);
}

}  // namespace sky::aws
