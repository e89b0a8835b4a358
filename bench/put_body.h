// SPDX-License-Identifier: Apache-2.0
#pragma once  // bench/put_body.h - the JSON of a PutLogEvents call.

#include <string>
#include <string_view>

#include "json/writer.h"

namespace sky::bench {

/// Of events that have members timestamp_ms and text.
template <class Events>
std::string put_body(std::string_view group, std::string_view stream, const Events& events) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.key("logGroupName");
    writer.string(group);
    writer.key("logStreamName");
    writer.string(stream);
    writer.key("logEvents");
    writer.begin_array();
    for (const auto& event : events) {
        writer.begin_object();
        writer.key("timestamp");
        writer.integer(event.timestamp_ms);
        writer.key("message");
        writer.string(event.text);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return body;
}

}  // namespace sky::bench
