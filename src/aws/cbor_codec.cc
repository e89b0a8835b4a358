// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "aws/cbor.h"
#include "aws/codec.h"
#include "aws/limits.h"
#include "aws/path.h"
#include "aws/presence.h"
#include "aws/text_value.h"
#include "aws/timestamp.h"
#include "base/assert.h"

namespace sky::aws {
namespace {

constexpr std::uint64_t kTimestampTag = 1;  // Epoch seconds (RFC 8949 3.4.2).

std::string_view kind_name(CborKind kind) {
    switch (kind) {
        case CborKind::kUnsigned:
        case CborKind::kNegative:
            return "An integer";
        case CborKind::kBytes:
            return "A byte string";
        case CborKind::kText:
            return "A text string";
        case CborKind::kArray:
            return "An array";
        case CborKind::kMap:
            return "A map";
        case CborKind::kTag:
            return "A tagged item";
        case CborKind::kFalse:
        case CborKind::kTrue:
            return "A boolean";
        case CborKind::kFloat:
            return "A float";
        case CborKind::kNull:
            return "A null";
        case CborKind::kBreak:
            break;
    }
    return "A break";
}

class Decoder {
public:
    Decoder(std::string_view bytes, MissingMembers& missing) : reader_(bytes), missing_(missing) {}

    bool whole(const Shape& shape, void* out) {
        const auto item = reader_.next();
        if (!item) return broken();
        if (!structure(*item, shape, out, Path{}, 1)) return false;
        return reader_.at_end() || wrong("Bytes follow the request", Path{});
    }

    std::string take_message() { return std::move(message_); }

private:
    bool decode(const CborItem& item, const Shape& shape, void* out, const Path& path,
                std::size_t depth) {
        if (depth > limits::kCborDepthMax) return wrong("The request is nested too deep", path);
        switch (shape.kind) {
            case Kind::kStructure:
                return structure(item, shape, out, path, depth);
            case Kind::kList:
                return list(item, shape, out, path, depth);
            case Kind::kMap:
                return map(item, shape, out, path, depth);
            case Kind::kString:
                if (item.kind != CborKind::kText) return unexpected(item, "a String", path);
                *static_cast<std::string*>(out) = item.text;
                return true;
            case Kind::kBlob:
                if (item.kind != CborKind::kBytes) return unexpected(item, "a Blob", path);
                static_cast<Blob*>(out)->bytes = item.text;
                return true;
            case Kind::kBoolean:
                if (item.kind != CborKind::kTrue && item.kind != CborKind::kFalse) {
                    return unexpected(item, "a Boolean", path);
                }
                *static_cast<bool*>(out) = item.kind == CborKind::kTrue;
                return true;
            case Kind::kInteger: {
                const auto value = integer(item);
                if (!value || !fits_bits(*value, shape.bits)) {
                    return unexpected(item, "an Integer", path);
                }
                *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(*value);
                return true;
            }
            case Kind::kLong: {
                const auto value = integer(item);
                if (!value) return unexpected(item, "a Long", path);
                *static_cast<std::int64_t*>(out) = *value;
                return true;
            }
            case Kind::kFloat: {
                const auto value = real(item);
                if (!value) return unexpected(item, "a Float", path);
                *static_cast<float*>(out) = static_cast<float>(*value);
                return true;
            }
            case Kind::kDouble: {
                const auto value = real(item);
                if (!value) return unexpected(item, "a Double", path);
                *static_cast<double*>(out) = *value;
                return true;
            }
            case Kind::kTimestamp:
                return timestamp(item, *static_cast<Timestamp*>(out), path);
        }
        return false;
    }

    // Calls `each` with the head of every element, or of every key.
    template <class Each>
    bool items(const CborItem& item, Each each) {
        for (std::uint64_t i = 0; item.open_ended || i < item.number; ++i) {
            const auto one = reader_.next();
            if (!one) return broken();
            if (one->kind == CborKind::kBreak) return item.open_ended || broken();
            if (!each(*one)) return false;
        }
        return true;
    }

