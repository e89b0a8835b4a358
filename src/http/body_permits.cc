// SPDX-License-Identifier: Apache-2.0
#include "http/body_permits.h"

#include <utility>

#include "base/assert.h"

namespace sky::http {

Permit::Permit(std::shared_ptr<BodyPermits> owner, std::uint64_t bytes)
    : owner_(std::move(owner)), bytes_(bytes) {}

Permit::Permit(Permit&& other) noexcept
    : owner_(std::move(other.owner_)), bytes_(std::exchange(other.bytes_, 0)) {}

Permit& Permit::operator=(Permit&& other) noexcept {
    if (this != &other) {
        Permit old(std::move(*this));  // Gives its bytes back at the end of the scope.
        owner_ = std::move(other.owner_);
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

Permit::~Permit() {
    if (owner_ && bytes_ > 0) owner_->release(bytes_);
}

void Permit::merge(Permit&& other) {
    if (!owner_) owner_ = other.owner_;
    SKY_DCHECK(!other.owner_ || owner_ == other.owner_, "permits of one budget");
    bytes_ += std::exchange(other.bytes_, 0);
}

std::uint64_t BodyPermits::bytes_used() const {
    const std::lock_guard lock(mutex_);
    return used_;
}

Permit BodyPermits::try_acquire(std::uint64_t bytes, Claim claim) {
    const std::lock_guard lock(mutex_);
    if (claim == Claim::kFirst && !waiters_.empty()) return {};
    if (bytes > bytes_max_ - used_) return {};
    used_ += bytes;
    return {shared_from_this(), bytes};
}

void BodyPermits::wait(std::uint64_t bytes, Claim claim, std::uint64_t ticket, Granted granted) {
    SKY_ASSERT(bytes <= bytes_max_, "a larger body is refused before it waits");
    std::list<Waiter> ready;
    {
        const std::lock_guard lock(mutex_);
        waiters_.insert(claim == Claim::kGrowth ? waiters_.begin() : waiters_.end(),
                        {bytes, ticket, std::move(granted)});
        collect(ready);
    }
    grant(std::move(ready));
}

void BodyPermits::cancel(std::uint64_t ticket) {
    std::list<Waiter> ready, gone;
    {
        const std::lock_guard lock(mutex_);
        for (auto it = waiters_.begin(); it != waiters_.end(); ++it) {
            if (it->ticket != ticket) continue;
            gone.splice(gone.end(), waiters_, it);
            break;
        }
        collect(ready);  // The one that left may have blocked smaller ones behind it.
    }
    grant(std::move(ready));
}

void BodyPermits::release(std::uint64_t bytes) {
    std::list<Waiter> ready;
    {
        const std::lock_guard lock(mutex_);
        SKY_ASSERT(bytes <= used_, "permits give back what they took");
        used_ -= bytes;
        collect(ready);
    }
    grant(std::move(ready));
}

void BodyPermits::collect(std::list<Waiter>& out) {
    while (!waiters_.empty() && waiters_.front().bytes <= bytes_max_ - used_) {
        used_ += waiters_.front().bytes;
        out.splice(out.end(), waiters_, waiters_.begin());
    }
}

void BodyPermits::grant(std::list<Waiter> waiters) {
    for (Waiter& waiter : waiters) waiter.granted(Permit(shared_from_this(), waiter.bytes));
}

}  // namespace sky::http
