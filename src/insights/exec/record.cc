// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "insights/exec/query.h"
#include "insights/functions/discover.h"

namespace sky::insights {

std::vector<Cell> record_fields(const store::EventBatch& one_row, std::string_view log,
                                std::string_view stream_name, std::string_view pointer) {
    SKY_ASSERT(
        one_row.rows() == 1 && one_row.message.size() == 1 && one_row.ingestion_ms.size() == 1,
        "the caller reads one event with message and ingestion time");
    const std::string_view message = one_row.message[0];
    std::vector<Cell> cells = {
        {"@ingestionTime", std::to_string(one_row.ingestion_ms[0])},
        {"@log", std::string(log)},
        {"@logStream", std::string(stream_name)},
        {"@message", std::string(message)},
        {"@ptr", std::string(pointer)},
        {"@timestamp", std::to_string(one_row.timestamp_ms[0])},
    };
    for (DiscoveredField& field : discover_all(log, message)) {
        cells.push_back({std::move(field.name), std::move(field.value)});
    }
    return cells;
}

std::vector<std::string> discover_fields(std::string_view log, std::string_view message) {
    std::vector<std::string> names;
    for (DiscoveredField& field : discover_all(log, message)) {
        names.push_back(std::move(field.name));
    }
    return names;
}

}  // namespace sky::insights
