// SPDX-License-Identifier: Apache-2.0
#include "aws/codec.h"
#include "aws/json_value.h"
#include "base/assert.h"
#include "json/document.h"
#include "json/writer.h"

namespace sky::aws {
namespace {

class JsonCodec final : public Codec {
public:
    explicit JsonCodec(Protocol protocol) : protocol_(protocol) {}

    Protocol protocol() const override { return protocol_; }

    std::expected<void, ServiceError> decode(const WireRequest& request, const Shape& shape,
                                             void* out, MissingMembers& missing) const override {
        SKY_ASSERT(shape.kind == Kind::kStructure, "requests are structures");
        // Some clients send nothing where the operation needs nothing (clients.md 5.2).
        const std::string_view text = request.body.empty() ? std::string_view("{}") : request.body;
        const auto document = json::Document::parse(text);
        if (!document) return malformed(document.error().message);
        JsonDecoder decoder(JsonFlavour::kRpc, missing);
        if (!decoder.decode(document->root(), shape, out, Path{})) {
            return malformed(decoder.take_message());
        }
        return {};
    }

    http::Response encode(const WireContext&, const Shape* shape,
                          const void* value) const override {
        http::Response response;
        response.headers.push_back({"Content-Type", content_type()});
        if (shape != nullptr) {
            json::Writer out(response.body);
            encode_json(out, JsonFlavour::kRpc, *shape, value);
        }
        return response;
    }

    http::Response encode_error(const WireContext& context,
                                const ServiceError& error) const override {
        http::Response response;
        response.status = http_status_of(context.service, error, protocol_);
        response.headers.push_back({"Content-Type", content_type()});
        response.headers.push_back({"x-amzn-ErrorType", error.type});
        if (auto header = query_error_header(context, error, response.status)) {
            response.headers.push_back(std::move(*header));
        }
        std::string type = error.type;
        if (protocol_ == Protocol::kJson10 && context.service != nullptr) {
            type = std::string(context.service->error_namespace) + "#" + type;
        }
        json::Writer out(response.body);
        out.begin_object();
        out.key("__type");
        out.string(type);
        encode_json_error_members(out, JsonFlavour::kRpc, context, error);
        out.end_object();
        return response;
    }

private:
    std::string content_type() const {
        return protocol_ == Protocol::kJson10 ? "application/x-amz-json-1.0"
                                              : "application/x-amz-json-1.1";
    }

    Protocol protocol_;
};

}  // namespace

const Codec& json11_codec() {
    static const JsonCodec codec(Protocol::kJson11);
    return codec;
}

const Codec& json10_codec() {
    static const JsonCodec codec(Protocol::kJson10);
    return codec;
}

const Codec& codec_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::kJson10:
            return json10_codec();
        case Protocol::kJson11:
            return json11_codec();
        case Protocol::kRestJson:
            return rest_json_codec();
        case Protocol::kQuery:
            return query_codec();
        case Protocol::kEc2Query:
            return ec2_query_codec();
        case Protocol::kCbor:
            return cbor_codec();
    }
    return json11_codec();
}

}  // namespace sky::aws
