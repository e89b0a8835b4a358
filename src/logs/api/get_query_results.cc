// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_query_results.h"

#include "aws/json_value.h"
#include "json/writer.h"
#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {
namespace {

std::vector<std::vector<ResultField>> fields_of(const QueryView& view) {
    std::vector<std::vector<ResultField>> out;
    out.reserve(view.end - view.begin);
    for (std::size_t i = view.begin; i < view.end; ++i) {
        const insights::ResultRows::RowView row = view.result->rows[i];
        std::vector<ResultField>& fields = out.emplace_back();
        fields.reserve(row.size());
        for (std::size_t c = 0; c < row.size(); ++c)
            fields.push_back(
                {.field = std::string(row[c].field), .value = std::string(row[c].value)});
    }
    return out;
}

/// Appends what the tables would make of fields_of(): a list of lists of structures.
void append_fields(std::string& out, const QueryView& view) {
    const insights::ResultRows& rows = view.result->rows;
    std::vector<std::string> before_value;
    for (const std::string& column : rows.columns()) {
        std::string& text = before_value.emplace_back(R"({"field":)");
        json::append_quoted(text, column);
        text += R"(,"value":)";
    }
    std::size_t bytes = 0;
    for (std::size_t i = view.begin; i < view.end; ++i) {
        const insights::ResultRows::RowView row = rows[i];
        bytes += sizeof("[],");
        for (std::size_t c = 0; c < row.size(); ++c)
            bytes += before_value[row[c].column].size() + row[c].value.size() + sizeof("\"\"},");
    }
    constexpr std::size_t kAround = 1'024;  // Of the members behind the rows.
    out.reserve(out.size() + bytes + kAround);
    for (std::size_t i = view.begin; i < view.end; ++i) {
        const insights::ResultRows::RowView row = rows[i];
        out += i == view.begin ? "[" : ",[";
        for (std::size_t c = 0; c < row.size(); ++c) {
            const insights::ResultRows::CellView cell = row[c];
            if (c > 0) out += ',';
            out += before_value[cell.column];
            json::append_quoted(out, cell.value);
            out += '}';
        }
        out += ']';
    }
}

/// The members in the model's order, `out` without its results.
std::string json_of(const GetQueryResultsResponse& out, const QueryView& view) {
    std::string body;
    json::Writer writer(body);
    const auto text = [&](std::string_view name, const std::optional<std::string>& value) {
        if (!value) return;
        writer.key(name);
        writer.string(*value);
    };
    writer.begin_object();
    text("queryLanguage", out.query_language);
    writer.key("results");
    writer.begin_array();
    append_fields(body, view);
    writer.end_array();
    writer.key("statistics");
    aws::encode_json(writer, aws::JsonFlavour::kRpc,
                     shape_of(static_cast<const QueryStatistics*>(nullptr)), &*out.statistics);
    text("status", out.status);
    text("nextToken", out.next_token);
    writer.end_object();
    return body;
}

}  // namespace

// GetQueryResults answers with the rows found so far.
void get_query_results(Service& service, aws::Call call) {
    GetQueryResultsRequest in;
    if (auto decoded = call.decode(in); !decoded) return call.fail(std::move(decoded).error());
    const auto view = service.queries.results(tenant_of(call.context()), in.query_id, in.max_items,
                                              in.next_token);
    if (!view) return call.fail(aws::ServiceError(view.error()));
    GetQueryResultsResponse out;
    out.query_language = "CWLI";
    out.status = std::string(query_status_name(view->status));
    const insights::Statistics& seen = view->result->statistics;
    QueryStatistics& statistics = out.statistics.emplace();
    statistics.records_matched = seen.records_matched;
    statistics.records_scanned = seen.records_scanned;
    statistics.bytes_scanned = seen.bytes_scanned;
    statistics.estimated_records_skipped = 0;
    statistics.estimated_bytes_skipped = 0;
    statistics.log_groups_scanned = seen.log_groups_scanned;
    out.next_token = view->next_token;
    // Up to 10,000 rows: as JSON they are written straight from the result.
    if (call.protocol() == aws::Protocol::kJson11) return call.respond_written(json_of(out, *view));
    out.results = fields_of(*view);
    call.respond(out);
}

}  // namespace sky::logs::api
