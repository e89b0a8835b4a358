// SPDX-License-Identifier: Apache-2.0
#include "aws/dispatch.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <new>
#include <thread>

#include "aws/sigv4.h"
#include "json/document.h"

namespace sky::aws {
namespace {

// A service of five operations: echo answers, fail fails as it is told, later answers on another
// thread, quiet has no output, nor has GetOwn, which anybody may call. The model also has one that
// is not built.
struct EchoRequest {
    std::string text;
    std::optional<std::int32_t> count;
};
struct EchoResponse {
    std::optional<std::string> text, account, region, key;
};
struct QuietResponse {};
struct BadThing {
    std::optional<std::string> hint;
};

constexpr Shape kText{.kind = Kind::kString, .name = "Text", .min = 1, .max = 1'000'000};
constexpr Shape kCount{.kind = Kind::kInteger, .name = "Count"};
constexpr Member kEchoRequestMembers[] = {
    {"text", &kText, offsetof(EchoRequest, text), &kPlainSlot<std::string>, true, {}, {}},
    {"count", &kCount, offsetof(EchoRequest, count), &kOptionalSlot<std::int32_t>, false, {}, {}},
};
constexpr Shape kEchoRequest{
    .kind = Kind::kStructure, .name = "EchoRequest", .members = kEchoRequestMembers};
constexpr Member kEchoResponseMembers[] = {
    {"text", &kText, offsetof(EchoResponse, text), &kOptionalSlot<std::string>, false, {}, {}},
    {"account",
     &kText,
     offsetof(EchoResponse, account),
     &kOptionalSlot<std::string>,
     false,
     {},
     {}},
    {"region", &kText, offsetof(EchoResponse, region), &kOptionalSlot<std::string>, false, {}, {}},
    {"key", &kText, offsetof(EchoResponse, key), &kOptionalSlot<std::string>, false, {}, {}},
};
constexpr Shape kEchoResponse{
    .kind = Kind::kStructure, .name = "EchoResponse", .members = kEchoResponseMembers};
constexpr Member kBadThingMembers[] = {
    {"hint", &kText, offsetof(BadThing, hint), &kOptionalSlot<std::string>, false, {}, {}},
};
constexpr Shape kBadThing{
    .kind = Kind::kStructure, .name = "BadThing", .members = kBadThingMembers, .is_error = true};
constexpr Shape kBroken{
    .kind = Kind::kStructure, .name = "Broken", .is_error = true, .is_fault = true};
constexpr std::string_view kEchoErrors[] = {"BadThing", "Broken"};
constexpr OperationModel kModelOperations[] = {
    {"Echo", &kEchoRequest, &kEchoResponse, kEchoErrors, "InvalidParameterException", "POST", "/"},
    {"Fail", &kEchoRequest, &kEchoResponse, kEchoErrors, "InvalidParameterException", "POST", "/"},
    {"GetOwn", &kEchoRequest, nullptr, kEchoErrors, "InvalidParameterException", "POST", "/"},
    {"Later", &kEchoRequest, &kEchoResponse, kEchoErrors, "InvalidParameterException", "POST", "/"},
    {"Quiet", &kEchoRequest, nullptr, kEchoErrors, "InvalidParameterException", "POST", "/"},
    {"Unbuilt", &kEchoRequest, nullptr, kEchoErrors, "InvalidParameterException", "POST", "/"},
};
constexpr const Shape* kModelErrors[] = {&kBadThing, &kBroken};
constexpr Protocol kMiniProtocols[] = {Protocol::kJson11, Protocol::kCbor};
constexpr ServiceModel kMini{"mini",           "mini",       "Mini_20260101",
                             "2026-01-01",     "1.1",        "com.amazonaws.mini",
                             kModelOperations, kModelErrors, kMiniProtocols};
const Shape& shape_of(const EchoRequest*) { return kEchoRequest; }
const Shape& shape_of(const EchoResponse*) { return kEchoResponse; }
const Shape& shape_of(const BadThing*) { return kBadThing; }

struct Mini {
    std::vector<std::jthread> threads;
};

Result<EchoResponse> echo(Mini&, const CallContext& context, const EchoRequest& in) {
    return EchoResponse{in.text, context.account, context.region, context.access_key_id};
}

Reply<EchoResponse> fail_as_told(Mini&, const CallContext&, const EchoRequest& in) {
    if (in.text == "modelled") {
        return std::unexpected(
            ServiceError("BadThing", Error{ErrorCode::kInvalidState, "It is bad."})
                .with(BadThing{"try less"}));
    }
    if (in.text == "plain") return std::unexpected(Error{ErrorCode::kNotFound, "no such thing"});
    if (in.text == "foreign") return fault("NotInTheModel", "secret detail");
    if (in.text == "fault") return fault("Broken", "broken");
    if (in.text == "memory") throw std::bad_alloc();
    return EchoResponse{};
}

Result<QuietResponse> quiet(Mini&, const CallContext&, const EchoRequest&) {
    return QuietResponse{};
}

void later(Mini& mini, Call call) {
    EchoRequest in;
    if (auto decoded = call.decode(in); !decoded) return call.fail(std::move(decoded).error());
    if (in.text == "forget") return;
    mini.threads.emplace_back([call = std::move(call), in = std::move(in)]() mutable {
        call.respond(EchoResponse{in.text, {}, {}, {}});
    });
}

ServiceError map_error(const OperationModel&, const Error& error) {
    return {error.code == ErrorCode::kNotFound ? "BadThing" : "Broken", error};
}

constexpr OperationDef kOperations[] = {
    {"Echo", Access::kRead, 1'000, typed<echo>},
    {"Fail", Access::kControl, 1'000, typed<fail_as_told>},
    {"GetOwn", Access::kControl, 1'000, typed<quiet>, {Permission::kIdentity}},
    {"Later", Access::kWrite, 1'000, raw<later>},
    {"Quiet", Access::kControl, 1'000, typed<quiet>},
};

class Keys final : public KeySource {
public:
    std::optional<Credential> find(std::string_view id) const override {
        if (id != "AKID") return std::nullopt;
        Credential key{"AKID", "secret", "210987654321"};
        key.permissions = permissions;
        return key;
    }
    void note_used(std::string_view id, std::int64_t now_ms) const override {
        used.emplace_back(std::string(id), now_ms);
    }
    Permissions permissions = Permissions::all();
    mutable std::vector<std::pair<std::string, std::int64_t>> used;
};

std::string gzip(std::string_view text) {
    std::string out(text.size() + 100, '\0');
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string in(text);
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

class Rig {
public:
    explicit Rig(Authentication authentication = Authentication::kSigV4)
        : clock(1'767'225'600'000), random(7) {
        DispatchOptions options;
        options.authentication = authentication;
        options.keys = &keys;
        options.clock = &clock;
        options.random = &random;
        options.account = "123456789012";
        options.region = "us-east-1";
        options.path_prefix = "/aws";
        options.routes.push_back(
            {"/healthz", http::Lane::kControl, 0,
             [](http::Request, http::Respond respond) { respond({200, {}, "alive"}); }});
        options.routes.push_back(
            {"/console/", http::Lane::kRead, 5, [](http::Request request, http::Respond respond) {
                 respond({200, {}, request.head.target});
             }});
        options.audit = [this](const AuditRecord& record) {
            audited.push_back(std::string(record.action) + " " + std::string(record.caller_arn) +
                              " " + std::string(record.parameters) + " " +
                              std::to_string(record.status) + " " + std::string(record.error_type));
        };
        options.unknown_route = [](const http::RequestHead& head) {
            return http::Response{404, {}, "no page " + head.target};
        };
        dispatcher = std::make_unique<Dispatcher>(std::move(options));
    }

    void open() { dispatcher->open({service_def(kMini, kOperations, map_error, mini)}); }

    // As the server does: the head first, the rest only if it is admitted.
    http::Response send(http::Request request) {
        const http::HeadDecision decision = dispatcher->on_head(request.head);
        if (const auto* early = std::get_if<http::Response>(&decision)) return *early;
        admitted = std::get<http::Admit>(decision);
        request.head.decided = admitted->decided;
        if (request.body.size() > admitted->body_bytes_max) {
            return dispatcher->refuse(request.head, http::Refusal::kBodyTooLarge);
        }
        std::optional<http::Response> answer;
        dispatcher->handle(std::move(request), [&](http::Response response) {
            REQUIRE_FALSE(answer);
            answer = std::move(response);
        });
        mini.threads.clear();  // Joins.
        REQUIRE(answer);
        return *answer;
    }

    http::Request request(std::string_view operation, std::string body,
                          std::vector<http::Header> headers = {}) const {
        http::Request out;
        out.head.method = "POST";
        out.head.target = "/";
        out.head.headers.add("Host", "localhost");
        out.head.headers.add("X-Amz-Target", "Mini_20260101." + std::string(operation));
        out.head.headers.add("Content-Type", "application/x-amz-json-1.1");
        for (http::Header& header : headers) out.head.headers.add(header.name, header.value);
        out.body = std::move(body);
        out.body_sha256 = crypto::sha256_hex(out.body);
        return out;
    }

    http::Request signed_request(http::Request out, const std::string& secret = "secret") const {
        for (const http::Header& header :
             sigv4::sign(out.head, out.body_sha256, {"AKID", secret},
                         {.region = "eu-north-1", .service = "mini", .now_ms = clock.now_ms()})) {
            out.head.headers.add(header.name, header.value);
        }
        return out;
    }

    Keys keys;
    std::vector<std::string> audited;
    ManualClock clock;
    SeededRandom random;
    Mini mini;
    std::unique_ptr<Dispatcher> dispatcher;
    std::optional<http::Admit> admitted;
};

std::string header(const http::Response& response, std::string_view name) {
    for (const http::Header& one : response.headers) {
        if (one.name == name) return one.value;
    }
    return {};
}

std::string type_of(const http::Response& response) {
    const auto document = json::Document::parse(response.body);
    if (!document) return "no JSON: " + response.body;
    const auto type = document->root().find("__type");
    return type ? std::string(type->string()) : "no type: " + response.body;
}

TEST_CASE("a signed call: tenant from key and scope, request id, lane") {
    Rig rig;
    rig.open();
    const auto response =
        rig.send(rig.signed_request(rig.request("Echo", R"({"text":"hi","count":1})")));
    CHECK(response.status == 200);
    CHECK(response.body ==
          R"({"text":"hi","account":"210987654321","region":"eu-north-1","key":"AKID"})");
    CHECK(header(response, "Content-Type") == "application/x-amz-json-1.1");
    CHECK(header(response, "x-amzn-RequestId").size() == 36);
    CHECK(rig.admitted->lane == http::Lane::kRead);
    CHECK(rig.admitted->body_bytes_max == 1'000);
    const auto counts = rig.dispatcher->counts();
    REQUIRE(counts.operations.size() == std::size(kOperations));
    CHECK(counts.operations[0].operation == "Echo");
    CHECK(counts.operations[0].calls == 1);
    CHECK(counts.operations[0].client_errors == 0);
    CHECK(counts.operations[0].body_bytes == 23);
}

TEST_CASE("authentication") {
    Rig rig;
    rig.open();
    struct Case {
        const char* name;
        http::Request request;
        std::string_view type;
    };
    http::Request tampered = rig.signed_request(rig.request("Echo", R"({"text":"hi"})"));
    tampered.body = R"({"text":"ha"})";
    tampered.body_sha256 = crypto::sha256_hex(tampered.body);
    http::Request old = rig.signed_request(rig.request("Echo", "{}"));
    const Case cases[] = {
        {"none", rig.request("Echo", "{}"), "MissingAuthenticationTokenException"},
        {"wrong secret", rig.signed_request(rig.request("Echo", "{}"), "guess"),
         "InvalidSignatureException"},
        {"tampered body", tampered, "InvalidSignatureException"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto response = rig.send(c.request);
        CHECK(response.status == 400);
        CHECK(type_of(response) == c.type);
        CHECK(header(response, "x-amzn-RequestId").size() == 36);
    }
    rig.clock.advance_ms(6 * 60'000);
    CHECK(type_of(rig.send(old)) == "InvalidSignatureException");
    CHECK(rig.dispatcher->counts().authentication_failures == 4);
}

TEST_CASE("authorisation: any permission that opens the operation, decided after the signature") {
    struct Case {
        std::string_view operation;
        Permissions permissions;
        bool allowed;
    };
    constexpr Permissions kRead = {Permission::kRead}, kWrite = {Permission::kWrite},
                          kAdmin = {Permission::kAdmin};
    const Case cases[] = {
        {"Echo", kRead, true},   {"Echo", kWrite, false},  {"Echo", kAdmin, false},
        {"Echo", {}, false},     {"Later", kWrite, true},  {"Later", kRead, false},
        {"Quiet", kAdmin, true}, {"Quiet", kWrite, false}, {"Quiet", kRead, false},
        {"GetOwn", {}, true},    {"GetOwn", kRead, true},
    };
    for (const Case& c : cases) {
        CAPTURE(c.operation);
        CAPTURE(format_permissions(c.permissions));
        Rig rig;
        rig.open();
        rig.keys.permissions = c.permissions;
        const auto response =
            rig.send(rig.signed_request(rig.request(c.operation, R"({"text":"hi"})")));
        CHECK(response.status == (c.allowed ? 200 : 400));
        CHECK(rig.keys.used ==
              std::vector<std::pair<std::string, std::int64_t>>{{"AKID", rig.clock.now_ms()}});
        if (c.allowed) continue;
        const std::string operation(c.operation);
        CHECK(response.body ==
              R"({"__type":"AccessDeniedException","message":"User: )"
              "arn:aws:iam::210987654321:user/AKID is not authorized to perform: mini:" +
                  operation + " because no identity-based policy allows the mini:" + operation +
                  R"( action"})");
        // Who cannot sign learns nothing about what the key may do.
        CHECK(type_of(rig.send(rig.signed_request(rig.request(c.operation, R"({"text":"hi"})"),
                                                  "guess"))) == "InvalidSignatureException");
        CHECK(rig.keys.used.size() == 1);
        CHECK(rig.dispatcher->counts().authentication_failures == 1);
    }
}

TEST_CASE("audit: administration is put on record, whatever came of it; nothing else is") {
    Rig rig;
    rig.open();
    const auto send = [&](std::string_view operation, std::string body) {
        rig.audited.clear();
        rig.send(rig.signed_request(rig.request(operation, std::move(body))));
        return rig.audited;
    };
    const std::string who = "arn:aws:iam::210987654321:user/AKID";
    CHECK(send("Echo", R"({"text":"x"})").empty());
    CHECK(send("GetOwn", R"({"text":"x"})").empty());
    CHECK(send("Quiet", R"({"text":"x","secretKey":"hush"})") ==
          std::vector{"mini:Quiet " + who + R"( {"text":"x","secretKey":"***"} 200 )"});
    CHECK(send("Fail", R"({"text":"plain"})") ==
          std::vector{"mini:Fail " + who + R"( {"text":"plain"} 400 BadThing)"});
    CHECK(send("Quiet", "no json") ==
          std::vector{"mini:Quiet " + who + " {} 400 SerializationException"});
    rig.keys.permissions = {Permission::kRead};
    CHECK(send("Quiet", R"({"text":"x"})") ==
          std::vector{"mini:Quiet " + who + " {} 400 AccessDeniedException"});
}

TEST_CASE("authentication off: the scope still names the region") {
    Rig rig(Authentication::kOff);
    rig.open();
    CHECK(rig.send(rig.request("Echo", R"({"text":"a"})")).body ==
          R"({"text":"a","account":"123456789012","region":"us-east-1","key":""})");
    CHECK(rig.send(rig.signed_request(rig.request("Echo", R"({"text":"a"})"), "any")).body ==
          R"({"text":"a","account":"123456789012","region":"eu-north-1","key":""})");
}

TEST_CASE("errors of handlers") {
    Rig rig(Authentication::kOff);
    rig.open();
    struct Case {
        std::string_view text;
        int status;
        std::string_view body;
    };
    constexpr Case kCases[] = {
        {"modelled", 400, R"({"__type":"BadThing","message":"It is bad.","hint":"try less"})"},
        {"plain", 400, R"({"__type":"BadThing","message":"no such thing"})"},
        {"fault", 500, R"({"__type":"Broken","message":"broken"})"},
        {"foreign", 500, R"({"__type":"InternalFailure","message":"An internal error occurred."})"},
        {"memory", 500, R"({"__type":"InternalFailure","message":"An internal error occurred."})"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        const auto response =
            rig.send(rig.request("Fail", R"({"text":")" + std::string(c.text) + "\"}"));
        CHECK(response.status == c.status);
        CHECK(response.body == c.body);
        CHECK(header(response, "x-amzn-RequestId").size() == 36);
    }
    const auto counts = rig.dispatcher->counts();
    CHECK(counts.operations[1].calls == 5);
    CHECK(counts.operations[1].client_errors == 2);
    CHECK(counts.operations[1].server_errors == 3);
}

TEST_CASE("answers on another thread, and calls that are forgotten") {
    Rig rig(Authentication::kOff);
    rig.open();
    CHECK(rig.send(rig.request("Later", R"({"text":"x"})")).body == R"({"text":"x"})");
    CHECK(rig.admitted->lane == http::Lane::kWrite);
    CHECK(type_of(rig.send(rig.request("Later", R"({"text":"forget"})"))) == "InternalFailure");
    CHECK(type_of(rig.send(rig.request("Later", "{}"))) == "InvalidParameterException");
    const auto nothing = rig.send(rig.request("Quiet", R"({"text":"x"})"));
    CHECK(nothing.status == 200);
    CHECK(nothing.body.empty());
}

TEST_CASE("gzip is inflated after the signature, within the operation's own limit") {
    Rig rig;
    rig.open();
    const auto send = [&rig](std::string body, std::string coding) {
        return rig.send(rig.signed_request(
            rig.request("Echo", std::move(body), {{"Content-Encoding", std::move(coding)}})));
    };
    CHECK(send(gzip(R"({"text":"zipped"})"), "gzip").body.starts_with(R"({"text":"zipped")"));
    CHECK(send(R"({"text":"plain"})", "identity").status == 200);
    CHECK(type_of(send("not gzip", "gzip")) == "SerializationException");
    CHECK(type_of(send(R"({"text":"x"})", "br")) == "SerializationException");
    const auto bomb = send(gzip(R"({"text":")" + std::string(100'000, 'x') + "\"}"), "gzip");
    CHECK(bomb.status == 413);
    CHECK(type_of(bomb) == "RequestEntityTooLargeException");
}

TEST_CASE("classification: who answers what") {
    Rig rig(Authentication::kOff);
    rig.open();
    const auto plain = [](std::string method, std::string target,
                          std::vector<http::Header> headers = {}, std::string body = {}) {
        http::Request out;
        out.head.method = std::move(method);
        out.head.target = std::move(target);
        for (http::Header& one : headers) out.head.headers.add(one.name, one.value);
        out.body = std::move(body);
        out.body_sha256 = crypto::sha256_hex(out.body);
        return out;
    };
    const std::string json = "application/x-amz-json-1.1",
                      form = "application/x-www-form-urlencoded";
    const std::string xray =
        "AWS4-HMAC-SHA256 Credential=A/20260101/r/xray/aws4_request, SignedHeaders=host, "
        "Signature=0";
    struct Case {
        const char* name;
        http::Request request;
        int status;
        std::string_view part;  // Of the body.
    };
    const Case cases[] = {
        {"own path", plain("GET", "/healthz"), 200, "alive"},
        {"own path with query", plain("GET", "/healthz?x=1"), 200, "alive"},
        {"own folder", plain("GET", "/console/a/b"), 200, "/console/a/b"},
        {"below an own path", plain("GET", "/healthz/x"), 404, "no page /healthz/x"},
        {"the front page", plain("GET", "/"), 404, "no page /"},
        {"unbuilt", rig.request("Unbuilt", "{}"), 400,
         "Operation Unbuilt is not supported by skywatch (see docs/compatibility.md)"},
        {"unknown", rig.request("Nonsense", "{}"), 400, R"("__type":"UnknownOperationException")"},
        {"other service",
         plain("POST", "/", {{"X-Amz-Target", "AWSEvents.PutEvents"}, {"Content-Type", json}},
               "{}"),
         400, "Operation PutEvents is not"},
        {"no dot",
         plain("POST", "/", {{"X-Amz-Target", "PutEvents"}, {"Content-Type", json}}, "{}"), 400,
         "UnknownOperationException"},
        {"json without target", plain("POST", "/", {{"Content-Type", json}}, "{}"), 400,
         "UnknownOperationException"},
        {"the service speaks 1.1, whatever the content type says",
         plain("POST", "/",
               {{"X-Amz-Target", "Mini_20260101.Unbuilt"},
                {"Content-Type", "application/x-amz-json-1.0"}},
               "{}"),
         400, R"("__type":"UnknownOperationException")"},
        {"no content type",
         plain("POST", "/", {{"X-Amz-Target", "Mini_20260101.Echo"}}, R"({"text":"x"})"), 200, "x"},
        {"prefix",
         plain("POST", "/aws/", {{"X-Amz-Target", "Mini_20260101.Echo"}}, R"({"text":"x"})"), 200,
         "x"},
        {"query, form",
         plain("POST", "/", {{"Content-Type", form}},
               "Version=2011-06-15&Action=GetCallerIdentity"),
         400,
         "<Code>UnknownOperationException</Code><Message>Operation GetCallerIdentity is not "
         "supported"},
        {"query, string", plain("GET", "/?Action=DescribeRegions&Version=2016-11-15"), 400,
         "Operation DescribeRegions is not"},
        {"query, hostile name",
         plain("POST", "/", {{"Content-Type", form}}, "Action=%3Ca%3E%0A" + std::string(500, 'x')),
         400, "Operation &lt;a&gt;xxx"},
        {"cbor",
         plain("POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics",
               {{"smithy-protocol", "rpc-v2-cbor"}, {"Content-Type", "application/cbor"}}),
         404, "Operation ListMetrics is not"},
        {"cbor with target",
         plain("POST", "/service/Mini_20260101/operation/Echo",
               {{"smithy-protocol", "rpc-v2-cbor"}, {"X-Amz-Target", "Mini_20260101.Echo"}}),
         400, "X-Amz-Target does not belong"},
        {"cbor of a built operation",
         plain("POST", "/p/service/ns.Mini_20260101/operation/Echo",
               {{"smithy-protocol", "rpc-v2-cbor"}}),
         400, "com.amazonaws.mini#InvalidParameterException"},
        {"cbor of an operation that is not built",
         plain("POST", "/service/Mini_20260101/operation/Unbuilt",
               {{"smithy-protocol", "rpc-v2-cbor"}}),
         404, "com.amazonaws.mini#UnknownOperationException"},
        {"rest", plain("POST", "/GetSamplingRules", {{"Authorization", xray}}, "{}"), 404,
         "Operation POST/GetSamplingRules is not supported"},
        {"page", plain("GET", "/favicon.ico"), 404, "no page /favicon.ico"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.name);
        const auto response = rig.send(c.request);
        CHECK(response.status == c.status);
        CAPTURE(response.body);
        CHECK(response.body.find(c.part) != std::string::npos);
    }
}

TEST_CASE("before opening and while draining: 503, and the server's own pages go on") {
    Rig rig(Authentication::kOff);
    http::Request page;
    page.head.method = "GET";
    page.head.target = "/healthz";
    CHECK(rig.send(rig.request("Echo", "{}")).status == 503);
    CHECK(type_of(rig.send(rig.request("Echo", "{}"))) == "ServiceUnavailableException");
    CHECK(rig.send(page).status == 200);
    rig.open();
    CHECK(rig.send(rig.request("Echo", R"({"text":"x"})")).status == 200);
    rig.dispatcher->drain();
    CHECK(rig.send(rig.request("Echo", R"({"text":"x"})")).status == 503);
    CHECK(rig.send(page).status == 200);
}

TEST_CASE("what the server refuses by itself is told in the protocol spoken") {
    Rig rig(Authentication::kOff);
    rig.open();
    struct Case {
        http::Refusal why;
        int status;
        std::string_view type;
        int plain_status = 0;  // Where nothing tells the protocol, if another.
    };
    constexpr Case kCases[] = {
        {http::Refusal::kQueueFull, 400, "ThrottlingException", 429},
        {http::Refusal::kOutOfBodyMemory, 400, "ThrottlingException", 429},
        {http::Refusal::kBodyTooLarge, 413, "RequestEntityTooLargeException"},
        {http::Refusal::kBodyTimeout, 408, "RequestTimeoutException"},
        {http::Refusal::kMalformed, 400, "SerializationException"},
        {http::Refusal::kDraining, 503, "ServiceUnavailableException"},
        {http::Refusal::kHandlerFailed, 500, "InternalFailure"},
    };
    const http::Request request = rig.request("Echo", "{}");
    http::RequestHead broken;
    for (const Case& c : kCases) {
        const auto response = rig.dispatcher->refuse(request.head, c.why);
        CHECK(response.status == c.status);
        CHECK(type_of(response) == c.type);
        CHECK(header(response, "x-amzn-RequestId").size() == 36);
        const auto plain = rig.dispatcher->refuse(broken, c.why);
        CHECK(plain.status == (c.plain_status != 0 ? c.plain_status : c.status));
        CHECK(header(plain, "x-amzn-ErrorType") == c.type);
    }
    CHECK(rig.dispatcher->counts().operations[0].throttled == 2);
}

}  // namespace
}  // namespace sky::aws
