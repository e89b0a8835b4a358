// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/body_permits.h - memory for request bodies is taken before it is read.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sky::http {

class BodyPermits;

/// Bytes taken from the budget; given back on destruction. May outlive the server.
class Permit {
public:
    Permit() = default;
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit();
    std::uint64_t bytes() const { return bytes_; }
    /// Takes over the bytes of another permit of the same budget.
    void merge(Permit&& other);

private:
    friend class BodyPermits;
    Permit(std::shared_ptr<BodyPermits> owner, std::uint64_t bytes);
    std::shared_ptr<BodyPermits> owner_;
    std::uint64_t bytes_ = 0;
};

/// Who asks: a body that has no permit yet, or one that arrives in chunks and has outgrown its own.
/// The latter goes first, because the bytes it holds come back only when it is done. Two of them
/// can still wait for each other; the server's bounded wait ends that.
enum class Claim : std::uint8_t { kFirst, kGrowth };

/// One budget for all connections (store.md 3: the budget for bodies in flight). Tenants that wait
/// take turns, one body each; within a tenant first come, first served. A large body whose turn it
/// is is not overtaken, so it cannot starve.
/// Threads: every member may be called from any thread.
class BodyPermits : public std::enable_shared_from_this<BodyPermits> {
public:
    using Granted = std::move_only_function<void(Permit)>;
    explicit BodyPermits(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    std::uint64_t bytes_max() const { return bytes_max_; }
    std::uint64_t bytes_used() const;
    /// Takes the bytes now, or returns an empty permit when they are not free or others wait.
    Permit try_acquire(std::uint64_t bytes, Claim claim);
    /// Calls `granted` once the bytes are free, on the thread that freed them, perhaps before this
    /// returns. `bytes` is at most bytes_max(). `ticket` is the caller's name for cancel().
    void wait(std::uint64_t bytes, Claim claim, std::string_view tenant, std::uint64_t ticket,
              Granted granted);
    /// Forgets a waiter; no effect when its grant is already under way.
    void cancel(std::uint64_t ticket);

private:
    friend class Permit;
    void release(std::uint64_t bytes);
    struct Waiter {
        std::uint64_t bytes, ticket;
        Granted granted;
    };
    struct Line {
        std::string tenant;
        std::list<Waiter> waiters;  // Never empty.
    };
    /// Moves the waiters that now fit into `out`; the lock is held.
    void collect(std::list<Waiter>& out);
    bool grant_first(std::list<Waiter>& from, std::list<Waiter>& out);
    void grant(std::list<Waiter> waiters);

    const std::uint64_t bytes_max_;
    mutable std::mutex mutex_;
    std::uint64_t used_ = 0;
    std::list<Waiter> growing_;  // Claim::kGrowth, the latest first.
    std::list<Line> lines_;      // In the order of their turns.
};

}  // namespace sky::http
