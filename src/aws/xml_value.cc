// SPDX-License-Identifier: Apache-2.0
#include "aws/xml_value.h"

#include "aws/presence.h"
#include "aws/text_value.h"

namespace sky::aws {
namespace {

constexpr std::string_view kTimestampFormat = "iso8601";

// Bytes of a character that stands where `text` begins and that XML 1.0 cannot carry; else 0.
std::size_t forbidden_bytes(std::string_view text) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x20) return byte == '\t' || byte == '\n' || byte == '\r' ? 0 : 1;
    // U+FFFE and U+FFFF.
    return text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF") ? 3 : 0;
}

void append_namespace(std::string& out, const XmlNamespace& space) {
    if (space.uri.empty()) return;
    out += space.prefix.empty() ? " xmlns" : " xmlns:";
    out += space.prefix;
    out += "=\"";
    append_xml_text(out, space.uri);
    out += '"';
}

struct Element {
    std::string_view name;
    XmlNamespace space;
    std::string_view timestamp_format = {};
};

void append_value(std::string& out, const Shape& shape, const void* value, const Element& element,
                  bool flattened);

void append_attributes(std::string& out, const Shape& shape, const void* structure) {
    for (const Member& member : shape.members) {
        const void* value = member.xml_attribute ? value_of(member, structure) : nullptr;
        if (value == nullptr) continue;
        std::string text;
        append_scalar(text, *member.shape, value,
                      timestamp_format_of(&member, *member.shape, kTimestampFormat));
        out += ' ';
        out += member.on_wire();
        out += "=\"";
        append_xml_text(out, text);
        out += '"';
    }
}

void append_entry(std::string& out, const Shape& shape, std::string_view key, const void* value,
                  const Element& around) {
    out += '<';
    out += around.name;
    append_namespace(out, around.space);
    out += '>';
    const std::string text(key);
    append_value(out, *shape.key, &text,
                 {shape.key_name.empty() ? "key" : shape.key_name, shape.key_namespace}, false);
    append_value(out, *shape.element, value,
                 {shape.value_name.empty() ? "value" : shape.value_name, shape.value_namespace},
                 false);
    out += "</";
    out += around.name;
    out += '>';
}

void append_list(std::string& out, const Shape& shape, const void* value, const Element& each) {
    const std::size_t size = shape.list->size(value);
    for (std::size_t i = 0; i < size; ++i) {
        append_value(out, *shape.element, shape.list->at(value, i), each, false);
    }
}

void append_map(std::string& out, const Shape& shape, const void* value, const Element& each) {
    struct Visit {
        std::string& out;
        const Shape& shape;
        const Element& each;
    } visit{out, shape, each};
    shape.map->each(value, &visit, [](void* context, std::string_view key, const void* item) {
        const Visit& self = *static_cast<Visit*>(context);
        append_entry(self.out, self.shape, key, item, self.each);
    });
}

void append_value(std::string& out, const Shape& shape, const void* value, const Element& element,
                  bool flattened) {
    if (flattened) {
        if (shape.kind == Kind::kMap) return append_map(out, shape, value, element);
        // The repeated element is the member by name and the list's element by name space.
        return append_list(out, shape, value, {element.name, shape.element_namespace});
    }
    out += '<';
    out += element.name;
    append_namespace(out, element.space);
    if (shape.kind == Kind::kStructure) append_attributes(out, shape, value);
    out += '>';
    switch (shape.kind) {
        case Kind::kStructure:
            append_xml_members(out, shape, value);
            break;
        case Kind::kList:
            append_list(out, shape, value,
                        {shape.element_name.empty() ? "member" : shape.element_name,
                         shape.element_namespace});
            break;
        case Kind::kMap:
            append_map(out, shape, value, {"entry", {}});
            break;
        case Kind::kString:
            append_xml_text(out, *static_cast<const std::string*>(value));
            break;
        default:
            // Numbers, times, base64: nothing to escape.
            append_scalar(out, shape, value,
                          element.timestamp_format.empty()
                              ? timestamp_format_of(nullptr, shape, kTimestampFormat)
                              : element.timestamp_format);
    }
    out += "</";
    out += element.name;
    out += '>';
}

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (const std::size_t bytes = forbidden_bytes(text.substr(i)); bytes != 0) {
            out += "\xEF\xBF\xBD";
            i += bytes - 1;
            continue;
        }
        switch (text[i]) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\r':  // A parser would read a line feed.
                out += "&#xD;";
                break;
            default:
                out.push_back(text[i]);
        }
    }
}

void append_xml_element(std::string& out, std::string_view name, std::string_view text) {
    out += '<';
    out += name;
    out += '>';
    append_xml_text(out, text);
    out += "</";
    out += name;
    out += '>';
}

void append_xml_members(std::string& out, const Shape& shape, const void* structure) {
    for (const Member& member : shape.members) {
        const void* value = member.xml_attribute ? nullptr : value_of(member, structure);
        if (value == nullptr) continue;
        append_value(out, *member.shape, value,
                     {member.on_wire(), member.xml_namespace, member.timestamp_format},
                     member.flattened || member.shape->flattened);
    }
}

}  // namespace sky::aws
