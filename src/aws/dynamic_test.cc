// SPDX-License-Identifier: Apache-2.0
// The published JSON cases: what clients send must decode to the parameters, what we send must read
// back.
#include "aws/testing/dynamic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "aws/codec.h"
#include "aws/testing/vectors.h"
#include "aws/timestamp.h"
#include "base/assert.h"
#include "json/writer.h"

namespace sky::aws::testing {
namespace {

template <Kind K>
struct AnyList {
    using List = std::vector<std::unique_ptr<Dynamic>>;
    static std::size_t size(const void* list) { return static_cast<const List*>(list)->size(); }
    static const void* at(const void* list, std::size_t index) {
        return (*static_cast<const List*>(list))[index]->place(K);
    }
    static void* append(void* list) {
        return static_cast<List*>(list)->emplace_back(std::make_unique<Dynamic>())->place(K);
    }
    static void reserve(void* list, std::size_t count) { static_cast<List*>(list)->reserve(count); }
    static constexpr ListAccess kAccess{&size, &at, &append, &reserve};
};

template <Kind K>
struct AnyMap {
    using Map = std::map<std::string, std::unique_ptr<Dynamic>>;
    static std::size_t size(const void* map) { return static_cast<const Map*>(map)->size(); }
    static void* emplace(void* map, std::string_view key) {
        return ((*static_cast<Map*>(map))[std::string(key)] = std::make_unique<Dynamic>())
            ->place(K);
    }
    static void each(const void* map, void* context,
                     void (*visit)(void*, std::string_view, const void*)) {
        for (const auto& [key, value] : *static_cast<const Map*>(map))
            visit(context, key, value->place(K));
    }
    static constexpr MapAccess kAccess{&size, &emplace, &each};
};

template <Kind K>
struct AnySlot {
    using Field = std::unique_ptr<Dynamic>;
    static void* emplace(void* field) {
        return (*static_cast<Field*>(field) = std::make_unique<Dynamic>())->place(K);
    }
    static const void* get(const void* field) {
        const auto& value = *static_cast<const Field*>(field);
        return value ? value->place(K) : nullptr;
    }
    static constexpr Slot kSlot{&emplace, &get};
};

struct KindRow {
    std::string_view type;
    Kind kind;
    const Slot* slot;
    const ListAccess* list;
    const MapAccess* map;
};
template <Kind K>
constexpr KindRow row(std::string_view type) {
    return {type, K, &AnySlot<K>::kSlot, &AnyList<K>::kAccess, &AnyMap<K>::kAccess};
}
constexpr KindRow kKinds[] = {
    row<Kind::kStructure>("structure"),
    row<Kind::kList>("list"),
    row<Kind::kMap>("map"),
    row<Kind::kString>("string"),
    row<Kind::kBlob>("blob"),
    row<Kind::kBoolean>("boolean"),
    row<Kind::kInteger>("integer"),
    row<Kind::kLong>("long"),
    row<Kind::kFloat>("float"),
    row<Kind::kDouble>("double"),
    row<Kind::kTimestamp>("timestamp"),
};

const KindRow& kind_row(std::string_view type) {
    const auto at = std::ranges::find(kKinds, type, &KindRow::type);
    SKY_ASSERT(at != std::end(kKinds), "the cases use modelled types");
    return *at;
}

}  // namespace

void* Dynamic::place(Kind kind) {
    switch (kind) {
        case Kind::kStructure:
            return &members;
        case Kind::kList:
            return &list;
        case Kind::kMap:
            return &map;
        case Kind::kString:
            return &text;
        case Kind::kBlob:
            return &blob;
        case Kind::kBoolean:
            return &flag;
        case Kind::kInteger:
            return &integer;
        case Kind::kLong:
            return &number;
        case Kind::kFloat:
            return &real;
        case Kind::kDouble:
            return &wide;
        case Kind::kTimestamp:
            return &time;
    }
    return nullptr;
}

Model::Model(const json::Value& shapes) {
    const auto keep = [this](std::string_view text) -> std::string_view {
        return texts_.emplace_back(text);
    };
    for (const json::MemberRef& one : shapes.members()) {
        Shape& shape = shapes_.emplace_back();
        shape.name = keep(one.name);
        shape.kind = kind_row(one.value.find("type")->string()).kind;
        by_name_[std::string(one.name)] = &shape;
        if (one.value.find("document")) documents_.emplace_back(one.name);
    }
    // References may point forward, so they are resolved in a second round.
    std::size_t index = 0;
    for (const json::MemberRef& one : shapes.members()) {
        Shape& shape = shapes_[index++];
        const json::Value& facts = one.value;
        shape.is_union = facts.find("union").has_value();
        if (const auto format = facts.find("timestampFormat"))
            shape.timestamp_format = keep(format->string());
        if (const auto members = facts.find("members")) {
            std::vector<Member>& rows = members_.emplace_back();
            std::set<std::string_view> required;
            if (const auto names = facts.find("required")) {
                for (const json::Value& name : names->elements()) required.insert(name.string());
            }
            for (const json::MemberRef& member : members->members()) {
                SKY_ASSERT(rows.size() < Dynamic::kMembersMax, "the cases' structures are small");
                const Shape& target = get(member.value.find("shape")->string());
                std::string_view format;
                // botocore gives the format at the member; ours is the shape's, so such a member
                // gets its own.
                const Shape* shown = &target;
                if (const auto own = member.value.find("timestampFormat")) {
                    format = keep(own->string());
                    Shape copy = target;
                    copy.timestamp_format = format;
                    shown = &shapes_.emplace_back(copy);
                }
                const auto at = std::ranges::find(kKinds, target.kind, &KindRow::kind);
                rows.push_back({keep(member.name),
                                shown,
                                rows.size() * sizeof(std::unique_ptr<Dynamic>),
                                at->slot,
                                required.contains(member.name),
                                {},
                                {}});
            }
            shape.members = rows;
        }
        const auto element = facts.find(shape.kind == Kind::kMap ? "value" : "member");
        if (element) {
            shape.element = &get(element->find("shape")->string());
            const auto at = std::ranges::find(kKinds, shape.element->kind, &KindRow::kind);
            shape.list = at->list;
            shape.map = at->map;
        }
        if (const auto key = facts.find("key")) shape.key = &get(key->find("shape")->string());
    }
}

bool Model::uses_documents(std::string_view name) const {
    if (std::ranges::find(documents_, name) != documents_.end()) return true;
    return std::ranges::any_of(get(name).members, [this](const Member& member) {
        return std::ranges::find(documents_, member.shape->name) != documents_.end();
    });
}

namespace {
void write_parameters(json::Writer& out, const Shape& shape, const void* value) {
    switch (shape.kind) {
        case Kind::kStructure:
            out.begin_object();
            for (const Member& member : shape.members) {
                const void* item =
                    member.slot->get(static_cast<const std::byte*>(value) + member.offset);
                if (item == nullptr) continue;
                out.key(member.name);
                write_parameters(out, *member.shape, item);
            }
            out.end_object();
            return;
        case Kind::kList:
            out.begin_array();
            for (std::size_t i = 0; i < shape.list->size(value); ++i) {
                write_parameters(out, *shape.element, shape.list->at(value, i));
            }
            out.end_array();
            return;
        case Kind::kMap: {
            std::pair<json::Writer*, const Shape*> context{&out, shape.element};
            out.begin_object();
            shape.map->each(value, &context, [](void* at, std::string_view key, const void* item) {
                const auto& self = *static_cast<std::pair<json::Writer*, const Shape*>*>(at);
                self.first->key(key);
                write_parameters(*self.first, *self.second, item);
            });
            out.end_object();
            return;
        }
        case Kind::kString:
            return out.string(*static_cast<const std::string*>(value));
        case Kind::kBlob:
            return out.string(static_cast<const Blob*>(value)->bytes);
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
        case Kind::kTimestamp:
            return out.raw(format_seconds(*static_cast<const Timestamp*>(value)));
    }
}
}  // namespace

std::string to_parameters(const Shape& shape, const void* value) {
    std::string text;
    json::Writer out(text);
    write_parameters(out, shape, value);
    return text;
}

void from_parameters(const Shape& shape, const json::Value& parameters, void* value) {
    switch (shape.kind) {
        case Kind::kStructure:
            for (const Member& member : shape.members) {
                const auto item = parameters.find(member.name);
                if (!item || item->kind() == json::Kind::kNull) continue;
                void* field = static_cast<std::byte*>(value) + member.offset;
                from_parameters(*member.shape, *item, member.slot->emplace(field));
            }
            return;
        case Kind::kList:
            for (const json::Value& item : parameters.elements()) {
                from_parameters(*shape.element, item, shape.list->append(value));
            }
            return;
        case Kind::kMap:
            for (const json::MemberRef& item : parameters.members()) {
                from_parameters(*shape.element, item.value, shape.map->emplace(value, item.name));
            }
            return;
        case Kind::kString:
            *static_cast<std::string*>(value) = parameters.string();
            return;
        case Kind::kBlob:
            static_cast<Blob*>(value)->bytes = parameters.string();
            return;
        case Kind::kBoolean:
            *static_cast<bool*>(value) = parameters.boolean();
            return;
        case Kind::kInteger:
            *static_cast<std::int32_t*>(value) = static_cast<std::int32_t>(parameters.integer());
            return;
        case Kind::kLong:
            *static_cast<std::int64_t*>(value) = parameters.integer();
            return;
        case Kind::kFloat:
        case Kind::kDouble: {
            const double number = parameters.kind() == json::Kind::kString
                                      ? *parse_special_double(parameters.string())
                                      : parameters.number();
            if (shape.kind == Kind::kFloat) {
                *static_cast<float*>(value) = static_cast<float>(number);
            } else {
                *static_cast<double*>(value) = number;
            }
            return;
        }
        case Kind::kTimestamp:
            *static_cast<Timestamp*>(value) = *timestamp_from_seconds(parameters.number());
            return;
    }
}

namespace {
void write_canonical(json::Writer& out, const json::Value& value) {
    switch (value.kind()) {
        case json::Kind::kNull:
            return out.null();
        case json::Kind::kBool:
            return out.boolean(value.boolean());
        case json::Kind::kInt:
        case json::Kind::kUint:
            if (value.kind() == json::Kind::kInt) return out.integer(value.integer());
            return out.unsigned_integer(value.unsigned_integer());
        case json::Kind::kDouble:
            return out.number(value.number());
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

namespace {

struct Tally {
    std::size_t run = 0;
    std::vector<std::string> left_out;
};

std::string text_of(const json::Value& value, std::string_view name) {
    const auto found = value.find(name);
    return found && found->kind() == json::Kind::kString ? std::string(found->string())
                                                         : std::string{};
}

// Decodes a body and shows it as parameters; the codec's error otherwise.
std::string decoded(const Codec& codec, const Shape& shape, std::string_view body) {
    Dynamic value;
    MissingMembers missing;
    void* place = value.place(Kind::kStructure);
    const auto status = codec.decode({.body = body}, shape, place, missing);
    return status ? canonical_json(to_parameters(shape, place))
                  : "error: " + status.error().message;
}

void run_inputs(const Codec& codec, const json::Value& suites, Tally& tally) {
    for (const json::Value& suite : suites.elements()) {
        const Model model(*suite.find("shapes"));
        for (const json::Value& one : suite.find("cases")->elements()) {
            const std::string id = text_of(one, "id");
            CAPTURE(id);
            const auto input = one.find("given")->find("input");
            const json::Value sent = *one.find("serialized");
            if (!input) {
                ++tally.run;  // Nothing to decode: the body is {} or empty, whatever the client.
                const std::string body = text_of(sent, "body");
                CHECK((body.empty() || body == "{}"));
                continue;
            }
            const std::string name = text_of(*input, "shape");
            if (model.uses_documents(name) || !sent.find("body")) {
                tally.left_out.push_back(id);
                continue;
            }
            ++tally.run;
            CHECK(decoded(codec, model.get(name), sent.find("body")->string()) ==
                  canonical_json(*one.find("params")));
        }
    }
}

void run_outputs(const Codec& codec, const json::Value& suites, Tally& tally) {
    for (const json::Value& suite : suites.elements()) {
        const Model model(*suite.find("shapes"));
        for (const json::Value& one : suite.find("cases")->elements()) {
            const std::string id = text_of(one, "id");
            CAPTURE(id);
            const auto output = one.find("given")->find("output");
            const auto result = one.find("result");
            // Cases of errors test how clients find the code; ours always carry __type
            // (dispatch_test).
            if (!output || !result || model.uses_documents(text_of(*output, "shape"))) {
                tally.left_out.push_back(id);
                continue;
            }
            ++tally.run;
            const Shape& shape = model.get(text_of(*output, "shape"));
            const std::string wanted = canonical_json(*result);
            const std::string body = text_of(*one.find("response"), "body");
            CHECK(decoded(codec, shape, body) == wanted);
            Dynamic value;
            void* place = value.place(Kind::kStructure);
            from_parameters(shape, *result, place);
            const http::Response response = codec.encode({}, &shape, place);
            CHECK(decoded(codec, shape, response.body) == wanted);
            CHECK(response.status == 200);
        }
    }
}

TEST_CASE("published cases of JSON 1.1 and 1.0") {
    const auto document = shared_json("protocol-cases.json.zst");
    if (!document) return;
    const json::Value inputs = *document->root().find("input"),
                      outputs = *document->root().find("output");
    Tally tally;
    for (const std::string protocol : {"json", "json_1_0"}) {
        CAPTURE(protocol);
        const Codec& codec = protocol == "json" ? json11_codec() : json10_codec();
        run_inputs(codec, *inputs.find(protocol), tally);
        run_outputs(codec, *outputs.find(protocol), tally);
    }
    std::printf("protocol cases: %zu run, %zu left out:", tally.run, tally.left_out.size());
    for (const std::string& id : tally.left_out) std::printf(" %s", id.c_str());
    std::printf("\n");
    CHECK(tally.run > 100);
}

}  // namespace
}  // namespace sky::aws::testing
