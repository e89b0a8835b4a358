// SPDX-License-Identifier: Apache-2.0
// Every request of the Logs model against any body: what decodes and holds its constraints encodes
// to a body that decodes to the same bytes.
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/codec.h"
#include "aws/validate.h"
#include "base/assert.h"
#include "logs/api/shapes/create_log_group.h"
#include "logs/api/shapes/put_log_events.h"
#include "logs/api/shapes/put_metric_filter.h"
#include "logs/api/shapes/put_transformer.h"
#include "logs/api/shapes/start_query.h"

namespace {

using namespace sky;
using namespace sky::logs::api;

template <class T>
void check(std::string_view body) {
    const aws::Codec& codec = aws::json11_codec();
    const aws::Shape& shape = shape_of(static_cast<const T*>(nullptr));
    T first;
    aws::MissingMembers missing;
    if (!codec.decode({.body = body}, shape, &first, missing)) return;
    const bool valid = aws::validate(shape, &first, missing).has_value();
    SKY_ASSERT(!valid || missing.empty(), "a missing member is never valid");
    if (!missing.empty()) return;
    const std::string text = codec.encode({}, &shape, &first).body;
    T second;
    aws::MissingMembers none;
    SKY_ASSERT(codec.decode({.body = text}, shape, &second, none).has_value(),
               "our own text decodes");
    SKY_ASSERT(none.empty(), "and lacks nothing");
    SKY_ASSERT(codec.encode({}, &shape, &second).body == text, "to the same value");
    SKY_ASSERT(aws::validate(shape, &second, none).has_value() == valid, "which is as valid");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    check<CreateLogGroupRequest>(body);
    check<PutLogEventsRequest>(body);
    check<PutMetricFilterRequest>(body);
    check<PutTransformerRequest>(body);
    check<StartQueryRequest>(body);
    return 0;
}
