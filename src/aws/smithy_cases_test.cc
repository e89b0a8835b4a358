// SPDX-License-Identifier: Apache-2.0
// The published cases of servers: requests that must be understood, answers that must be given, and
// malformed requests with the error that a server owes.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>

#include "aws/classify.h"
#include "aws/codec.h"
#include "aws/rest_route.h"
#include "aws/testing/canonical.h"
#include "aws/testing/dynamic.h"
#include "aws/testing/left_out.h"
#include "aws/testing/vectors.h"
#include "aws/validate.h"
#include "aws/wire_error.h"
#include "crypto/encoding.h"
#include "json/writer.h"

namespace sky::aws::testing {
namespace {

std::string text_of(const json::Value& value, std::string_view name) {
    const auto found = value.find(name);
    return found && found->kind() == json::Kind::kString ? std::string(found->string())
                                                         : std::string{};
}

std::optional<Protocol> protocol_of(std::string_view trait) {
    struct Row {
        std::string_view trait;
        Protocol protocol;
    };
    constexpr Row kRows[] = {{"aws.protocols#awsJson1_0", Protocol::kJson10},
                             {"aws.protocols#awsJson1_1", Protocol::kJson11},
                             {"aws.protocols#restJson1", Protocol::kRestJson},
                             {"aws.protocols#awsQuery", Protocol::kQuery},
                             {"aws.protocols#ec2Query", Protocol::kEc2Query},
                             {"smithy.protocols#rpcv2Cbor", Protocol::kCbor}};
    for (const Row& row : kRows) {
        if (row.trait == trait) return row.protocol;
    }
    return std::nullopt;
}

bool is_query(Protocol protocol) {
    return protocol == Protocol::kQuery || protocol == Protocol::kEc2Query;
}

constexpr Shape kNothing{.kind = Kind::kStructure, .name = "Unit"};

// All operations of one namespace as a service, with the names of one protocol.
struct Rig {
    Rig(const json::Value& root, std::string_view space, Protocol protocol)
        : model(*root.find("shapes"), Dialect::kSmithy,
                is_query(protocol) ? Names::kXml : Names::kJson) {
        for (const json::MemberRef& one : root.find("operations")->members()) {
            const std::string_view name = one.name;
            if (name.substr(0, name.find('#')) != space) continue;
            if (text_of(one.value, "type") == "structure") {
                errors.push_back(&model.get(name));
            } else {
                operations.push_back(operation_of(name, one.value));
            }
        }
        for (const std::string_view common : {"smithy.framework#ValidationException"}) {
            if (const Shape* shape = model.find(common)) errors.push_back(shape);
        }
        std::ranges::sort(errors, {}, &Shape::name);
        service.error_namespace = model.keep(space);
        service.xml_namespace = "https://example.com/";
        service.errors = errors;
        service.operations = operations;
    }

    OperationModel operation_of(std::string_view name, const json::Value& facts) {
        OperationModel row{};
        row.name = model.keep(name.substr(name.find('#') + 1));
        const auto shape = [&](std::string_view part) -> const Shape* {
            const std::string target = text_of(facts, part);
            return target == "smithy.api#Unit" ? nullptr : model.find(target);
        };
        row.input = shape("input") == nullptr ? &kNothing : shape("input");
        row.output = shape("output");
        row.validation_error = "ValidationException";
        row.result_wrapper = model.keep(std::string(row.name) + "Result");
        if (const auto http = facts.find("traits")->find("smithy.api#http")) {
            row.http_method = model.keep(text_of(*http, "method"));
            row.http_uri = model.keep(text_of(*http, "uri"));
            if (const auto code = http->find("code")) {
                row.http_status = static_cast<int>(code->integer());
            }
        }
        return row;
    }

    const OperationModel& find(std::string_view name) const {
        return *std::ranges::find(operations, name.substr(name.find('#') + 1),
                                  &OperationModel::name);
    }

