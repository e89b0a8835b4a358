// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/server/metrics.h - what /metrics shows.

#include <optional>
#include <string>

#include "aws/dispatch.h"
#include "http/server.h"
#include "insights/exec/query.h"
#include "logs/live_tail.h"
#include "store/store.h"

namespace sky::server {

struct Measured {
    aws::DispatchCounts dispatch;
    std::optional<http::ServerStats> http;                // Absent until the server is ready.
    std::optional<store::StoreStats> store;               // Likewise.
    std::optional<logs::LiveTailStats> live_tail;         // Likewise.
    std::optional<insights::PartialCacheStats> partials;  // Likewise.
};

/// Prometheus text. Names begin with skywatch_; the list is docs/metrics.md.
std::string render_metrics(const Measured& measured);

}  // namespace sky::server
