// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "aws/codec.h"
#include "aws/path.h"
#include "aws/timestamp.h"
#include "base/assert.h"
#include "crypto/encoding.h"
#include "json/document.h"
#include "json/writer.h"

namespace sky::aws {
namespace {

// The words that the service's own parser uses for what it found.
std::string_view token_name(json::Kind kind) {
    switch (kind) {
        case json::Kind::kString:
            return "STRING_VALUE";
        case json::Kind::kInt:
        case json::Kind::kUint:
            return "NUMBER_VALUE";
        case json::Kind::kDouble:
            return "DECIMAL_VALUE";
        case json::Kind::kBool:
            return "BOOLEAN_VALUE";
        case json::Kind::kArray:
            return "START_ARRAY";
        case json::Kind::kObject:
            return "START_OBJECT";
        case json::Kind::kNull:
            break;
    }
    return "NULL_VALUE";
}

class Decoder {
public:
    explicit Decoder(MissingMembers& missing) : missing_(missing) {}

    bool structure(const json::Value& value, const Shape& shape, void* out, const Path& path) {
        if (value.kind() != json::Kind::kObject) return unexpected(value, "a structure", path);
        std::uint64_t seen = 0;
        std::size_t set = 0, guess = 0;
        for (const json::MemberRef& field : value.members()) {
            const std::size_t index = find(shape, field.name, guess);
            if (index == shape.members.size()) continue;
            guess = index + 1;  // Clients mostly keep the model's order.
            if (field.value.kind() == json::Kind::kNull) continue;
            const Member& member = shape.members[index];
            if (!member_value(field.value, member, out, path)) return false;
            if (member.required) seen |= std::uint64_t{1} << required_index(shape, index);
            ++set;
        }
        if (shape.is_union && set != 1) {
            return wrong("A union must have exactly one member", path);
        }
        std::size_t required = 0;
        for (const Member& member : shape.members) {
            if (!member.required) continue;
            if ((seen >> required++ & 1) == 0) missing_.push_back(path.member(member.name).text());
        }
        return true;
    }

    std::string take_message() { return std::move(message_); }

private:
    static std::size_t find(const Shape& shape, std::string_view name, std::size_t guess) {
        if (guess < shape.members.size() && shape.members[guess].name == name) return guess;
        for (std::size_t i = 0; i < shape.members.size(); ++i) {
            if (shape.members[i].name == name) return i;
        }
        return shape.members.size();
    }

    static unsigned required_index(const Shape& shape, std::size_t index) {
        unsigned count = 0;
        for (std::size_t i = 0; i < index; ++i) count += shape.members[i].required ? 1U : 0U;
        return count;
    }

    bool member_value(const json::Value& value, const Member& member, void* out, const Path& path) {
        void* field = static_cast<std::byte*>(out) + member.offset;
        const Path here = path.member(member.name);
        return decode(value, *member.shape, member.slot->emplace(field), here);
    }

    bool decode(const json::Value& value, const Shape& shape, void* out, const Path& path) {
        switch (shape.kind) {
            case Kind::kStructure:
                return structure(value, shape, out, path);
            case Kind::kList:
                return list(value, shape, out, path);
            case Kind::kMap:
                return map(value, shape, out, path);
            case Kind::kString:
                if (value.kind() != json::Kind::kString) return unexpected(value, "a String", path);
                static_cast<std::string*>(out)->assign(value.string());
                return true;
            case Kind::kBlob:
                return blob(value, *static_cast<Blob*>(out), path);
            case Kind::kBoolean:
                if (value.kind() != json::Kind::kBool) return unexpected(value, "a Boolean", path);
                *static_cast<bool*>(out) = value.boolean();
                return true;
            case Kind::kInteger: {
                if (value.kind() != json::Kind::kInt ||
                    !std::in_range<std::int32_t>(value.integer())) {
                    return unexpected(value, "an Integer", path);
                }
                *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(value.integer());
                return true;
            }
            case Kind::kLong:
                if (value.kind() != json::Kind::kInt) return unexpected(value, "a Long", path);
                *static_cast<std::int64_t*>(out) = value.integer();
                return true;
            case Kind::kFloat: {
                double number = 0;
                if (!real(value, number, path)) return false;
                *static_cast<float*>(out) = static_cast<float>(number);
                return true;
            }
            case Kind::kDouble:
                return real(value, *static_cast<double*>(out), path);
            case Kind::kTimestamp:
                return timestamp(value, shape, *static_cast<Timestamp*>(out), path);
        }
        return false;
    }

