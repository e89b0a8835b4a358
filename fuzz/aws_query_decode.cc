// SPDX-License-Identifier: Apache-2.0
// Requests of the CloudWatch and EC2 models against any form: what decodes survives CBOR, whatever
// is asked for is found the same in body and query string, and the answer's XML holds no markup of
// the client's.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/classify.h"
#include "aws/codec.h"
#include "aws/validate.h"
#include "base/assert.h"
#include "ec2/api/shapes/describe_regions.h"
#include "metrics/api/shapes/describe_alarms.h"
#include "metrics/api/shapes/get_metric_data.h"
#include "metrics/api/shapes/put_metric_data.h"

namespace {

using namespace sky;

template <class T>
void check(const aws::Codec& codec, std::string_view form) {
    const aws::Shape& shape = shape_of(static_cast<const T*>(nullptr));
    T first;
    aws::MissingMembers missing;
    const bool decoded = codec.decode({.body = form}, shape, &first, missing).has_value();

    http::RequestHead head;
    head.target = "/?" + std::string(form);
    T by_query;
    aws::MissingMembers none;
    aws::WireRequest request;
    request.head = &head;
    SKY_ASSERT(codec.decode(request, shape, &by_query, none).has_value() == decoded,
               "body and query string are read alike");
    if (!decoded) return;
    const std::string bytes = aws::cbor_codec().encode({}, &shape, &first).body;
    SKY_ASSERT(aws::cbor_codec().encode({}, &shape, &by_query).body == bytes, "to the same value");
    T second;
    SKY_ASSERT(aws::cbor_codec().decode({.body = bytes}, shape, &second, none).has_value(),
               "which CBOR carries");
    SKY_ASSERT(aws::cbor_codec().encode({}, &shape, &second).body == bytes, "unchanged");
    static_cast<void>(aws::validate(shape, &first, missing));
    const std::string xml = codec.encode({}, &shape, &first).body;
    SKY_ASSERT(std::ranges::count(xml, '<') == std::ranges::count(xml, '>'), "tags are whole");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view form(reinterpret_cast<const char*>(data), size);
    // A target holds no fragment; the same bytes must mean the same in both places.
    if (form.find('?') != std::string_view::npos) return 0;
    http::RequestHead head;
    head.target = "/";
    static_cast<void>(aws::query_names(head, form));
    check<metrics::api::PutMetricDataInput>(aws::query_codec(), form);
    check<metrics::api::GetMetricDataInput>(aws::query_codec(), form);
    check<metrics::api::DescribeAlarmsInput>(aws::query_codec(), form);
    check<ec2::api::DescribeRegionsRequest>(aws::ec2_query_codec(), form);
    return 0;
}
