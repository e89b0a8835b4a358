// SPDX-License-Identifier: Apache-2.0
#include "aws/json_value.h"

#include <charconv>
#include <cmath>

#include "aws/text_value.h"
#include "aws/timestamp.h"
#include "base/assert.h"
#include "crypto/encoding.h"

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

constexpr std::string_view kTypeMember = "__type";  // Servers and clients may add it anywhere.

}  // namespace

bool JsonDecoder::decode(const json::Value& value, const Shape& shape, void* out, const Path& path,
                         std::string_view timestamp_format) {
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
        case Kind::kInteger:
            return integer(value, shape, *static_cast<std::int32_t*>(out), path);
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
            if (timestamp_format.empty()) {
                timestamp_format = timestamp_format_of(nullptr, shape, "unixTimestamp");
            }
            return timestamp(value, timestamp_format, *static_cast<Timestamp*>(out), path);
    }
    return false;
}

bool JsonDecoder::structure(const json::Value& value, const Shape& shape, void* out,
                            const Path& path) {
    if (value.kind() != json::Kind::kObject) return unexpected(value, "a structure", path);
    Presence presence(shape);
    if (!members(value, shape, out, path, presence, Scope::kNested)) return false;
    if (shape.is_union && presence.set() != 1) {
        return wrong("A union must have exactly one member", path);
    }
    presence.report(path, missing_);
    return true;
}

bool JsonDecoder::body_members(const json::Value& value, const Shape& shape, void* out,
                               const Path& path, Presence& presence) {
    return members(value, shape, out, path, presence, Scope::kBody);
}

bool JsonDecoder::members(const json::Value& value, const Shape& shape, void* out, const Path& path,
                          Presence& presence, Scope scope) {
    if (value.kind() != json::Kind::kObject) return unexpected(value, "a structure", path);
    const auto name_of =
        flavour_ == JsonFlavour::kRpc ? &Presence::modelled_name : &Presence::wire_name;
    for (const json::MemberRef& field : value.members()) {
        const std::size_t index = presence.find(field.name, name_of);
        const bool known =
            index < shape.members.size() &&
            (scope == Scope::kNested || shape.members[index].location == Location::kBody);
        if (!known) {
            if (shape.is_union && flavour_ == JsonFlavour::kRest && field.name != kTypeMember &&
                field.value.kind() != json::Kind::kNull) {
                return wrong("A union has no member of that name", path);
            }
            continue;
        }
        if (field.value.kind() == json::Kind::kNull) continue;
        const Member& member = shape.members[index];
        const Path here = path.member(member.name);
        if (!decode(field.value, *member.shape, field_of(member, out), here,
                    member.timestamp_format)) {
            return false;
        }
        presence.mark(index);
    }
    return true;
}

bool JsonDecoder::list(const json::Value& value, const Shape& shape, void* out, const Path& path) {
    if (value.kind() != json::Kind::kArray) return unexpected(value, "a list", path);
    shape.list->reserve(out, value.size());
    std::size_t number = 0;
    for (const json::Value& element : value.elements()) {
        const Path here = path.element(++number);
        void* slot = shape.list->append(out);
        if (element.kind() == json::Kind::kNull) {
            if (flavour_ == JsonFlavour::kRest) return unexpected(element, "a list element", here);
            missing_.push_back(here.text());
        } else if (!decode(element, *shape.element, slot, here)) {
            return false;
        }
    }
    return true;
}

bool JsonDecoder::map(const json::Value& value, const Shape& shape, void* out, const Path& path) {
    if (value.kind() != json::Kind::kObject) return unexpected(value, "a map", path);
    for (const json::MemberRef& entry : value.members()) {
        const Path here = path.entry(entry.name);
        if (entry.value.kind() == json::Kind::kNull) {
            if (flavour_ == JsonFlavour::kRest) return unexpected(entry.value, "a map value", here);
            continue;
        }
        if (!decode(entry.value, *shape.element, shape.map->emplace(out, entry.name), here)) {
            return false;
        }
    }
    return true;
}

bool JsonDecoder::blob(const json::Value& value, Blob& out, const Path& path) {
    if (value.kind() != json::Kind::kString) return unexpected(value, "a Blob", path);
    auto bytes = crypto::base64_decode(value.string());
    if (!bytes) return wrong("Invalid base64 encoding", path);
    out.bytes = std::move(*bytes);
    return true;
}

bool JsonDecoder::integer(const json::Value& value, const Shape& shape, std::int32_t& out,
                          const Path& path) {
    if (value.kind() != json::Kind::kInt || !fits_bits(value.integer(), shape.bits)) {
        return unexpected(value, "an Integer", path);
    }
    out = static_cast<std::int32_t>(value.integer());
    return true;
}