    bool structure(const CborItem& item, const Shape& shape, void* out, const Path& path,
                   std::size_t depth) {
        if (item.kind != CborKind::kMap) return unexpected(item, "a structure", path);
        Presence presence(shape);
        const bool read = items(item, [&](const CborItem& key) {
            if (key.kind != CborKind::kText) return unexpected(key, "a member's name", path);
            const auto value = reader_.next();
            if (!value) return broken();
            const std::size_t index = presence.find(key.text, &Presence::modelled_name);
            if (index == shape.members.size()) return reader_.skip(*value, depth + 1) || broken();
            if (value->kind == CborKind::kNull) return true;
            const Member& member = shape.members[index];
            const Path here = path.member(member.name);
            if (!decode(*value, *member.shape, field_of(member, out), here, depth + 1))
                return false;
            presence.mark(index);
            return true;
        });
        if (!read) return false;
        if (shape.is_union && presence.set() != 1) {
            return wrong("A union must have exactly one member", path);
        }
        presence.report(path, missing_);
        return true;
    }

    bool list(const CborItem& item, const Shape& shape, void* out, const Path& path,
              std::size_t depth) {
        if (item.kind != CborKind::kArray) return unexpected(item, "a list", path);
        std::size_t number = 0;
        return items(item, [&](const CborItem& element) {
            const Path here = path.element(++number);
            void* slot = shape.list->append(out);
            if (element.kind == CborKind::kNull) {
                missing_.push_back(here.text());
                return true;
            }
            return decode(element, *shape.element, slot, here, depth + 1);
        });
    }

    bool map(const CborItem& item, const Shape& shape, void* out, const Path& path,
             std::size_t depth) {
        if (item.kind != CborKind::kMap) return unexpected(item, "a map", path);
        return items(item, [&](const CborItem& key) {
            if (key.kind != CborKind::kText) return unexpected(key, "a map's key", path);
            const auto value = reader_.next();
            if (!value) return broken();
            if (value->kind == CborKind::kNull) return true;
            const Path here = path.entry(key.text);
            return decode(*value, *shape.element, shape.map->emplace(out, key.text), here,
                          depth + 1);
        });
    }

    static std::optional<std::int64_t> integer(const CborItem& item) {
        if (!std::in_range<std::int64_t>(item.number)) return std::nullopt;
        const auto number = static_cast<std::int64_t>(item.number);
        if (item.kind == CborKind::kUnsigned) return number;
        if (item.kind == CborKind::kNegative) return -1 - number;
        return std::nullopt;
    }

    static std::optional<double> real(const CborItem& item) {
        if (item.kind == CborKind::kFloat) return item.real;
        if (item.kind == CborKind::kUnsigned) return static_cast<double>(item.number);
        if (item.kind == CborKind::kNegative) return -1.0 - static_cast<double>(item.number);
        return std::nullopt;
    }

    bool timestamp(const CborItem& item, Timestamp& out, const Path& path) {
        std::optional<double> seconds = real(item);  // Some clients leave the tag out.
        if (item.kind == CborKind::kTag && item.number == kTimestampTag) {
            const auto tagged = reader_.next();
            if (!tagged) return broken();
            seconds = real(*tagged);
        }
        const auto time = seconds ? timestamp_from_seconds(*seconds) : std::nullopt;
        if (!time) return unexpected(item, "a Timestamp", path);
        out = *time;
        return true;
    }

    bool unexpected(const CborItem& item, std::string_view wanted, const Path& path) {
        return wrong(
            std::string(kind_name(item.kind)) + " can not be converted to " + std::string(wanted),
            path);
    }
    bool broken() { return wrong("The request is not well-formed CBOR", Path{}); }
    bool wrong(std::string text, const Path& path) {
        message_ = std::move(text);
        if (const std::string at = path.text(); !at.empty()) message_ += " at '" + at + "'";
        return false;
    }