    bool list(const json::Value& value, const Shape& shape, void* out, const Path& path) {
        if (value.kind() != json::Kind::kArray) return unexpected(value, "a list", path);
        shape.list->reserve(out, value.size());
        std::size_t number = 0;
        for (const json::Value& element : value.elements()) {
            const Path here = path.element(++number);
            void* slot = shape.list->append(out);
            if (element.kind() == json::Kind::kNull) {
                missing_.push_back(here.text());
            } else if (!decode(element, *shape.element, slot, here)) {
                return false;
            }
        }
        return true;
    }

    bool map(const json::Value& value, const Shape& shape, void* out, const Path& path) {
        if (value.kind() != json::Kind::kObject) return unexpected(value, "a map", path);
        for (const json::MemberRef& entry : value.members()) {
            if (entry.value.kind() == json::Kind::kNull) continue;
            const Path here = path.entry(entry.name);
            if (!decode(entry.value, *shape.element, shape.map->emplace(out, entry.name), here)) {
                return false;
            }
        }
        return true;
    }

    bool blob(const json::Value& value, Blob& out, const Path& path) {
        if (value.kind() != json::Kind::kString) return unexpected(value, "a Blob", path);
        auto bytes = crypto::base64_decode(value.string());
        if (!bytes) return wrong("Invalid base64 encoding", path);
        out.bytes = std::move(*bytes);
        return true;
    }

    bool real(const json::Value& value, double& out, const Path& path) {
        switch (value.kind()) {
            case json::Kind::kInt:
            case json::Kind::kUint:
            case json::Kind::kDouble:
                out = value.number();
                return true;
            case json::Kind::kString:
                if (const auto special = parse_special_double(value.string())) {
                    out = *special;
                    return true;
                }
                break;
            default:
                break;
        }
        return unexpected(value, "a Double", path);
    }

    bool timestamp(const json::Value& value, const Shape& shape, Timestamp& out, const Path& path) {
        std::optional<Timestamp> parsed;
        if (value.kind() == json::Kind::kString) {
            if (!shape.timestamp_format.empty() && shape.timestamp_format != "unixTimestamp") {
                parsed = parse_timestamp(shape.timestamp_format, value.string());
            }
        } else if (shape.timestamp_format.empty() || shape.timestamp_format == "unixTimestamp") {
            if (value.kind() == json::Kind::kInt || value.kind() == json::Kind::kDouble) {
                parsed = timestamp_from_seconds(value.number());
            }
        }
        if (!parsed) return unexpected(value, "a Timestamp", path);
        out = *parsed;
        return true;
    }

    bool unexpected(const json::Value& value, std::string_view wanted, const Path& path) {
        std::string text(token_name(value.kind()));
        text += " can not be converted to ";
        text += wanted;
        return wrong(std::move(text), path);
    }

    bool wrong(std::string text, const Path& path) {
        message_ = std::move(text);
        if (const std::string at = path.text(); !at.empty()) message_ += " at '" + at + "'";
        return false;
    }

