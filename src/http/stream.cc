// SPDX-License-Identifier: Apache-2.0
#include "http/stream.h"

#include <mutex>
#include <utility>

namespace sky::http {

// Callbacks run outside the lock: they may write.
struct StreamState {
    mutable std::mutex mutex;
    std::size_t bytes_max = 0;
    std::vector<std::string> pieces;
    std::size_t queued_bytes = 0, in_flight_bytes = 0;
    bool writer_refused = false, finished = false, cut = false, gone = false, draining = false;
    std::function<void()> wake, room;
    std::function<void(StreamStop)> stop;
};

StreamWriter& StreamWriter::operator=(StreamWriter&& other) noexcept {
    StreamWriter old(std::move(*this));  // Ends at the end of the scope.
    state_ = std::move(other.state_);
    return *this;
}

StreamWriter::~StreamWriter() {
    if (!state_) return;
    std::function<void()> wake;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stop = nullptr;
        state_->room = nullptr;
        if (!state_->finished) state_->cut = true;
        if (!state_->finished && !state_->gone) wake = state_->wake;
    }
    if (wake) wake();
}

StreamWriter::Put StreamWriter::write(std::string piece) {
    if (piece.empty()) return gone() ? Put::kGone : Put::kQueued;
    std::function<void()> wake;
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->gone || state_->finished) return Put::kGone;
        const std::size_t waiting = state_->queued_bytes + state_->in_flight_bytes;
        if (waiting > 0 && waiting + piece.size() > state_->bytes_max) {
            state_->writer_refused = true;
            return Put::kFull;
        }
        // Only the first piece of a pause has to wake the connection.
        if (state_->pieces.empty()) wake = state_->wake;
        state_->queued_bytes += piece.size();
        state_->pieces.push_back(std::move(piece));
    }
    if (wake) wake();
    return Put::kQueued;
}

void StreamWriter::finish() {
    std::function<void()> wake;
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->finished || state_->gone) return;
        state_->finished = true;
        wake = state_->wake;
    }
    if (wake) wake();
}

bool StreamWriter::gone() const {
    const std::lock_guard lock(state_->mutex);
    return state_->gone;
}

std::size_t StreamWriter::waiting_bytes() const {
    const std::lock_guard lock(state_->mutex);
    return state_->queued_bytes + state_->in_flight_bytes;
}

void StreamWriter::on_stop(std::function<void(StreamStop)> told) {
    {
        const std::lock_guard lock(state_->mutex);
        if (!state_->gone && !state_->draining) {
            state_->stop = std::move(told);
            return;
        }
        if (!state_->gone) state_->stop = told;
    }
    told(gone() ? StreamStop::kPeerGone : StreamStop::kDraining);
}

void StreamWriter::on_room(std::function<void()> told) {
    const std::lock_guard lock(state_->mutex);
    state_->room = std::move(told);
}

StreamBody::~StreamBody() {
    std::function<void(StreamStop)> stop;
    {
        const std::lock_guard lock(state_->mutex);
        state_->gone = true;
        state_->wake = nullptr;
        state_->pieces.clear();
        state_->queued_bytes = state_->in_flight_bytes = 0;
        if (!state_->finished) stop = std::exchange(state_->stop, nullptr);
    }
    if (stop) stop(StreamStop::kPeerGone);
}

void StreamBody::attach(std::function<void()> wake) {
    const std::lock_guard lock(state_->mutex);
    state_->wake = std::move(wake);
}

StreamBody::Taken StreamBody::take() {
    Taken taken;
    std::function<void()> room;
    {
        const std::lock_guard lock(state_->mutex);
        taken.pieces = std::exchange(state_->pieces, {});
        state_->in_flight_bytes = std::exchange(state_->queued_bytes, 0);
        taken.end = state_->finished ? End::kFinished : state_->cut ? End::kCut : End::kNotYet;
        // Half of it: a writer that is told at every byte would be refused at every other call.
        if (state_->writer_refused && 2 * state_->in_flight_bytes <= state_->bytes_max) {
            state_->writer_refused = false;
            room = state_->room;
        }
    }
    if (room) room();
    return taken;
}

void StreamBody::tell_draining() {
    std::function<void(StreamStop)> stop;
    {
        const std::lock_guard lock(state_->mutex);
        if (std::exchange(state_->draining, true) || state_->finished) return;
        stop = state_->stop;
    }
    if (stop) stop(StreamStop::kDraining);
}

Stream make_stream(std::size_t buffer_bytes_max) {
    auto state = std::make_shared<StreamState>();
    state->bytes_max = buffer_bytes_max;
    return {StreamWriter(state), std::make_shared<StreamBody>(state)};
}

}  // namespace sky::http
