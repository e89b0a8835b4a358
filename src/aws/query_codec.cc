// SPDX-License-Identifier: Apache-2.0
#include "aws/codec.h"
#include "aws/form.h"
#include "aws/path.h"
#include "aws/presence.h"
#include "aws/text_value.h"
#include "aws/xml_value.h"
#include "base/assert.h"

namespace sky::aws {
namespace {

// EC2 Query differs from Query in the names of form keys and in the elements around an answer.
enum class Flavour : std::uint8_t { kQuery, kEc2 };

class Decoder {
public:
    Decoder(Flavour flavour, MissingMembers& missing) : flavour_(flavour), missing_(missing) {}

    bool structure(const FormNode& node, const Shape& shape, void* out, const Path& path) {
        Presence presence(shape);
        for (std::size_t i = 0; i < shape.members.size(); ++i) {
            const Member& member = shape.members[i];
            const FormNode* child = find(node, member);
            if (child == nullptr) continue;
            const Path here = path.member(member.name);
            const bool flattened =
                flavour_ == Flavour::kEc2 || member.flattened || member.shape->flattened;
            if (!value(*child, *member.shape, field_of(member, out), here, &member, flattened)) {
                return false;
            }
            presence.mark(i);
        }
        if (shape.is_union && presence.set() != 1) {
            return wrong("A union must have exactly one member", path);
        }
        presence.report(path, missing_);
        return true;
    }

    std::string take_message() { return std::move(message_); }

private:
    const FormNode* find(const FormNode& node, const Member& member) const {
        if (flavour_ == Flavour::kQuery) return node.find(member.on_wire());
        if (!member.ec2_name.empty()) return node.find(member.ec2_name);
        std::string name(member.on_wire());
        if (name.front() >= 'a' && name.front() <= 'z') {
            name.front() = static_cast<char>(name.front() - ('a' - 'A'));
        }
        return node.find(name);
    }

    bool value(const FormNode& node, const Shape& shape, void* out, const Path& path,
               const Member* member, bool flattened) {
        switch (shape.kind) {
            case Kind::kStructure:
                return structure(node, shape, out, path);
            case Kind::kList:
                return list(node, shape, out, path, flattened);
            case Kind::kMap:
                return map(node, shape, out, path, flattened);
            default:
                break;
        }
        if (!node.value) return wrong("A single value was expected", path);
        const auto format = timestamp_format_of(member, shape, "iso8601");
        if (parse_scalar(shape, *node.value, out, format, Offsets::kAccept)) return true;
        // Some clients send epoch seconds where the published form is ISO 8601 (clients.md 5.3).
        if (shape.kind == Kind::kTimestamp &&
            parse_scalar(shape, *node.value, out, "unixTimestamp", Offsets::kAccept)) {
            return true;
        }
        return wrong("The value does not have the type of the parameter", path);
    }

    // "A=" alone is an empty list or map.
    static const FormNode* inside(const FormNode& node, std::string_view part, bool flattened) {
        static const FormNode kNothing;
        if (flattened) return &node;
        const FormNode* child = node.find(part);
        return child == nullptr ? &kNothing : child;
    }

    bool list(const FormNode& node, const Shape& shape, void* out, const Path& path,
              bool flattened) {
        const std::string_view part =
            shape.element_name.empty() ? std::string_view("member") : shape.element_name;
        const auto elements = inside(node, part, flattened)->numbered();
        shape.list->reserve(out, elements.size());
        std::size_t number = 0;
        for (const auto& [index, element] : elements) {
            if (!value(*element, *shape.element, shape.list->append(out), path.element(++number),
                       nullptr, flavour_ == Flavour::kEc2)) {
                return false;
            }
        }
        return true;
    }

    bool map(const FormNode& node, const Shape& shape, void* out, const Path& path,
             bool flattened) {
        const std::string_view key_name =
            shape.key_name.empty() ? std::string_view("key") : shape.key_name;
        const std::string_view value_name =
            shape.value_name.empty() ? std::string_view("value") : shape.value_name;
        for (const auto& [index, entry] : inside(node, "entry", flattened)->numbered()) {
            const FormNode* key = entry->find(key_name);
            const FormNode* item = entry->find(value_name);
            if (key == nullptr || !key->value || item == nullptr) {
                return wrong("An entry needs a key and a value", path);
            }
            if (!value(*item, *shape.element, shape.map->emplace(out, *key->value),
                       path.entry(*key->value), nullptr, flavour_ == Flavour::kEc2)) {
                return false;
            }
        }
        return true;
    }

