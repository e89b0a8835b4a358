// SPDX-License-Identifier: Apache-2.0
#include "http/lanes.h"

namespace sky::http {

Lanes::Lanes(const ServerOptions& options) {
    const std::array<unsigned, kCount> threads = {options.control_threads, options.write_threads,
                                                  options.read_threads};
    for (std::size_t lane = 0; lane < kCount; ++lane) {
        queues_[lane] = std::make_unique<FairQueue<Task>>(options.queue_max);
        for (unsigned i = 0; i < threads[lane]; ++i) {
            threads_.emplace_back([this, queue = queues_[lane].get()] {
                while (auto task = queue->pop()) {
                    if (!stopping_.load()) (*task)();
                }
            });
        }
    }
}

bool Lanes::try_run(Lane lane, std::string_view tenant, std::uint64_t cost, Task&& task) {
    return queues_[static_cast<std::size_t>(lane)]->try_push(tenant, cost, std::move(task));
}

std::size_t Lanes::queued() const {
    std::size_t sum = 0;
    for (const auto& queue : queues_) sum += queue->size();
    return sum;
}

void Lanes::stop() {
    stopping_.store(true);
    for (const auto& queue : queues_) queue->close();
    threads_.clear();  // Joins.
}

}  // namespace sky::http
