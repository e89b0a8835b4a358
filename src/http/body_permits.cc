// SPDX-License-Identifier: Apache-2.0
#include "http/body_permits.h"

#include <algorithm>
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
    if (claim == Claim::kFirst && !(growing_.empty() && lines_.empty())) return {};
    if (bytes > bytes_max_ - used_) return {};
    used_ += bytes;
    return {shared_from_this(), bytes};
}

void BodyPermits::wait(std::uint64_t bytes, Claim claim, std::string_view tenant,
                       std::uint64_t ticket, Granted granted) {
    SKY_ASSERT(bytes <= bytes_max_, "a larger body is refused before it waits");
    std::list<Waiter> ready;
    {
        const std::lock_guard lock(mutex_);
        Waiter waiter{bytes, ticket, std::move(granted)};
        if (claim == Claim::kGrowth) {
            growing_.push_front(std::move(waiter));
        } else {
            // Few: an administrator makes accounts one by one.
            auto line = std::ranges::find(lines_, tenant, &Line::tenant);
            if (line == lines_.end()) {
                line = lines_.insert(lines_.end(), Line{std::string(tenant), {}});
            }
            line->waiters.push_back(std::move(waiter));
        }
        collect(ready);
    }
    grant(std::move(ready));
}

void BodyPermits::cancel(std::uint64_t ticket) {
    std::list<Waiter> ready, gone;
    const auto leave = [&](std::list<Waiter>& waiters) {
        const auto at = std::ranges::find(waiters, ticket, &Waiter::ticket);
        if (at != waiters.end()) gone.splice(gone.end(), waiters, at);
    };
    {
        const std::lock_guard lock(mutex_);
        leave(growing_);
        for (Line& line : lines_) leave(line.waiters);
        std::erase_if(lines_, [](const Line& line) { return line.waiters.empty(); });
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

bool BodyPermits::grant_first(std::list<Waiter>& from, std::list<Waiter>& out) {
    if (from.front().bytes > bytes_max_ - used_) return false;
    used_ += from.front().bytes;
    out.splice(out.end(), from, from.begin());
    return true;
}

void BodyPermits::collect(std::list<Waiter>& out) {
    while (!growing_.empty()) {
        if (!grant_first(growing_, out)) return;
    }
    while (!lines_.empty()) {
        if (!grant_first(lines_.front().waiters, out)) return;
        if (lines_.front().waiters.empty()) {
            lines_.pop_front();
        } else {
            lines_.splice(lines_.end(), lines_, lines_.begin());
        }
    }
}

void BodyPermits::grant(std::list<Waiter> waiters) {
    for (Waiter& waiter : waiters) waiter.granted(Permit(shared_from_this(), waiter.bytes));
}

}  // namespace sky::http
