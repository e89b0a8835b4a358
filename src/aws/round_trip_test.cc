// SPDX-License-Identifier: Apache-2.0
// Random shapes with random values: what one side of a protocol writes, the other side reads back.
// Our codecs decode requests and encode answers; where these differ (Query), the client's side is
// written here.
#include <doctest/doctest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <cmath>
#include <deque>
#include <sstream>

#include "aws/codec.h"
#include "aws/presence.h"
#include "aws/sigv4.h"
#include "aws/testing/dynamic.h"
#include "aws/text_value.h"
#include "aws/validate.h"
#include "base/random.h"

namespace sky::aws::testing {
namespace {

constexpr Kind kScalars[] = {Kind::kString, Kind::kBlob,   Kind::kBoolean, Kind::kInteger,
                             Kind::kLong,   Kind::kDouble, Kind::kFloat,   Kind::kTimestamp};
constexpr std::string_view kFormats[] = {"", "iso8601", "rfc822", "unixTimestamp"};

/// Shapes of one round. Stable addresses.
class Maker {
public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    const Shape& structure(std::size_t depth) {
        Shape& shape = shapes_.emplace_back();
        shape.kind = Kind::kStructure;
        shape.name = "Structure";
        std::vector<Member>& rows = members_.emplace_back();
        const std::size_t count = random_.below(6);
        for (std::size_t i = 0; i < count; ++i) {
            const std::string_view name = keep("Member" + std::to_string(i));
            Member& row = rows.emplace_back(dynamic_member(name, any(depth + 1), i, false));
            const bool aggregate = row.shape->kind == Kind::kList || row.shape->kind == Kind::kMap;
            row.flattened = aggregate && random_.below(3) == 0;
            if (random_.below(3) == 0) row.wire_name = keep("wire" + std::to_string(i));
        }
        shape.members = rows;
        return shape;
    }

    /// Scatters the members of the outermost structure over the places of an answer that a request
    /// has as well.
    const Shape& with_headers(const Shape& plain) {
        Shape& shape = shapes_.emplace_back(plain);
        std::vector<Member>& rows =
            members_.emplace_back(plain.members.begin(), plain.members.end());
        bool payload = false;
        for (Member& row : rows) {
            const Kind kind = row.shape->kind;
            const bool scalars = kind == Kind::kList && is_scalar(row.shape->element->kind);
            if ((is_scalar(kind) || scalars) && random_.below(2) == 0) {
                row.location = Location::kHeader;
                row.wire_name = keep("X-" + std::string(row.name));
            } else if (!payload && random_.below(4) == 0 && kind == Kind::kStructure) {
                row.location = Location::kPayload;
                payload = true;
            }
        }
        // A payload is the whole body: nothing else has a place there.
        if (payload)
            std::erase_if(rows, [](const Member& row) { return row.location == Location::kBody; });
        shape.members = rows;
        return shape;
    }