    Model model;
    std::vector<OperationModel> operations;
    std::vector<const Shape*> errors;
    ServiceModel service{};
};

http::RequestHead head_of(const json::Value& message) {
    http::RequestHead head;
    head.method = text_of(message, "method");
    head.target = text_of(message, "uri");
    if (const auto parameters = message.find("queryParams")) {
        for (const json::Value& pair : parameters->elements()) {
            head.target += head.target.find('?') == std::string::npos ? '?' : '&';
            head.target += pair.string();
        }
    }
    if (const auto headers = message.find("headers")) {
        for (const json::MemberRef& header : headers->members()) {
            head.headers.add(std::string(header.name), std::string(header.value.string()));
        }
    }
    return head;
}

std::string body_of(Protocol protocol, const json::Value& message) {
    const std::string text = text_of(message, "body");
    if (protocol != Protocol::kCbor) return text;
    return crypto::base64_decode(text).value_or("the case's body is no base64");
}

// As the dispatcher finds it.
void check_route(Protocol protocol, const OperationModel& operation, const http::RequestHead& head,
                 std::string_view body) {
    // Some cases are about the body alone and leave the operation open.
    if (head.headers.get("content-type").empty() && head.headers.get("smithy-protocol").empty()) {
        return;
    }
    const auto what = classify(head, head.path());
    if (!what) {
        FAIL_CHECK("not an AWS request");
        return;
    }
    CHECK(what->contradiction.empty());
    if (is_query(protocol)) {
        CHECK(what->protocol == Protocol::kQuery);
        CHECK(query_names(head, body).action == operation.name);
        return;
    }
    CHECK(what->protocol == protocol);
    CHECK(what->operation == operation.name);
}

// True when typed structs can hold the case's parameters.
bool fits(Rig& rig, const Shape* shape, const json::Value& one) {
    const auto parameters = one.find("params");
    if (!parameters || shape == nullptr) return true;
    const std::string why(rig.model.unfit(*shape, *parameters));
    CHECK(why == "");
    return why.empty();
}

void run_request(Rig& rig, Protocol protocol, std::string_view name, const json::Value& one) {
    const OperationModel& operation = rig.find(name);
    if (!fits(rig, operation.input, one)) return;
    const http::RequestHead head = head_of(one);
    const std::string body = body_of(protocol, one);
    WireRequest request;
    request.head = &head;
    request.body = body;
    request.operation = &operation;
    std::optional<RouteMatch> route;
    if (protocol == Protocol::kRestJson) {
        route = RouteTable(rig.operations).find(head.method, head.path(), head.query());
        if (!route || route->operation != &operation) {
            FAIL_CHECK("routed to another operation");
            return;
        }
        request.labels = route->labels;
    } else {
        check_route(protocol, operation, head, body);
    }
    Dynamic value;
    MissingMembers missing;
    void* place = value.place(Kind::kStructure);
    const auto status = codec_of(protocol).decode(request, *operation.input, place, missing);
    const auto parameters = one.find("params");
    CHECK((status ? canonical_json(to_parameters(*operation.input, place))
                  : "error: " + status.error().error.message) ==
          (parameters ? canonical_json(*parameters) : "{}"));
    CHECK(missing.empty());
}

std::string_view header_of(const http::Response& response, std::string_view name) {
    http::Headers headers;
    for (const http::Header& header : response.headers) {
        headers.add(header.name, header.value);
        if (headers.find(name)) return header.value;
    }
    return {};
}

// Answers carry the request's identity and the service's name space; some cases leave them out.
std::string without_frame(std::string text) {
    const auto drop = [&text](std::string_view from, std::string_view to) {
        const std::size_t begin = text.find(from);
        if (begin == std::string::npos) return;
        text.erase(begin, text.find(to, begin + from.size()) + to.size() - begin);
    };
    drop("<ResponseMetadata>", "</ResponseMetadata>");
    drop(" xmlns=\"https://example.com/", "\"");
    return text;
}

void check_answer(const http::Response& ours, const json::Value& one) {
    CHECK(ours.status == one.find("code")->integer());
    if (const auto headers = one.find("headers")) {
        for (const json::MemberRef& header : headers->members()) {
            const std::string name(header.name);
            CAPTURE(name);
            if (name == "Content-Length") {  // The server's business.
                CHECK(std::to_string(ours.body.size()) == header.value.string());
                continue;
            }
            CHECK(header_of(ours, name) == header.value.string());
        }
    }
    if (const auto names = one.find("forbidHeaders")) {
        for (const json::Value& name : names->elements()) {
            CHECK(header_of(ours, name.string()) == "");
        }
    }
    if (!one.find("body")) return;
    const std::string theirs = text_of(one, "body"), type = text_of(one, "bodyMediaType");
    if (theirs.empty()) {
        CHECK(ours.body == "");
    } else if (type == "application/json") {
        CHECK(canonical_json(ours.body) == canonical_json(theirs));
    } else if (type == "application/cbor") {
        CHECK(canonical_cbor(ours.body) ==
              canonical_cbor(crypto::base64_decode(theirs).value_or("no base64")));
    } else if (type == "application/xml" || theirs.starts_with("<")) {
        CHECK(without_frame(canonical_xml(ours.body)) == without_frame(canonical_xml(theirs)));
    } else {
        CHECK(ours.body == theirs);
    }
}

void run_answer(Rig& rig, Protocol protocol, std::string_view name, const json::Value& one) {
    const OperationModel& operation = rig.find(name);
    if (!fits(rig, operation.output, one)) return;
    Dynamic value;
    void* place = value.place(Kind::kStructure);
    if (const auto parameters = one.find("params"); parameters && operation.output != nullptr) {
        from_parameters(*operation.output, *parameters, place);
    }
    check_answer(
        codec_of(protocol).encode({&rig.service, &operation, "foo-id"}, operation.output, place),
        one);
}

void run_error(Rig& rig, Protocol protocol, std::string_view name, const json::Value& one) {
    const Shape& shape = rig.model.get(name);
    const auto detail = std::make_shared<Dynamic>();
    void* place = detail->place(Kind::kStructure);
    ServiceError error{std::string(shape.name), Error{ErrorCode::kInvalidArgument, ""}};
    if (const auto parameters = one.find("params")) {
        from_parameters(shape, *parameters, place);
        error.error.message = text_of(*parameters, "message") + text_of(*parameters, "Message");
    }
    for (std::size_t i = 0; i < shape.members.size(); ++i) {
        const std::string_view member = shape.members[i].name;
        if (member == "message" || member == "Message") detail->members[i].reset();
    }
    error.detail = std::shared_ptr<const void>(detail, place);
    error.detail_shape = &shape;
    // The service whose errors these are says so by a trait; the cases name it by the header.
    rig.service.query_compatible = text_of(one, "id").starts_with("QueryCompatible");
    check_answer(codec_of(protocol).encode_error({&rig.service, nullptr, "foo-id"}, error), one);
}

// "$value:L" is the text, "$value:S" the text as a JSON string, "$$" a dollar.
std::string filled(std::string_view text, const std::map<std::string, std::string>& values) {
    std::string out;
    while (!text.empty()) {
        const std::size_t dollar = text.find('$');
        out += text.substr(0, dollar);
        if (dollar == std::string_view::npos) return out;
        text.remove_prefix(dollar + 1);
        if (text.starts_with('$')) {
            out += '$';
            text.remove_prefix(1);
            continue;
        }
        const std::size_t colon = text.find(':');
        const auto at = colon == std::string_view::npos
                            ? values.end()
                            : values.find(std::string(text.substr(0, colon)));
        if (at == values.end()) {
            out += '$';
            continue;
        }
        if (text[colon + 1] == 'S') {
            json::append_quoted(out, at->second);
        } else {
            out += at->second;
        }
        text.remove_prefix(colon + 2);
    }
    return out;
}

void run_malformed(Rig& rig, std::string_view name, const json::Value& one,
                   const std::map<std::string, std::string>& values) {
    const OperationModel& operation = rig.find(name);
    const json::Value sent = *one.find("request"), owed = *one.find("response");
    const http::RequestHead raw = head_of(sent);
    http::RequestHead head;
    head.method = raw.method;
    head.target = filled(raw.target, values);
    for (const http::Header& header : raw.headers.list()) {
        head.headers.add(header.name, filled(header.value, values));
    }
    const std::string body = filled(text_of(sent, "body"), values);
    const auto route = RouteTable(rig.operations).find(head.method, head.path(), head.query());
    if (!route || route->operation != &operation) {
        FAIL_CHECK("routed to another operation");
        return;
    }
    WireRequest request;
    request.head = &head;
    request.body = body;
    request.labels = route->labels;
    request.operation = &operation;
    Dynamic value;
    MissingMembers missing;
    void* place = value.place(Kind::kStructure);
    auto decoded = rest_json_codec().decode(request, *operation.input, place, missing);
    http::Response answer;
    answer.status = 200;
    const WireContext context{&rig.service, &operation, "foo-id"};
    if (!decoded) {
        answer = rest_json_codec().encode_error(context, decoded.error());
    } else if (const Violations found = find_violations(*operation.input, place, missing);
               !found.empty()) {
        answer = rest_json_codec().encode_error(
            context, validation_failure(&rig.service, operation, Protocol::kRestJson, found));
    }
    CHECK(answer.status == owed.find("code")->integer());
    const std::string type = text_of(*owed.find("headers"), "x-amzn-errortype");
    CHECK(header_of(answer, "x-amzn-errortype") == type);
    const auto wanted = owed.find("body");
    if (!wanted || answer.status != owed.find("code")->integer()) return;
    const std::string contents = text_of(*wanted->find("assertion"), "contents");
    CHECK_FALSE(contents.empty());
    CHECK(canonical_json(answer.body) == canonical_json(filled(contents, values)));
}

void run_malformed_cases(Rig& rig, std::string_view name, const json::Value& one) {
    const auto parameters = one.find("testParameters");
    if (!parameters) return run_malformed(rig, name, one, {});
    std::vector<std::map<std::string, std::string>> rounds;
    for (const json::MemberRef& parameter : parameters->members()) {
        std::size_t round = 0;
        rounds.resize(parameter.value.size());
        for (const json::Value& value : parameter.value.elements()) {
            rounds[round++][std::string(parameter.name)] = value.string();
        }
    }
    for (const auto& values : rounds) {
        const std::string shown = values.contains("value") ? values.at("value") : "";
        CAPTURE(shown);
        run_malformed(rig, name, one, values);
    }
}

TEST_CASE("published cases of servers in every protocol") {
    const auto document = shared_json("smithy-cases.json.zst");
    if (!document) return;
    LeftOut left_out("smithy-cases");
    std::map<std::pair<std::string, Protocol>, std::unique_ptr<Rig>> rigs;
    std::map<std::string, std::size_t> run;
    for (const json::MemberRef& owner : document->root().find("operations")->members()) {
        const std::string name(owner.name), space = name.substr(0, name.find('#'));
        for (const json::MemberRef& kind : owner.value.find("tests")->members()) {
            for (const json::Value& one : kind.value.elements()) {
                const std::string id = text_of(one, "id");
                if (left_out.has(id)) continue;
                CAPTURE(id);
                const auto protocol = protocol_of(text_of(one, "protocol"));
                if (!protocol) {
                    FAIL_CHECK("a protocol that we do not speak");
                    continue;
                }
                auto& rig = rigs[{space, *protocol}];
                if (!rig) rig = std::make_unique<Rig>(document->root(), space, *protocol);
                ++run[std::string(kind.name)];
                if (kind.name == "httpMalformedRequestTests") {
                    run_malformed_cases(*rig, name, one);
                } else if (kind.name == "httpRequestTests") {
                    run_request(*rig, *protocol, name, one);
                } else if (text_of(owner.value, "type") == "structure") {
                    run_error(*rig, *protocol, name, one);
                } else {
                    run_answer(*rig, *protocol, name, one);
                }
            }
        }
    }
    std::printf("server cases: %zu requests, %zu answers, %zu malformed run, %zu left out\n",
                run["httpRequestTests"], run["httpResponseTests"], run["httpMalformedRequestTests"],
                left_out.count());
    CHECK(left_out.unknown() == "");
    CHECK(run["httpRequestTests"] > 250);
    CHECK(run["httpResponseTests"] > 150);
    CHECK(run["httpMalformedRequestTests"] > 140);
}

}  // namespace
}  // namespace sky::aws::testing