    CborReader reader_;
    MissingMembers& missing_;
    std::string message_;
};

void encode_value(std::string& out, const Shape& shape, const void* value);

std::uint64_t count_present(const Shape& shape, const void* structure) {
    std::uint64_t count = 0;
    for (const Member& member : shape.members) count += value_of(member, structure) != nullptr;
    return count;
}

void encode_members(std::string& out, const Shape& shape, const void* structure) {
    for (const Member& member : shape.members) {
        const void* value = value_of(member, structure);
        if (value == nullptr) continue;
        append_cbor_text(out, member.name);
        encode_value(out, *member.shape, value);
    }
}

void encode_value(std::string& out, const Shape& shape, const void* value) {
    switch (shape.kind) {
        case Kind::kStructure:
            append_cbor_map(out, count_present(shape, value));
            return encode_members(out, shape, value);
        case Kind::kList: {
            const std::size_t size = shape.list->size(value);
            append_cbor_array(out, size);
            for (std::size_t i = 0; i < size; ++i) {
                encode_value(out, *shape.element, shape.list->at(value, i));
            }
            return;
        }
        case Kind::kMap: {
            struct Visit {
                std::string& out;
                const Shape& element;
            } visit{out, *shape.element};
            append_cbor_map(out, shape.map->size(value));
            shape.map->each(value, &visit,
                            [](void* context, std::string_view key, const void* item) {
                                const Visit& self = *static_cast<Visit*>(context);
                                append_cbor_text(self.out, key);
                                encode_value(self.out, self.element, item);
                            });
            return;
        }
        case Kind::kString:
            return append_cbor_text(out, *static_cast<const std::string*>(value));
        case Kind::kBlob:
            return append_cbor_bytes(out, static_cast<const Blob*>(value)->bytes);
        case Kind::kBoolean:
            return append_cbor_boolean(out, *static_cast<const bool*>(value));
        case Kind::kInteger:
            return append_cbor_integer(out, *static_cast<const std::int32_t*>(value));
        case Kind::kLong:
            return append_cbor_integer(out, *static_cast<const std::int64_t*>(value));
        case Kind::kFloat:
            return append_cbor_float(out, *static_cast<const float*>(value));
        case Kind::kDouble:
            return append_cbor_double(out, *static_cast<const double*>(value));
        case Kind::kTimestamp: {
            const std::int64_t ms = static_cast<const Timestamp*>(value)->unix_ms;
            append_cbor_tag(out, kTimestampTag);
            if (ms % 1000 == 0) return append_cbor_integer(out, ms / 1000);
            return append_cbor_double(out, static_cast<double>(ms) / 1000);
        }
    }
}

class CborCodec final : public Codec {
public:
    Protocol protocol() const override { return Protocol::kCbor; }

    std::expected<void, ServiceError> decode(const WireRequest& request, const Shape& shape,
                                             void* out, MissingMembers& missing) const override {
        SKY_ASSERT(shape.kind == Kind::kStructure, "requests are structures");
        // An operation without input has no body (clients.md 5.5); required members are reported
        // all the same.
        constexpr std::string_view kEmptyMap("\xA0", 1);
        Decoder decoder(request.body.empty() ? kEmptyMap : request.body, missing);
        if (!decoder.whole(shape, out)) return malformed(decoder.take_message());
        return {};
    }

    http::Response encode(const WireContext&, const Shape* shape,
                          const void* value) const override {
        http::Response response;
        response.headers.push_back({"smithy-protocol", "rpc-v2-cbor"});
        if (shape != nullptr) {
            response.headers.push_back({"Content-Type", "application/cbor"});
            encode_value(response.body, *shape, value);
        }
        return response;
    }

    http::Response encode_error(const WireContext& context,
                                const ServiceError& error) const override {
        http::Response response;
        response.status = http_status_of(context.service, error, Protocol::kCbor);
        response.headers.push_back({"smithy-protocol", "rpc-v2-cbor"});
        response.headers.push_back({"Content-Type", "application/cbor"});
        if (auto header = query_error_header(context, error, response.status)) {
            response.headers.push_back(std::move(*header));
        }
        std::string type = error.type;
        if (context.service != nullptr) {
            type = std::string(context.service->error_namespace) + "#" + type;
        }
        const auto message = message_member(context.service, error);
        std::uint64_t count = message ? 2 : 1;
        if (error.detail) count += count_present(*error.detail_shape, error.detail.get());
        append_cbor_map(response.body, count);
        append_cbor_text(response.body, "__type");
        append_cbor_text(response.body, type);
        if (message) {
            append_cbor_text(response.body, *message);
            append_cbor_text(response.body, error.error.message);
        }
        if (error.detail) {
            encode_members(response.body, *error.detail_shape, error.detail.get());
        }
        return response;
    }
};

}  // namespace

const Codec& cbor_codec() {
    static const CborCodec codec;
    return codec;
}

}  // namespace sky::aws