    void fill(const Shape& shape, void* out, std::size_t depth) {
        switch (shape.kind) {
            case Kind::kStructure:
                for (const Member& member : shape.members) {
                    // An empty flattened list is no list at all, so it is not made.
                    if (random_.below(4) != 0)
                        fill(*member.shape, field_of(member, out), depth + 1);
                }
                return;
            case Kind::kList:
                for (std::size_t i = count(depth); i > 0; --i) {
                    fill(*shape.element, shape.list->append(out), depth + 1);
                }
                return;
            case Kind::kMap:
                for (std::size_t i = count(depth); i > 0; --i) {
                    const std::string key = text();
                    fill(*shape.element, shape.map->emplace(out, key + std::to_string(i)),
                         depth + 1);
                }
                return;
            case Kind::kString:
                *static_cast<std::string*>(out) = text();
                return;
            case Kind::kBlob:
                for (std::size_t i = random_.below(8); i > 0; --i) {
                    static_cast<Blob*>(out)->bytes.push_back(static_cast<char>(random_.below(128)));
                }
                return;
            case Kind::kBoolean:
                *static_cast<bool*>(out) = random_.below(2) == 0;
                return;
            case Kind::kInteger:
                *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(random_.next_u64());
                return;
            case Kind::kLong:
                *static_cast<std::int64_t*>(out) = static_cast<std::int64_t>(random_.next_u64());
                return;
            case Kind::kFloat:
                *static_cast<float*>(out) = static_cast<float>(real());
                return;
            case Kind::kDouble:
                *static_cast<double*>(out) = real();
                return;
            case Kind::kTimestamp:
                static_cast<Timestamp*>(out)->unix_ms =
                    static_cast<std::int64_t>(random_.below(4'000'000'000)) * 1000 -
                    1'000'000'000'000;
                return;
        }
    }

private:
    static bool is_scalar(Kind kind) {
        return kind != Kind::kStructure && kind != Kind::kList && kind != Kind::kMap;
    }

    const Shape& any(std::size_t depth) {
        constexpr std::size_t kDepthMax = 4;
        if (depth < kDepthMax) {
            const std::uint64_t kind = random_.below(6);
            if (kind == 0) return structure(depth);
            if (kind == 1 || kind == 2) {
                const Shape& element = any(depth + 1);
                Shape& shape = shapes_.emplace_back();
                shape.kind = kind == 1 ? Kind::kList : Kind::kMap;
                shape.name = "Aggregate";
                shape.element = &element;
                shape.key = &key();
                if (random_.below(3) == 0) shape.element_name = "item";
                if (random_.below(3) == 0) shape.key_name = "Name";
                if (random_.below(3) == 0) shape.value_name = "Setting";
                use_dynamic_access(shape);
                return shape;
            }
        }
        Shape& shape = shapes_.emplace_back();
        shape.kind = kScalars[random_.below(std::size(kScalars))];
        shape.name = "Scalar";
        if (shape.kind == Kind::kTimestamp) shape.timestamp_format = kFormats[random_.below(4)];
        return shape;
    }

    const Shape& key() {
        Shape& shape = shapes_.emplace_back();
        shape.kind = Kind::kString;
        shape.name = "Key";
        return shape;
    }

    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

    std::size_t count(std::size_t) { return 1 + random_.below(3); }

    // Nothing that XML cannot carry, and no blank at an end, which headers lose.
    std::string text() {
        static constexpr std::string_view kPieces[] = {"a",  "Z",  "<", ">&", "\"", "'",  ",", "=",
                                                       "%2", "+b", "é", "日", "😀", "\\", ".", "/"};
        std::string out = "t";
        for (std::size_t i = random_.below(6); i > 0; --i) {
            out += kPieces[random_.below(std::size(kPieces))];
        }
        return out;
    }

    double real() {
        switch (random_.below(8)) {
            case 0:
                return std::numeric_limits<double>::infinity();
            case 1:
                return -std::numeric_limits<double>::infinity();
            case 2:
                return 0;
            case 3:
                return std::numeric_limits<double>::quiet_NaN();
            default:
                return std::ldexp(static_cast<double>(random_.below(1 << 30)),
                                  static_cast<int>(random_.below(60)) - 30);
        }
    }

    SeededRandom random_;
    std::deque<Shape> shapes_;
    std::deque<std::vector<Member>> members_;
    std::deque<std::string> texts_;
};

std::string read(const Codec& codec, const http::RequestHead& head, std::string_view body,
                 const Shape& shape) {
    Dynamic value;
    MissingMembers missing;
    void* place = value.place(Kind::kStructure);
    WireRequest request;
    request.head = &head;
    request.body = body;
    const auto status = codec.decode(request, shape, place, missing);
    return status ? to_parameters(shape, place) : "error: " + status.error().error.message;
}

// The client's side of Query.
void write_form(std::string& out, const Shape& shape, const void* value, const std::string& key,
                const Member* member, bool flattened, bool ec2) {
    const auto indexed = [](const std::string& prefix, std::string_view part, std::size_t number,
                            bool flat) {
        return prefix + (flat ? "." : "." + std::string(part) + ".") + std::to_string(number);
    };
    switch (shape.kind) {
        case Kind::kStructure:
            // "A=" is an empty structure, as it is an empty list.
            if (!key.empty()) out += "&" + key + "=";
            for (const Member& one : shape.members) {
                const void* item = value_of(one, value);
                if (item == nullptr) continue;
                std::string name(one.on_wire());
                if (ec2 && name.starts_with("wire")) name[0] = 'W';
                write_form(out, *one.shape, item, key.empty() ? name : key + "." + name, &one,
                           ec2 || one.flattened, ec2);
            }
            return;
        case Kind::kList:
            for (std::size_t i = 0; i < shape.list->size(value); ++i) {
                write_form(out, *shape.element, shape.list->at(value, i),
                           indexed(key, shape.element_name.empty() ? "member" : shape.element_name,
                                   i + 1, flattened),
                           nullptr, ec2, ec2);
            }
            return;
        case Kind::kMap: {
            struct Visit {
                std::string& out;
                const Shape& shape;
                const std::string& key;
                bool flattened, ec2;
                std::size_t number = 0;
            } visit{out, shape, key, flattened, ec2};
            shape.map->each(
                value, &visit, [](void* context, std::string_view name, const void* item) {
                    auto& self = *static_cast<Visit*>(context);
                    const Shape& map = self.shape;
                    const std::string entry = self.key + (self.flattened ? "." : ".entry.") +
                                              std::to_string(++self.number);
                    const auto part = [](std::string_view given, std::string_view standard) {
                        return "." + std::string(given.empty() ? standard : given);
                    };
                    self.out +=
                        "&" + entry + part(map.key_name, "key") + "=" + sigv4::uri_encode(name);
                    write_form(self.out, *map.element, item, entry + part(map.value_name, "value"),
                               nullptr, self.ec2, self.ec2);
                });
            return;
        }
        default: {
            std::string text;
            append_scalar(text, shape, value, timestamp_format_of(member, shape, "iso8601"));
            out += "&" + key + "=" + sigv4::uri_encode(text);
        }
    }
}

// The client's side of Query's answers.
using Tree = boost::property_tree::ptree;

void read_xml(const Shape& shape, const Tree& node, void* out, const Member* member);

void read_xml_entry(const Shape& shape, const Tree& node, void* out) {
    const std::string key_name(shape.key_name.empty() ? "key" : shape.key_name);
    const std::string value_name(shape.value_name.empty() ? "value" : shape.value_name);
    read_xml(*shape.element, node.get_child(value_name),
             shape.map->emplace(out, node.get_child(key_name).data()), nullptr);
}

void read_xml(const Shape& shape, const Tree& node, void* out, const Member* member) {
    switch (shape.kind) {
        case Kind::kStructure:
            for (const Member& one : shape.members) {
                const std::string name(one.on_wire());
                if (!one.flattened) {
                    const auto child = node.get_child_optional(name);
                    if (child) read_xml(*one.shape, *child, field_of(one, out), &one);
                    continue;
                }
                if (node.count(name) == 0) continue;
                void* field = field_of(one, out);
                const auto [begin, end] = node.equal_range(name);
                for (auto at = begin; at != end; ++at) {
                    if (one.shape->kind == Kind::kMap) {
                        read_xml_entry(*one.shape, at->second, field);
                    } else {
                        read_xml(*one.shape->element, at->second, one.shape->list->append(field),
                                 nullptr);
                    }
                }
            }
            return;
        case Kind::kList:
            for (const auto& [name, child] : node) {
                CHECK(name == (shape.element_name.empty() ? "member" : shape.element_name));
                read_xml(*shape.element, child, shape.list->append(out), nullptr);
            }
            return;
        case Kind::kMap:
            for (const auto& [name, child] : node) {
                CHECK(name == "entry");
                read_xml_entry(shape, child, out);
            }
            return;
        default:
            CHECK(parse_scalar(shape, node.data(), out,
                               timestamp_format_of(member, shape, "iso8601"), Offsets::kRefuse));
    }
}

std::string read_answer(const Shape& shape, const std::string& body) {
    std::istringstream in(body);
    Tree tree;
    boost::property_tree::read_xml(in, tree);
    Dynamic value;
    void* place = value.place(Kind::kStructure);
    read_xml(shape, tree.get_child("AnyResponse.AnyResult"), place, nullptr);
    return to_parameters(shape, place);
}

constexpr std::uint64_t kRounds = 400;

TEST_CASE("random values in every protocol: what is written is read back") {
    const OperationModel operation{.name = "Any",
                                   .input = nullptr,
                                   .output = nullptr,
                                   .errors = {},
                                   .validation_error = {},
                                   .http_method = {},
                                   .http_uri = {},
                                   .result_wrapper = "AnyResult"};
    std::size_t values = 0;
    for (std::uint64_t seed = 0; seed < kRounds; ++seed) {
        CAPTURE(seed);
        Maker maker(seed);
        const Shape& shape = maker.structure(0);
        Dynamic value;
        void* place = value.place(Kind::kStructure);
        maker.fill(shape, place, 0);
        const std::string wanted = to_parameters(shape, place);
        values += wanted.size();
        const http::RequestHead nothing;

        for (const Codec* codec : {&json10_codec(), &json11_codec(), &cbor_codec()}) {
            CHECK(read(*codec, nothing, codec->encode({}, &shape, place).body, shape) == wanted);
        }
        for (const bool ec2 : {false, true}) {
            std::string form;
            write_form(form, shape, place, "", nullptr, ec2, ec2);
            CHECK(read(ec2 ? ec2_query_codec() : query_codec(), nothing, form, shape) == wanted);
        }
        const http::Response answer =
            query_codec().encode({nullptr, &operation, "id"}, &shape, place);
        CHECK(read_answer(shape, answer.body) == wanted);

        const Shape& scattered = maker.with_headers(shape);
        Dynamic other;
        void* rest = other.place(Kind::kStructure);
        maker.fill(scattered, rest, 0);
        const http::Response sent = rest_json_codec().encode({}, &scattered, rest);
        http::RequestHead head;
        for (const http::Header& header : sent.headers) head.headers.add(header.name, header.value);
        CHECK(read(rest_json_codec(), head, sent.body, scattered) ==
              to_parameters(scattered, rest));
    }
    CHECK(values > 10'000);  // The rounds are not all empty.
}

}  // namespace
}  // namespace sky::aws::testing
