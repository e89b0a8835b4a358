// SPDX-License-Identifier: Apache-2.0
// REST requests of the OAM model: the first line is "METHOD target", lines up to an empty one are
// headers, the rest is the body. What the routes find decodes or is refused with a typed error;
// what decodes survives CBOR.
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/codec.h"
#include "aws/rest_bindings.h"
#include "aws/rest_route.h"
#include "aws/validate.h"
#include "base/assert.h"
#include "oam/api/shapes/create_link.h"
#include "oam/api/shapes/list_sinks.h"
#include "oam/api/shapes/list_tags_for_resource.h"
#include "oam/api/shapes/service.h"
#include "oam/api/shapes/tag_resource.h"
#include "oam/api/shapes/untag_resource.h"

namespace {

using namespace sky;
using namespace sky::oam::api;

std::string_view line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view out = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return out;
}

template <class T>
void check(const aws::WireRequest& request) {
    const aws::Shape& shape = shape_of(static_cast<const T*>(nullptr));
    T first;
    aws::MissingMembers missing;
    const auto decoded = aws::rest_json_codec().decode(request, shape, &first, missing);
    if (!decoded) {
        SKY_ASSERT(aws::is_common_error(decoded.error().type), "a refusal has a type");
        return;
    }
    // Operations that are not built may have patterns that RE2 does not know; no request is held to
    // those.
    static const bool patterns_hold = aws::check_patterns(shape).has_value();
    const bool valid = patterns_hold && aws::validate(shape, &first, missing).has_value();
    SKY_ASSERT(!valid || missing.empty(), "a missing member is never valid");
    const std::string bytes = aws::cbor_codec().encode({}, &shape, &first).body;
    T second;
    aws::MissingMembers none;
    SKY_ASSERT(aws::cbor_codec().decode({.body = bytes}, shape, &second, none).has_value(),
               "CBOR carries the value");
    SKY_ASSERT(aws::cbor_codec().encode({}, &shape, &second).body == bytes, "unchanged");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const std::string_view first = line(rest);
    const std::size_t blank = std::min(first.find(' '), first.size());
    http::RequestHead head;
    head.method = first.substr(0, blank);
    head.target = first.substr(std::min(blank + 1, first.size()));
    for (;;) {
        const std::string_view header = line(rest);
        if (header.empty()) break;
        const std::size_t colon = std::min(header.find(':'), header.size());
        head.headers.add(std::string(header.substr(0, colon)),
                         std::string(header.substr(std::min(colon + 1, header.size()))));
        static_cast<void>(aws::split_header_list(header));
    }
    static const aws::RouteTable routes(service_model().operations);
    const auto match = routes.find(head.method, head.path(), head.query());
    aws::WireRequest request;
    request.head = &head;
    request.body = rest;
    if (match) {
        request.operation = match->operation;
        request.labels = match->labels;
    }
    check<ListSinksInput>(request);
    check<CreateLinkInput>(request);
    check<TagResourceInput>(request);
    check<UntagResourceInput>(request);
    check<ListTagsForResourceInput>(request);
    return 0;
}
