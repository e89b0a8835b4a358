// SPDX-License-Identifier: Apache-2.0
#include "cli/query_run.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/time.h"
#include "json/writer.h"

namespace sky::cli {
namespace {

// The API offers polling only. Short at first, as most queries end at once.
constexpr std::chrono::milliseconds kFirstPause{10}, kLongestPause{1'000};

std::string text_of(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    return value && value->kind() == json::Kind::kString ? std::string(value->string())
                                                         : std::string();
}

double number_of(const json::Value& object, std::string_view name) {
    const auto value = object.find(name);
    if (!value) return 0;
    switch (value->kind()) {
        case json::Kind::kInt:
        case json::Kind::kUint:
        case json::Kind::kDouble:
            return value->number();
        default:
            return 0;
    }
}

void append_rows(const json::Value& answer, std::vector<Row>& out) {
    const auto results = answer.find("results");
    if (!results || results->kind() != json::Kind::kArray) return;
    for (const json::Value result : results->elements()) {
        if (result.kind() != json::Kind::kArray) continue;
        Row& row = out.emplace_back();
        for (const json::Value cell : result.elements()) {
            row.emplace_back(text_of(cell, "field"), text_of(cell, "value"));
        }
    }
}

QueryProgress progress_of(const json::Value& answer) {
    QueryProgress out;
    out.status = text_of(answer, "status");
    if (const auto statistics = answer.find("statistics")) {
        out.records_matched = number_of(*statistics, "recordsMatched");
        out.records_scanned = number_of(*statistics, "recordsScanned");
        out.bytes_scanned = number_of(*statistics, "bytesScanned");
    }
    return out;
}

std::string query_body(std::string_view query_id, std::string_view next_token) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("queryId");
    writer.string(query_id);
    if (!next_token.empty()) {
        writer.key("nextToken");
        writer.string(next_token);
    }
    writer.end_object();
    return body;
}

bool has_ended(std::string_view status) { return status != "Scheduled" && status != "Running"; }

}  // namespace

std::string start_query_body(const QueryRequest& request) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    if (!request.groups.empty()) {
        const bool has_arn = std::ranges::any_of(
            request.groups, [](const std::string& group) { return group.starts_with("arn:"); });
        writer.key(has_arn ? "logGroupIdentifiers" : "logGroupNames");
        writer.begin_array();
        for (const std::string& group : request.groups) writer.string(group);
        writer.end_array();
    }
    writer.key("startTime");
    writer.integer(floor_div(request.start_ms, 1000));
    writer.key("endTime");
    writer.integer(floor_div(request.end_ms, 1000));
    writer.key("queryString");
    writer.string(request.text);
    if (request.limit > 0) {
        writer.key("limit");
        writer.integer(request.limit);
    }
    writer.end_object();
    return body;
}

Result<QueryEnd> run_query(LogsClient& client, const QueryRequest& request,
                           const std::function<bool()>& stop_wanted,
                           const std::function<void(const QueryProgress&)>& on_progress) {
    Answer started = SKY_TRY(client.call("StartQuery", start_query_body(request)));
    if (!started.ok()) return QueryEnd{std::nullopt, std::move(started)};
    const std::string query_id = text_of(started.body.root(), "queryId");

    QueryOutcome outcome;
    outcome.id = query_id;
    std::string next_token;
    auto pause = kFirstPause;
    for (;;) {
        if (stop_wanted()) {
            SKY_TRY(client.call("StopQuery", query_body(query_id, {})));
            outcome.progress.status = "Cancelled";
            return QueryEnd{std::move(outcome), std::nullopt};
        }
        Answer answer = SKY_TRY(client.call("GetQueryResults", query_body(query_id, next_token)));
        if (!answer.ok()) return QueryEnd{std::nullopt, std::move(answer)};
        outcome.progress = progress_of(answer.body.root());
        if (has_ended(outcome.progress.status)) {
            append_rows(answer.body.root(), outcome.rows);
            outcome.progress.rows = outcome.rows.size();
            std::string next = text_of(answer.body.root(), "nextToken");
            // A token that repeats would go round in circles.
            if (next.empty() || next == next_token) {
                return QueryEnd{std::move(outcome), std::nullopt};
            }
            next_token = std::move(next);
            continue;
        }
        on_progress(outcome.progress);
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, kLongestPause);
    }
}

}  // namespace sky::cli