    bool wrong(std::string text, const Path& path) {
        message_ = std::move(text);
        if (const std::string at = path.text(); !at.empty()) message_ += " at '" + at + "'";
        return false;
    }

    const Flavour flavour_;
    MissingMembers& missing_;
    std::string message_;
};

class QueryCodec final : public Codec {
public:
    explicit QueryCodec(Flavour flavour) : flavour_(flavour) {}

    Protocol protocol() const override {
        return flavour_ == Flavour::kEc2 ? Protocol::kEc2Query : Protocol::kQuery;
    }

    std::expected<void, ServiceError> decode(const WireRequest& request, const Shape& shape,
                                             void* out, MissingMembers& missing) const override {
        SKY_ASSERT(shape.kind == Kind::kStructure, "requests are structures");
        const auto form = Form::parse(
            request.body, request.head == nullptr ? std::string_view{} : request.head->query());
        if (!form) return malformed(form.error().message);
        Decoder decoder(flavour_, missing);
        if (!decoder.structure(form->root(), shape, out, Path{})) {
            return malformed(decoder.take_message());
        }
        return {};
    }

    http::Response encode(const WireContext& context, const Shape* shape,
                          const void* value) const override {
        http::Response response;
        response.headers.push_back({"Content-Type", "text/xml"});
        std::string& out = response.body;
        const std::string root = operation_name(context) + "Response";
        out += "<" + root;
        append_root_namespace(out, context);
        out += ">";
        if (flavour_ == Flavour::kEc2) {
            append_xml_element(out, "requestId", context.request_id);
            if (shape != nullptr) append_xml_members(out, *shape, value);
        } else {
            const std::string_view wrapper = context.operation == nullptr
                                                 ? std::string_view{}
                                                 : context.operation->result_wrapper;
            if (shape != nullptr && !wrapper.empty()) {
                out.append("<").append(wrapper).append(">");
                append_xml_members(out, *shape, value);
                out.append("</").append(wrapper).append(">");
            } else if (shape != nullptr) {
                append_xml_members(out, *shape, value);
            }
            out += "<ResponseMetadata>";
            append_xml_element(out, "RequestId", context.request_id);
            out += "</ResponseMetadata>";
        }
        out += "</" + root + ">";
        return response;
    }

    http::Response encode_error(const WireContext& context,
                                const ServiceError& error) const override {
        http::Response response;
        response.status = http_status_of(context.service, error, protocol());
        response.headers.push_back({"Content-Type", "text/xml"});
        std::string& out = response.body;
        if (flavour_ == Flavour::kEc2) {
            out += "<Response><Errors><Error>";
            append_code_and_message(out, context, error);
            out += "</Error></Errors>";
            append_xml_element(out, "RequestID", context.request_id);
            out += "</Response>";
            return response;
        }
        out += "<ErrorResponse";
        append_root_namespace(out, context);
        out += "><Error>";
        append_xml_element(out, "Type", response.status >= 500 ? "Receiver" : "Sender");
        append_code_and_message(out, context, error);
        if (error.detail) append_xml_members(out, *error.detail_shape, error.detail.get());
        out += "</Error>";
        append_xml_element(out, "RequestId", context.request_id);
        out += "</ErrorResponse>";
        return response;
    }

private:
    static std::string operation_name(const WireContext& context) {
        return context.operation == nullptr ? std::string{} : std::string(context.operation->name);
    }

    static void append_root_namespace(std::string& out, const WireContext& context) {
        if (context.service == nullptr || context.service->xml_namespace.empty()) return;
        out += " xmlns=\"";
        append_xml_text(out, context.service->xml_namespace);
        out += "\"";
    }

    static void append_code_and_message(std::string& out, const WireContext& context,
                                        const ServiceError& error) {
        append_xml_element(out, "Code", query_code_of(context.service, error.type));
        // The service leaves an empty message out (metrics.md 1).
        if (!error.error.message.empty()) append_xml_element(out, "Message", error.error.message);
    }

    const Flavour flavour_;
};

}  // namespace

const Codec& query_codec() {
    static const QueryCodec codec(Flavour::kQuery);
    return codec;
}

const Codec& ec2_query_codec() {
    static const QueryCodec codec(Flavour::kEc2);
    return codec;
}

}  // namespace sky::aws
