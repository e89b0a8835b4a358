// SPDX-License-Identifier: Apache-2.0
#include "logs/api/shapes/get_log_object.h"

#include <map>
#include <string>

#include "aws/event_stream.h"
#include "json/writer.h"
#include "logs/api/limits.h"
#include "logs/api/operations.h"
#include "logs/api/request.h"

namespace sky::logs::api {
namespace {

/// An event's fields as one JSON object: the order of its keys is that of the map.
std::string as_json(const std::map<std::string, std::string>& record) {
    std::string text;
    json::Writer out(text);
    out.begin_object();
    for (const auto& [field, value] : record) {
        out.key(field);
        out.string(value);
    }
    out.end_object();
    return text;
}

}  // namespace

// GetLogObject streams what GetLogRecord answers, as the bytes of one JSON object in pieces. Events
// are kept whole here, so that an @ptr names all of one: no field of it has a pointer of its own.
void get_log_object(Service& service, aws::Call call) {
    GetLogObjectRequest in;
    if (auto decoded = call.decode(in); !decoded) return call.fail(std::move(decoded).error());
    const auto record = service.records.record(tenant_of(call.context()), in.log_object_pointer);
    if (!record) return call.fail(aws::ServiceError(record.error()));
    const std::string text = as_json(*record);
    // Everything was read before: what waits for a slow reader is the answer that GetLogRecord
    // would hold as well, in base64.
    aws::EventWriter writer = call.respond_with_events(2 * text.size() + limits::kObjectPieceBytes);
    for (std::size_t begin = 0; begin < text.size(); begin += limits::kObjectPieceBytes) {
        const FieldsData piece{aws::Blob{text.substr(begin, limits::kObjectPieceBytes)}};
        if (writer.event("fields", piece) != aws::EventWriter::Put::kQueued) return;
    }
    writer.finish();
}

}  // namespace sky::logs::api