bool JsonDecoder::real(const json::Value& value, double& out, const Path& path) {
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

bool JsonDecoder::timestamp(const json::Value& value, std::string_view format, Timestamp& out,
                            const Path& path) {
    std::optional<Timestamp> parsed;
    if (value.kind() == json::Kind::kString) {
        if (format != "unixTimestamp") {
            parsed = parse_timestamp(
                format, value.string(),
                flavour_ == JsonFlavour::kRest ? Offsets::kRefuse : Offsets::kAccept);
        }
    } else if (format == "unixTimestamp" &&
               (value.kind() == json::Kind::kInt || value.kind() == json::Kind::kDouble)) {
        parsed = timestamp_from_seconds(value.number());
    }
    if (!parsed) return unexpected(value, "a Timestamp", path);
    out = *parsed;
    return true;
}

bool JsonDecoder::unexpected(const json::Value& value, std::string_view wanted, const Path& path) {
    std::string text(token_name(value.kind()));
    text += " can not be converted to ";
    text += wanted;
    return wrong(std::move(text), path);
}

bool JsonDecoder::wrong(std::string text, const Path& path) {
    message_ = std::move(text);
    if (const std::string at = path.text(); !at.empty()) message_ += " at '" + at + "'";
    return false;
}

namespace {

bool is_outside_body(Location location) {
    switch (location) {
        case Location::kPayload:
        case Location::kHeader:
        case Location::kHeaderMap:
        case Location::kStatus:
            return true;
        case Location::kBody:
        case Location::kUri:
        case Location::kQuery:
        case Location::kQueryMap:
            break;
    }
    return false;
}

void encode_member(json::Writer& out, JsonFlavour flavour, const Member& member,
                   const void* structure) {
    const void* value = value_of(member, structure);
    if (value == nullptr) return;
    out.key(flavour == JsonFlavour::kRest ? member.on_wire() : member.name);
    encode_json(out, flavour, *member.shape, value, member.timestamp_format);
}

}  // namespace

void encode_json_body(json::Writer& out, JsonFlavour flavour, const Shape& shape,
                      const void* structure) {
    for (const Member& member : shape.members) {
        if (flavour == JsonFlavour::kRest && is_outside_body(member.location)) continue;
        encode_member(out, flavour, member, structure);
    }
}

void encode_json(json::Writer& out, JsonFlavour flavour, const Shape& shape, const void* value,
                 std::string_view timestamp_format) {
    switch (shape.kind) {
        case Kind::kStructure:
            out.begin_object();
            for (const Member& member : shape.members) encode_member(out, flavour, member, value);
            out.end_object();
            return;
        case Kind::kList: {
            out.begin_array();
            const std::size_t size = shape.list->size(value);
            for (std::size_t i = 0; i < size; ++i) {
                encode_json(out, flavour, *shape.element, shape.list->at(value, i));
            }
            out.end_array();
            return;
        }
        case Kind::kMap: {
            struct Visit {
                json::Writer& out;
                JsonFlavour flavour;
                const Shape& element;
            } visit{out, flavour, *shape.element};
            out.begin_object();
            shape.map->each(value, &visit,
                            [](void* context, std::string_view key, const void* item) {
                                const Visit& self = *static_cast<Visit*>(context);
                                self.out.key(key);
                                encode_json(self.out, self.flavour, self.element, item);
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
        case Kind::kFloat: {
            // The shortest text of the float itself, which is shorter than that of its double.
            const float number = *static_cast<const float*>(value);
            if (!std::isfinite(number)) return out.number(static_cast<double>(number));
            char text[32];
            const auto [end, fault] = std::to_chars(text, text + sizeof(text), number);
            SKY_ASSERT(fault == std::errc{}, "a float has at most 16 characters");
            return out.raw({text, static_cast<std::size_t>(end - text)});
        }
        case Kind::kDouble:
            return out.number(*static_cast<const double*>(value));
        case Kind::kTimestamp: {
            const Timestamp& time = *static_cast<const Timestamp*>(value);
            if (timestamp_format.empty()) {
                timestamp_format = timestamp_format_of(nullptr, shape, "unixTimestamp");
            }
            if (timestamp_format == "unixTimestamp") return out.raw(format_seconds(time));
            return out.string(format_timestamp(timestamp_format, time));
        }
    }
}

void encode_json_error_members(json::Writer& out, JsonFlavour flavour, const WireContext& context,
                               const ServiceError& error) {
    if (const auto name = message_member(context.service, error)) {
        out.key(*name);
        out.string(error.error.message);
    }
    if (!error.fields.empty()) {
        out.key("fieldList");
        out.begin_array();
        for (const FieldFault& field : error.fields) {
            out.begin_object();
            out.key("path");
            out.string(field.path);
            out.key("message");
            out.string(field.message);
            out.end_object();
        }
        out.end_array();
    }
    if (error.detail) {
        SKY_ASSERT(error.detail_shape != nullptr && error.detail_shape->kind == Kind::kStructure,
                   "an error's detail is a structure");
        encode_json_body(out, flavour, *error.detail_shape, error.detail.get());
    }
}

}  // namespace sky::aws