    MissingMembers& missing_;
    std::string message_;
};

void encode_value(json::Writer& out, const Shape& shape, const void* value);

void encode_members(json::Writer& out, const Shape& shape, const void* structure) {
    for (const Member& member : shape.members) {
        const void* value =
            member.slot->get(static_cast<const std::byte*>(structure) + member.offset);
        if (value == nullptr) continue;
        out.key(member.name);
        encode_value(out, *member.shape, value);
    }
}

void encode_value(json::Writer& out, const Shape& shape, const void* value) {
    switch (shape.kind) {
        case Kind::kStructure:
            out.begin_object();
            encode_members(out, shape, value);
            out.end_object();
            return;
        case Kind::kList: {
            out.begin_array();
            const std::size_t size = shape.list->size(value);
            for (std::size_t i = 0; i < size; ++i) {
                encode_value(out, *shape.element, shape.list->at(value, i));
            }
            out.end_array();
            return;
        }
        case Kind::kMap: {
            struct Visit {
                json::Writer& out;
                const Shape& element;
            } visit{out, *shape.element};
            out.begin_object();
            shape.map->each(value, &visit,
                            [](void* context, std::string_view key, const void* item) {
                                const Visit& self = *static_cast<Visit*>(context);
                                self.out.key(key);
                                encode_value(self.out, self.element, item);
                            });
            out.end_object();
            return;
        }
        case Kind::kString:
            return out.string(*static_cast<const std::string*>(value));
        case Kind::kBlob:
            return out.string(crypto::base64_encode(static_cast<const Blob*>(value)->bytes));
        case Kind::kBoolean:
            return out.boolean(*static_cast<const bool*>(value));
        case Kind::kInteger:
            return out.integer(*static_cast<const std::int32_t*>(value));
        case Kind::kLong:
            return out.integer(*static_cast<const std::int64_t*>(value));
        case Kind::kFloat:
            return out.number(static_cast<double>(*static_cast<const float*>(value)));
        case Kind::kDouble:
            return out.number(*static_cast<const double*>(value));
        case Kind::kTimestamp: {
            const Timestamp& time = *static_cast<const Timestamp*>(value);
            if (shape.timestamp_format.empty() || shape.timestamp_format == "unixTimestamp") {
                return out.raw(format_seconds(time));
            }
            return out.string(format_timestamp(shape.timestamp_format, time));
        }
    }
}

class JsonCodec final : public Codec {
public:
    explicit JsonCodec(Protocol protocol) : protocol_(protocol) {}

    Protocol protocol() const override { return protocol_; }

    Status decode(const WireRequest& request, const Shape& shape, void* out,
                  MissingMembers& missing) const override {
        SKY_ASSERT(shape.kind == Kind::kStructure, "requests are structures");
        // Some clients send nothing where the operation needs nothing (clients.md 5.2).
        const std::string_view text = request.body.empty() ? std::string_view("{}") : request.body;
        const auto document = json::Document::parse(text);
        if (!document) return fail(ErrorCode::kInvalidArgument, document.error().message);
        Decoder decoder(missing);
        if (!decoder.structure(document->root(), shape, out, Path{})) {
            return fail(ErrorCode::kInvalidArgument, decoder.take_message());
        }
        return {};
    }

    http::Response encode(const WireContext&, const Shape* shape,
                          const void* value) const override {
        http::Response response;
        response.headers.push_back({"Content-Type", content_type()});
        if (shape != nullptr) {
            json::Writer out(response.body);
            encode_value(out, *shape, value);
        }
        return response;
    }

    http::Response encode_error(const WireContext& context,
                                const ServiceError& error) const override {
        http::Response response;
        response.status = http_status_of(context.service, error);
        response.headers.push_back({"Content-Type", content_type()});
        response.headers.push_back({"x-amzn-ErrorType", error.type});
        std::string type = error.type;
        if (protocol_ == Protocol::kJson10 && context.service != nullptr) {
            type = std::string(context.service->error_namespace) + "#" + type;
        }
        json::Writer out(response.body);
        out.begin_object();
        out.key("__type");
        out.string(type);
        out.key("message");
        out.string(error.error.message);
        if (error.detail) {
            SKY_ASSERT(
                error.detail_shape != nullptr && error.detail_shape->kind == Kind::kStructure,
                "an error's detail is a structure");
            encode_members(out, *error.detail_shape, error.detail.get());
        }
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

}  // namespace sky::aws
