// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "aws/codec.h"
#include "aws/json_value.h"
#include "aws/path.h"
#include "aws/presence.h"
#include "aws/rest_bindings.h"
#include "base/assert.h"
#include "json/document.h"
#include "json/writer.h"

namespace sky::aws {
namespace {

constexpr std::string_view kJson = "application/json";

const Member* payload_of(const Shape& shape, std::size_t* index = nullptr) {
    const auto at = std::ranges::find(shape.members, Location::kPayload, &Member::location);
    if (at == shape.members.end()) return nullptr;
    if (index != nullptr) *index = static_cast<std::size_t>(at - shape.members.begin());
    return &*at;
}

bool has_body(const Shape& shape) {
    return std::ranges::find(shape.members, Location::kBody, &Member::location) !=
           shape.members.end();
}

// Bytes or text as they are, without JSON around them.
bool is_plain(const Shape& shape) {
    return shape.kind == Kind::kString || shape.kind == Kind::kBlob;
}

std::string_view media_type_of(const Shape& payload) {
    if (!payload.media_type.empty()) return payload.media_type;
    if (payload.kind == Kind::kString) return "text/plain";
    if (payload.kind == Kind::kBlob) return "application/octet-stream";
    return kJson;
}

// A body in another format than the modelled one. A missing type is let through, and text/plain
// where JSON is expected: beacons of browsers can send nothing else (clients.md 5.4).
bool is_foreign(const Shape& shape, const http::RequestHead& head) {
    const auto given = head.headers.find("content-type");
    if (!given || given->empty()) return false;
    const std::string type = bare_media_type(*given);
    const Member* payload = payload_of(shape);
    if (payload != nullptr && is_plain(*payload->shape)) {
        // Bytes without a modelled type may be anything.
        if (payload->shape->kind == Kind::kBlob && payload->shape->media_type.empty()) return false;
        return type != media_type_of(*payload->shape);
    }
    if (payload == nullptr && !has_body(shape)) return false;
    return type != kJson && type != "text/plain" && !type.starts_with("application/x-amz-json-");
}

bool is_unacceptable(const OperationModel& operation, const http::RequestHead& head) {
    const std::string_view accept = head.headers.get("accept");
    if (accept.empty() || operation.output == nullptr) return false;
    const Member* payload = payload_of(*operation.output);
    if (payload == nullptr) return !accepts(accept, kJson);
    if (payload->shape->kind == Kind::kBlob && payload->shape->media_type.empty()) return false;
    return !accepts(accept, media_type_of(*payload->shape));
}

class RestJsonCodec final : public Codec {
public:
    Protocol protocol() const override { return Protocol::kRestJson; }

    std::expected<void, ServiceError> decode(const WireRequest& request, const Shape& shape,
                                             void* out, MissingMembers& missing) const override {
        SKY_ASSERT(shape.kind == Kind::kStructure, "requests are structures");
        if (request.head != nullptr && is_foreign(shape, *request.head)) {
            return fault(std::string(error_types::kUnsupportedMediaType),
                         "The Content-Type is not the one that the operation takes.");
        }
        if (request.head != nullptr && request.operation != nullptr &&
            is_unacceptable(*request.operation, *request.head)) {
            return fault(std::string(error_types::kNotAcceptable),
                         "The Accept header leaves no type that the operation answers with.");
        }
        Presence presence(shape);
        if (const Member* broken = decode_bindings(request, shape, out, presence)) {
            return malformed("The value does not have the type of the parameter '" +
                             std::string(broken->on_wire()) + "'");
        }
        JsonDecoder decoder(JsonFlavour::kRest, missing);
        std::size_t index = 0;
        if (const Member* payload = payload_of(shape, &index)) {
            if (request.body.empty()) {
                // Absent; an empty text or blob is not told from none.
            } else if (is_plain(*payload->shape)) {
                if (!plain(request.body, *payload->shape, field_of(*payload, out))) {
                    return malformed("The body is not UTF-8");
                }
                presence.mark(index);
            } else {
                const auto document = json::Document::parse(request.body);
                if (!document) return malformed(document.error().message);
                if (document->root().kind() != json::Kind::kNull) {
                    if (!decoder.decode(document->root(), *payload->shape, field_of(*payload, out),
                                        Path{}.member(payload->name))) {
                        return malformed(decoder.take_message());
                    }
                    presence.mark(index);
                }
            }
        } else if (has_body(shape) && !request.body.empty()) {
            const auto document = json::Document::parse(request.body);
            if (!document) return malformed(document.error().message);
            if (!decoder.body_members(document->root(), shape, out, Path{}, presence)) {
                return malformed(decoder.take_message());
            }
        }
        presence.report(Path{}, missing);
        return {};
    }

    http::Response encode(const WireContext& context, const Shape* shape,
                          const void* value) const override {
        http::Response response;
        if (context.operation != nullptr) response.status = context.operation->http_status;
        if (shape == nullptr) return response;
        encode_bindings(response, *shape, value);
        if (const Member* payload = payload_of(*shape)) {
            const void* body = value_of(*payload, value);
            if (body == nullptr) return response;
            content_type(response, media_type_of(*payload->shape));
            if (payload->shape->kind == Kind::kString) {
                response.body = *static_cast<const std::string*>(body);
            } else if (payload->shape->kind == Kind::kBlob) {
                response.body = static_cast<const Blob*>(body)->bytes;
            } else {
                json::Writer out(response.body);
                encode_json(out, JsonFlavour::kRest, *payload->shape, body);
            }
            return response;
        }
        content_type(response, kJson);
        json::Writer out(response.body);
        out.begin_object();
        encode_json_body(out, JsonFlavour::kRest, *shape, value);
        out.end_object();
        return response;
    }

    http::Response encode_error(const WireContext& context,
                                const ServiceError& error) const override {
        http::Response response;
        response.status = http_status_of(context.service, error, Protocol::kRestJson);
        response.headers.push_back({"Content-Type", std::string(kJson)});
        response.headers.push_back({"x-amzn-ErrorType", error.type});
        if (error.detail) {
            // A header of the detail, never its status: that is the error's.
            const int status = response.status;
            encode_bindings(response, *error.detail_shape, error.detail.get());
            response.status = status;
        }
        json::Writer out(response.body);
        out.begin_object();
        encode_json_error_members(out, JsonFlavour::kRest, context, error);
        out.end_object();
        return response;
    }

private:
    // A modelled header of that name comes first.
    static void content_type(http::Response& response, std::string_view type) {
        for (const http::Header& header : response.headers) {
            if (bare_media_type(header.name) == "content-type") return;
        }
        response.headers.push_back({"Content-Type", std::string(type)});
    }

    static bool plain(std::string_view body, const Shape& shape, void* out) {
        if (shape.kind == Kind::kBlob) {
            static_cast<Blob*>(out)->bytes = body;
            return true;
        }
        if (!json::is_valid_utf8(body)) return false;
        *static_cast<std::string*>(out) = body;
        return true;
    }
};

}  // namespace

const Codec& rest_json_codec() {
    static const RestJsonCodec codec;
    return codec;
}

}  // namespace sky::aws
