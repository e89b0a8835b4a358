// SPDX-License-Identifier: Apache-2.0
// The published cases of clients: what clients send must decode to the parameters, what we send
// must read back as the result.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>

#include "aws/codec.h"
#include "aws/rest_route.h"
#include "aws/testing/canonical.h"
#include "aws/testing/dynamic.h"
#include "aws/testing/left_out.h"
#include "aws/testing/vectors.h"
#include "crypto/encoding.h"

namespace sky::aws::testing {
namespace {

struct Suite {
    const char* name;
    Protocol protocol;
};
constexpr auto kSuites = std::to_array<Suite>({
    {"json", Protocol::kJson11},
    {"json_1_0", Protocol::kJson10},
    {"json_1_0-query-compatible", Protocol::kJson10},
    {"query", Protocol::kQuery},
    {"rest-json", Protocol::kRestJson},
    {"smithy-rpc-v2-cbor", Protocol::kCbor},
    {"smithy-rpc-v2-cbor-query-compatible", Protocol::kCbor},
    {"smithy-rpc-v2-cbor-non-query-compatible", Protocol::kCbor},
});

std::string text_of(const json::Value& value, std::string_view name) {
    const auto found = value.find(name);
    return found && found->kind() == json::Kind::kString ? std::string(found->string())
                                                         : std::string{};
}

std::string body_of(Protocol protocol, const json::Value& message) {
    const std::string text = text_of(message, "body");
    if (protocol != Protocol::kCbor) return text;
    return crypto::base64_decode(text).value_or("the case's body is no base64");
}

http::RequestHead head_of(const json::Value& message) {
    http::RequestHead head;
    head.method = text_of(message, "method");
    head.target = text_of(message, "uri");
    if (const auto headers = message.find("headers")) {
        for (const json::MemberRef& header : headers->members()) {
            head.headers.add(std::string(header.name), std::string(header.value.string()));
        }
    }
    return head;
}

constexpr Shape kNothing{.kind = Kind::kStructure, .name = "Nothing"};

// What the codec reads, as parameters; its error otherwise. An answer's status is a member of some.
std::string decoded(const Codec& codec, const WireRequest& request, const Shape& shape,
                    int answer_status = 0) {
    Dynamic value;
    MissingMembers missing;
    void* place = value.place(Kind::kStructure);
    const auto status = codec.decode(request, shape, place, missing);
    for (const Member& member : shape.members) {
        if (answer_status == 0 || member.location != Location::kStatus) continue;
        *static_cast<std::int32_t*>(
            member.slot->emplace(static_cast<std::byte*>(place) + member.offset)) = answer_status;
    }
    return status ? canonical_json(to_parameters(shape, place))
                  : "error: " + status.error().error.message;
}

struct Operation {
    explicit Operation(Model& model, const json::Value& given) {
        row.name = model.keep(text_of(given, "name"));
        const json::Value http = *given.find("http");
        row.http_method = model.keep(text_of(http, "method"));
        row.http_uri = model.keep(text_of(http, "requestUri"));
        if (const auto status = http.find("responseCode")) {
            row.http_status = static_cast<int>(status->integer());
        }
        row.input = &kNothing;
        if (const auto input = given.find("input"))
            row.input = &model.get(text_of(*input, "shape"));
        row.output = nullptr;
        if (const auto output = given.find("output")) {
            row.output = &model.get(text_of(*output, "shape"));
            row.result_wrapper = model.keep(std::string(row.name) + "Result");
        }
    }
    OperationModel row{};
};

void run_input(const Suite& suite, Model& model, const json::Value& one) {
    const Operation operation(model, *one.find("given"));
    const json::Value sent = *one.find("serialized");
    const http::RequestHead head = head_of(sent);
    WireRequest request;
    request.head = &head;
    request.operation = &operation.row;
    const std::string body = body_of(suite.protocol, sent);
    request.body = body;
    std::optional<RouteMatch> route;
    if (suite.protocol == Protocol::kRestJson) {
        route =
            RouteTable(std::span(&operation.row, 1)).find(head.method, head.path(), head.query());
        if (!route) {
            FAIL_CHECK("no route");
            return;
        }
        request.labels = route->labels;
    }
    const auto parameters = one.find("params");
    CHECK(decoded(codec_of(suite.protocol), request, *operation.row.input) ==
          (parameters ? canonical_json(*parameters) : "{}"));
}

struct Service {
    Service(Model& model, const json::Value& metadata,
            const std::vector<const Shape*>& error_shapes)
        : errors(error_shapes) {
        row.error_namespace = "com.example";
        row.errors = errors;
        row.xml_namespace = "https://example.com/";
        row.query_compatible = metadata.find("awsQueryCompatible").has_value();
        row.api_version = model.keep(text_of(metadata, "apiVersion"));
    }
    std::vector<const Shape*> errors;
    ServiceModel row{};
};

// The code that a client takes from an error (clients.md 5.2-5.5).
std::string code_of(const Suite& suite, const http::Response& response) {
    for (const http::Header& header : response.headers) {
        if (header.name == "x-amzn-query-error")
            return header.value.substr(0, header.value.find(';'));
    }
    for (const http::Header& header : response.headers) {
        if (suite.protocol == Protocol::kRestJson && header.name == "x-amzn-ErrorType") {
            return header.value;
        }
    }
    const std::string text = suite.protocol == Protocol::kCbor    ? canonical_cbor(response.body)
                             : suite.protocol == Protocol::kQuery ? canonical_xml(response.body)
                                                                  : canonical_json(response.body);
    const bool xml = suite.protocol == Protocol::kQuery;
    const std::string open = xml ? "<Code>" : "\"__type\":\"";
    const std::size_t begin = text.find(open);
    if (begin == std::string::npos) return "";
    std::string code = text.substr(begin + open.size());
    code = code.substr(0, code.find(xml ? '<' : '"'));
    return code.substr(code.find('#') + 1);
}

void run_error(const Suite& suite, Model& model, const json::Value& metadata,
               const json::Value& one) {
    const json::Value errors = *one.find("given")->find("errors");
    std::vector<const Shape*> shapes;
    for (const json::Value& error : errors.elements()) {
        shapes.push_back(&model.get(text_of(error, "shape")));
    }
    REQUIRE(shapes.size() == 1);
    const Shape& shape = *shapes.front();
    const Service service(model, metadata, shapes);
    ServiceError error{std::string(shape.name),
                       Error{ErrorCode::kInvalidArgument, text_of(one, "errorMessage")}};
    const auto detail = std::make_shared<Dynamic>();
    void* place = detail->place(Kind::kStructure);
    if (const auto parameters = one.find("error")) from_parameters(shape, *parameters, place);
    for (std::size_t i = 0; i < shape.members.size(); ++i) {
        const std::string_view name = shape.members[i].name;
        if (name == "message" || name == "Message") detail->members[i].reset();
    }
    error.detail = std::shared_ptr<const void>(detail, place);
    error.detail_shape = &shape;
    const http::Response response =
        codec_of(suite.protocol).encode_error({&service.row, nullptr, "request"}, error);
    CHECK(code_of(suite, response) == text_of(one, "errorCode"));
    // The model that these cases come from gives JSON the status of Query (clients.md 5.2); the
    // suite itself does not.
    if (!service.row.query_compatible) {
        CHECK(response.status == one.find("response")->find("status_code")->integer());
    }
    if (const auto parameters = one.find("error");
        parameters && suite.protocol != Protocol::kQuery) {
        http::RequestHead head;
        for (const http::Header& header : response.headers)
            head.headers.add(header.name, header.value);
        CHECK(decoded(codec_of(suite.protocol), {.head = &head, .body = response.body}, shape) ==
              canonical_json(*parameters));
    }
}

void run_output(const Suite& suite, Model& model, const json::Value& metadata,
                const json::Value& one) {
    if (one.find("errorCode")) return run_error(suite, model, metadata, one);
    const Codec& codec = codec_of(suite.protocol);
    const Operation operation(model, *one.find("given"));
    const json::Value expected = *one.find("response");
    const Service service(model, metadata, {});
    Dynamic value;
    void* place = value.place(Kind::kStructure);
    const Shape& shape = operation.row.output == nullptr ? kNothing : *operation.row.output;
    const auto result = one.find("result");
    if (result) from_parameters(shape, *result, place);
    const http::Response ours =
        codec.encode({&service.row, &operation.row, "request"}, operation.row.output, place);
    CHECK(ours.status == expected.find("status_code")->integer());
    const std::string theirs = body_of(suite.protocol, expected);
    if (suite.protocol == Protocol::kQuery) {
        // Queries' answers are XML, which servers write and never read.
        std::string text = canonical_xml(ours.body);
        for (const std::string_view part :
             {"<ResponseMetadata><RequestId>request</RequestId></ResponseMetadata>"}) {
            if (const std::size_t at = text.find(part); at != std::string::npos) {
                text.erase(at, part.size());
            }
        }
        if (theirs.empty()) return;
        CHECK(text == canonical_xml(theirs));
        return;
    }
    if (operation.row.output == nullptr) {
        CHECK(ours.body.empty());
        return;
    }
    const std::string wanted = result ? canonical_json(*result) : "{}";
    const http::RequestHead head = head_of(expected);
    CHECK(decoded(codec, {.head = &head, .body = theirs}, shape, ours.status) == wanted);
    http::RequestHead our_head;
    for (const http::Header& header : ours.headers) {
        // Read back into a map of all headers, if it were there.
        if (header.name != "Content-Type") our_head.headers.add(header.name, header.value);
    }
    CHECK(decoded(codec, {.head = &our_head, .body = ours.body}, shape, ours.status) == wanted);
}

TEST_CASE("published cases of clients in every protocol") {
    const auto document = shared_json("protocol-cases.json.zst");
    if (!document) return;
    LeftOut left_out("protocol-cases");
    std::size_t run = 0;
    for (const char* side : {"input", "output"}) {
        for (const Suite& suite : kSuites) {
            for (const json::Value& group :
                 document->root().find(side)->find(suite.name)->elements()) {
                Model model(*group.find("shapes"), Dialect::kBotocore);
                for (const json::Value& one : group.find("cases")->elements()) {
                    const std::string id = text_of(one, "id");
                    if (left_out.has(id)) continue;
                    const std::string suite_name = suite.name;
                    CAPTURE(suite_name);
                    CAPTURE(id);
                    ++run;
                    if (std::string_view(side) == "input") {
                        run_input(suite, model, one);
                    } else {
                        run_output(suite, model, *group.find("metadata"), one);
                    }
                }
            }
        }
    }
    std::printf("protocol cases: %zu run, %zu left out\n", run, left_out.count());
    CHECK(left_out.unknown() == "");
    CHECK(run > 400);
}

}  // namespace
}  // namespace sky::aws::testing
