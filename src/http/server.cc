// SPDX-License-Identifier: Apache-2.0
// The server as a whole: who may come in, the loops and their ticks, the orderly end. One peer is
// http/connection.cc; sockets are http/socket.cc.
#include "http/server.h"

#include <algorithm>
#include <vector>

#include "http/connection.h"
#include "http/limits.h"
#include "http/server_core.h"
#include "http/socket.h"

namespace sky::http {
namespace {

class ServerImpl final : public Server {
public:
    explicit ServerImpl(std::shared_ptr<Core> core) : core_(std::move(core)) {}
    ~ServerImpl() override { drain(limits::kDefaultDrainGrace); }

    Status bind();
    void run();
    std::uint16_t port() const override { return listener_->port(); }
    void drain(std::chrono::milliseconds grace) override;
    ServerStats stats() const override;

private:
    bool may_accept();
    void shed();
    void tick(Loop& loop);
    void for_each_connection(void (Connection::*what)());

    std::shared_ptr<Core> core_;
    std::unique_ptr<Listener> listener_;
    std::atomic<bool> crowded_{false};  // Somebody knocks and the server is full.
    std::mutex drain_mutex_;
    bool drained_ = false;
};

Status ServerImpl::bind() {
    listener_ =
        SKY_TRY(Listener::bind(core_->loops[0]->events, core_->options.host, core_->options.port));
    return {};
}

void ServerImpl::run() {
    const ServerOptions& o = core_->options;
    const auto smallest = std::min(
        {o.head_timeout, o.body_timeout, o.idle_timeout, o.write_timeout, o.body_memory_wait});
    const auto tick_every = std::clamp(smallest / 4, limits::kTickMin, limits::kTickMax);
    core_->lanes = std::make_unique<Lanes>(o);
    core_->on_room = [this] {
        crowded_ = false;
        listener_->resume();
    };
    std::vector<EventLoop*> events;
    for (const auto& loop : core_->loops) events.push_back(&loop->events);
    listener_->start(
        std::move(events), o.tls, [this] { return may_accept(); },
        [this](std::unique_ptr<Socket> socket, std::string ip, std::size_t index) {
            core_->enter();
            Loop* const loop = core_->loops[index].get();
            auto connection =
                std::make_shared<Connection>(core_, index, std::move(socket), std::move(ip));
            loop->events.post([connection = std::move(connection), loop] {
                connection->start(loop->connections.insert(loop->connections.end(), connection));
            });
        });
    for (const auto& loop : core_->loops) {
        loop->events.every(tick_every, [this, owner = loop.get()] { tick(*owner); });
        loop->events.start();
    }
}

bool ServerImpl::may_accept() {
    // Before the look, so that a connection that leaves in between is not missed.
    crowded_ = true;
    if (core_->live_now() < core_->options.connections_max) {
        crowded_ = false;
        return true;
    }
    shed();
    return false;
}

// Makes room for newcomers at the cost of whoever has kept a connection longest without a request:
// neither idle clients nor ones that send a head byte by byte can lock others out.
void ServerImpl::shed() {
    const std::size_t share =
        std::max<std::size_t>(1, core_->options.connections_max / limits::kShedShare);
    for (const auto& loop : core_->loops) {
        loop->events.post([owner = loop.get(), share] {
            struct Idle {
                Connection::Instant since;
                std::shared_ptr<Connection> connection;
            };
            std::vector<Idle> idle;
            for (const auto& connection : owner->connections) {
                if (const auto since = connection->idle_since()) {
                    idle.push_back({*since, connection});
                }
            }
            const std::size_t count = std::min(share, idle.size());
            const auto middle = idle.begin() + static_cast<std::ptrdiff_t>(count);
            std::ranges::partial_sort(idle, middle, {}, &Idle::since);
            for (auto it = idle.begin(); it != middle; ++it) it->connection->close();
        });
    }
}

void ServerImpl::tick(Loop& loop) {
    const auto at = std::chrono::steady_clock::now();
    for (auto it = loop.connections.begin(); it != loop.connections.end();) {
        const auto connection = *it++;  // It may remove itself.
        connection->on_tick(at);
    }
    if (&loop == core_->loops[0].get() && crowded_.load()) shed();
}

void ServerImpl::for_each_connection(void (Connection::*what)()) {
    for (const auto& loop : core_->loops) {
        loop->events.post([what, owner = loop.get()] {
            for (auto it = owner->connections.begin(); it != owner->connections.end();) {
                const auto connection = *it++;
                (connection.get()->*what)();
            }
        });
    }
}

void ServerImpl::drain(std::chrono::milliseconds grace) {
    const std::lock_guard once(drain_mutex_);
    if (drained_) return;
    drained_ = true;
    core_->draining.store(true);
    if (!core_->lanes) return;  // It could not bind, so nothing runs.
    listener_->close();
    for_each_connection(&Connection::on_drain);
    {
        std::unique_lock lock(core_->live_mutex);
        core_->live_changed.wait_for(lock, grace, [this] { return core_->live == 0; });
    }
    core_->lanes->stop();
    for_each_connection(&Connection::close);
    for (const auto& loop : core_->loops) loop->events.stop();
    for (const auto& loop : core_->loops) loop->events.join();
}

ServerStats ServerImpl::stats() const {
    const Counters& c = core_->counters;
    return {c.requests.load(),     c.responses_5xx.load(), c.refused.load(),
            c.bytes_in.load(),     c.bytes_out.load(),     c.tls_handshakes.load(),
            c.tls_failures.load(), core_->live_now(),      core_->lanes->queued()};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              std::shared_ptr<Application> application) {
    for (const unsigned threads :
         {options.loops, options.control_threads, options.write_threads, options.read_threads}) {
        if (threads == 0 || threads > limits::kThreadsMax) {
            return fail(ErrorCode::kInvalidArgument, "A thread count must be between 1 and " +
                                                         std::to_string(limits::kThreadsMax));
        }
    }
    auto core = std::make_shared<Core>();
    core->options = options;
    core->application = std::move(application);
    core->clock = options.clock != nullptr ? options.clock : &system_clock();
    core->permits = std::make_shared<BodyPermits>(options.body_memory_bytes);
    for (unsigned i = 0; i < options.loops; ++i) core->loops.push_back(std::make_unique<Loop>());
    auto server = std::make_unique<ServerImpl>(std::move(core));
    SKY_TRY(server->bind());
    server->run();
    return server;
}

}  // namespace sky::http
