// SPDX-License-Identifier: Apache-2.0
// Requests of the CloudWatch model against any CBOR: what decodes encodes to bytes that decode to
// the same value, and JSON carries that value as well.
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/codec.h"
#include "aws/validate.h"
#include "base/assert.h"
#include "metrics/api/shapes/get_metric_data.h"
#include "metrics/api/shapes/put_dashboard.h"
#include "metrics/api/shapes/put_metric_alarm.h"
#include "metrics/api/shapes/put_metric_data.h"

namespace {

using namespace sky;
using namespace sky::metrics::api;

template <class T>
std::string through(const aws::Codec& codec, const aws::Shape& shape, const T& value) {
    const std::string bytes = codec.encode({}, &shape, &value).body;
    T again;
    aws::MissingMembers missing;
    SKY_ASSERT(codec.decode({.body = bytes}, shape, &again, missing).has_value(),
               "our own bytes decode");
    SKY_ASSERT(missing.empty(), "and lack nothing");
    return aws::cbor_codec().encode({}, &shape, &again).body;
}

template <class T>
void check(std::string_view body) {
    const aws::Shape& shape = shape_of(static_cast<const T*>(nullptr));
    T first;
    aws::MissingMembers missing;
    if (!aws::cbor_codec().decode({.body = body}, shape, &first, missing)) return;
    const bool valid = aws::validate(shape, &first, missing).has_value();
    SKY_ASSERT(!valid || missing.empty(), "a missing member is never valid");
    if (!missing.empty()) return;
    const std::string bytes = aws::cbor_codec().encode({}, &shape, &first).body;
    SKY_ASSERT(through(aws::cbor_codec(), shape, first) == bytes, "CBOR is a fixed point");
    SKY_ASSERT(through(aws::json10_codec(), shape, first) == bytes, "JSON says the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    check<PutMetricDataInput>(body);
    check<GetMetricDataInput>(body);
    check<PutMetricAlarmInput>(body);
    check<PutDashboardInput>(body);
    return 0;
}
