// SPDX-License-Identifier: Apache-2.0
#include "aws/testing/canonical.h"

#include <doctest/doctest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <cmath>
#include <map>
#include <sstream>

#include "aws/cbor.h"
#include "base/assert.h"
#include "crypto/encoding.h"
#include "json/writer.h"

namespace sky::aws::testing {
namespace {

void write_canonical(json::Writer& out, const json::Value& value) {
    switch (value.kind()) {
        case json::Kind::kNull:
            return out.null();
        case json::Kind::kBool:
            return out.boolean(value.boolean());
        case json::Kind::kInt:
            return out.integer(value.integer());
        case json::Kind::kUint:
            return out.unsigned_integer(value.unsigned_integer());
        case json::Kind::kDouble: {
            constexpr double kExact = 9007199254740992.0;  // Whole numbers below have one text.
            const double number = value.number();
            if (std::trunc(number) == number && std::abs(number) < kExact) {
                return out.integer(static_cast<std::int64_t>(number));
            }
            return out.number(number);
        }
        case json::Kind::kString:
            return out.string(value.string());
        case json::Kind::kArray:
            out.begin_array();
            for (const json::Value& item : value.elements()) write_canonical(out, item);
            out.end_array();
            return;
        case json::Kind::kObject: {
            std::map<std::string_view, json::Value> sorted;
            for (const json::MemberRef& item : value.members())
                sorted.insert({item.name, item.value});
            out.begin_object();
            for (const auto& [name, item] : sorted) {
                if (item.kind() == json::Kind::kNull) continue;
                out.key(name);
                write_canonical(out, item);
            }
            out.end_object();
            return;
        }
    }
}

// False where the bytes are no CBOR.
bool write_cbor(CborReader& reader, const CborItem& item, std::string& out) {
    switch (item.kind) {
        case CborKind::kUnsigned:
            out += std::to_string(item.number);
            return true;
        case CborKind::kNegative:
            out += "-" + std::to_string(item.number + 1);
            return true;
        case CborKind::kBytes:
            out += "h'" + crypto::hex_encode(item.text) + "'";
            return true;
        case CborKind::kText:
            json::append_quoted(out, item.text);
            return true;
        case CborKind::kFalse:
        case CborKind::kTrue:
            out += item.kind == CborKind::kTrue ? "true" : "false";
            return true;
        case CborKind::kNull:
            out += "null";
            return true;
        case CborKind::kFloat:
            json::append_double(out, item.real);
            return true;
        case CborKind::kTag: {
            out += std::to_string(item.number) + "(";
            const auto inner = reader.next();
            if (!inner || !write_cbor(reader, *inner, out)) return false;
            out += ")";
            return true;
        }
        case CborKind::kArray:
        case CborKind::kMap:
            break;
        case CborKind::kBreak:
            return false;
    }
    const bool map = item.kind == CborKind::kMap;
    std::map<std::string, std::string> entries;
    std::string elements;
    for (std::uint64_t i = 0; item.open_ended || i < item.number; ++i) {
        const auto one = reader.next();
        if (!one) return false;
        if (item.open_ended && one->kind == CborKind::kBreak) break;
        std::string text, value;
        if (!write_cbor(reader, *one, text)) return false;
        if (!map) {
            elements += text + ",";
            continue;
        }
        const auto held = reader.next();
        if (!held || !write_cbor(reader, *held, value)) return false;
        if (value != "null") entries[text] = value;
    }
    for (const auto& [key, value] : entries) elements += key + ":" + value + ",";
    out += (map ? "{" : "[") + elements + (map ? "}" : "]");
    return true;
}

std::string write_xml(const std::string& name, const boost::property_tree::ptree& node) {
    std::string out = "<" + name;
    if (const auto attributes = node.get_child_optional("<xmlattr>")) {
        std::map<std::string, std::string> sorted;
        for (const auto& [key, value] : *attributes) sorted[key] = value.data();
        for (const auto& [key, value] : sorted) out += " " + key + "=\"" + value + "\"";
    }
    out += ">";
    std::map<std::string, std::vector<std::string>> children;
    for (const auto& [key, child] : node) {
        if (key != "<xmlattr>") children[key].push_back(write_xml(key, child));
    }
    std::string text = node.data();
    if (!children.empty() || text.find_first_not_of(" \t\r\n") == std::string::npos) text.clear();
    out += text;
    for (auto& [key, list] : children) {
        // A map has no order; its entries are what has a key inside.
        const bool entries = std::ranges::all_of(list, [](const std::string& one) {
            const std::size_t inside = one.find('>') + 1;
            return one.compare(inside, 4, "<key") == 0 ||
                   one.compare(inside, 10, "<Attribute") == 0 || one.compare(inside, 2, "<K") == 0;
        });
        if (entries) std::ranges::sort(list);
        for (const std::string& one : list) out += one;
    }
    return out + "</" + name + ">";
}

}  // namespace

std::string canonical_json(const json::Value& value) {
    std::string text;
    json::Writer out(text);
    write_canonical(out, value);
    return text;
}

std::string canonical_json(std::string_view text) {
    const auto document = json::Document::parse(text);
    SKY_ASSERT(document.has_value(), "canonical_json takes JSON");
    return canonical_json(document->root());
}

std::string canonical_cbor(std::string_view bytes) {
    CborReader reader(bytes);
    std::string out;
    const auto item = reader.next();
    if (!item || !write_cbor(reader, *item, out) || !reader.at_end()) return "not CBOR";
    return out;
}

std::string canonical_xml(std::string_view text) {
    std::istringstream in{std::string(text)};
    boost::property_tree::ptree tree;
    try {
        boost::property_tree::read_xml(in, tree);
    } catch (const boost::property_tree::xml_parser_error& error) {
        return "not XML: " + error.message();
    }
    std::string out;
    for (const auto& [name, node] : tree) out += write_xml(name, node);
    return out;
}

TEST_CASE("canonical texts: what is equal and what is not") {
    CHECK(canonical_json(R"({"b": 1.0, "a": null, "c": [1, 2]})") == R"({"b":1,"c":[1,2]})");
    CHECK(canonical_cbor("\xA1\x61\x61\xF9\x3C\x01") ==
          canonical_cbor("\xBF\x61\x61\xF9\x3C\x01\xFF"));
    CHECK(canonical_cbor("\xA1\x61") == "not CBOR");
    CHECK(canonical_xml("<a>\n <c/>\n <b x='1'>t</b></a>") == "<a><b x=\"1\">t</b><c></c></a>");
    CHECK(canonical_xml("<a><b>1</b><b>2</b></a>") != canonical_xml("<a><b>2</b><b>1</b></a>"));
    CHECK(canonical_xml("<a>").starts_with("not XML"));
}

}  // namespace sky::aws::testing
