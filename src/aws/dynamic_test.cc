// SPDX-License-Identifier: Apache-2.0
#include "aws/testing/dynamic.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

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

const KindRow& kind_row(Kind kind) { return *std::ranges::find(kKinds, kind, &KindRow::kind); }

// Types beyond ours, by what holds their values.
struct Alias {
    std::string_view type, held_as;
    std::uint8_t bits = 32;
};
constexpr Alias kAliases[] = {{"union", "structure"},    {"set", "list"},
                              {"enum", "string"},        {"intEnum", "integer"},
                              {"byte", "integer", 8},    {"short", "integer", 16},
                              {"document", "structure"}, {"bigInteger", "long"},
                              {"bigDecimal", "double"},  {"character", "string"}};

std::string_view text_of(const json::Value& value, std::string_view name) {
    const auto found = value.find(name);
    return found ? found->string() : std::string_view{};
}
bool flag_of(const json::Value& value, std::string_view name) {
    const auto found = value.find(name);
    return found && found->kind() == json::Kind::kBool && found->boolean();
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

void use_dynamic_access(Shape& shape) {
    if (shape.element == nullptr) return;
    shape.list = kind_row(shape.element->kind).list;
    shape.map = kind_row(shape.element->kind).map;
}

Member dynamic_member(std::string_view name, const Shape& shape, std::size_t index, bool required) {
    SKY_ASSERT(index < Dynamic::kMembersMax, "the cases' structures are small");
    return {name, &shape, index * sizeof(std::unique_ptr<Dynamic>), kind_row(shape.kind).slot,
            required};
}

struct Model::Later {
    Shape* version;
    const Shape* of;
    json::Value traits;
    Names names;
};

Model::~Model() = default;

Model::Model(const json::Value& shapes, Dialect dialect, Names names) {
    if (dialect == Dialect::kBotocore) {
        read_botocore(shapes);
    } else {
        read_smithy(shapes, names);
    }
}

const Shape* Model::find(std::string_view name) const {
    const auto at = by_name_.find(name);
    return at == by_name_.end() ? nullptr : at->second;
}

Shape& Model::add(std::string_view name, std::string_view type) {
    Shape& shape = shapes_.emplace_back();
    shape.name = keep(name.substr(std::min(name.find('#') + 1, name.size())));
    if (name.find('#') == std::string_view::npos) shape.name = keep(name);
    shape.is_union = type == "union";
    if (type == "document") documents_.push_back(&shape);
    for (const Alias& alias : kAliases) {
        if (alias.type != type) continue;
        shape.bits = alias.bits;
        type = alias.held_as;
    }
    const auto at = std::ranges::find(kKinds, type, &KindRow::type);
    SKY_ASSERT(at != std::end(kKinds), "the cases use modelled types");
    shape.kind = at->kind;
    by_name_[std::string(name)] = &shape;
    return shape;
}

Shape& Model::target(std::string_view name) {
    const auto at = by_name_.find(name);
    if (at != by_name_.end()) return *at->second;
    // Smithy's prelude: smithy.api#String, PrimitiveInteger, ...
    std::string type(name.substr(name.find('#') + 1));
    if (type.starts_with("Primitive")) type = type.substr(9);
    type.front() = static_cast<char>(type.front() - 'A' + 'a');
    return add(name, type == "unit" ? "structure" : type);
}

void Model::finish(Shape& shape) { use_dynamic_access(shape); }

namespace {
XmlNamespace namespace_of(Model& model, const json::Value& traits, std::string_view name) {
    const auto trait = traits.find(name);
    if (!trait) return {};
    if (trait->kind() == json::Kind::kString) return {model.keep(trait->string()), {}};
    return {model.keep(text_of(*trait, "uri")), model.keep(text_of(*trait, "prefix"))};
}

Location location_of(std::string_view word, Kind kind) {
    if (word == "uri") return Location::kUri;
    if (word == "querystring") return kind == Kind::kMap ? Location::kQueryMap : Location::kQuery;
    if (word == "header") return Location::kHeader;
    if (word == "headers") return Location::kHeaderMap;
    if (word == "statusCode") return Location::kStatus;
    return Location::kBody;
}
}  // namespace

void Model::read_botocore(const json::Value& shapes) {
    for (const json::MemberRef& one : shapes.members()) {
        const bool document = one.value.find("document").has_value();
        Shape& shape = add(one.name, document ? "document" : text_of(one.value, "type"));
        shape.is_union = flag_of(one.value, "union");
        shape.is_error = flag_of(one.value, "exception");
        shape.is_fault = flag_of(one.value, "fault");
        shape.flattened = flag_of(one.value, "flattened");
        if (const auto error = one.value.find("error")) {
            shape.error_code = keep(text_of(*error, "code"));
            if (const auto status = error->find("httpStatusCode")) {
                shape.http_status = static_cast<int>(status->integer());
            }
        }
        shape.timestamp_format = keep(text_of(one.value, "timestampFormat"));
    }
    // References may point forward, so they are resolved in a second round.
    for (const json::MemberRef& one : shapes.members()) {
        Shape& shape = target(one.name);
        if (one.value.find("members")) botocore_members(shape, one.value);
        const auto traits = [&](std::string_view part) { return one.value.find(part); };
        if (const auto element = traits(shape.kind == Kind::kMap ? "value" : "member")) {
            shape.element = &target(text_of(*element, "shape"));
            const std::string_view name = keep(text_of(*element, "locationName"));
            (shape.kind == Kind::kMap ? shape.value_name : shape.element_name) = name;
            (shape.kind == Kind::kMap ? shape.value_namespace : shape.element_namespace) =
                namespace_of(*this, *element, "xmlNamespace");
        }
        if (const auto key = traits("key")) {
            shape.key = &target(text_of(*key, "shape"));
            shape.key_name = keep(text_of(*key, "locationName"));
            shape.key_namespace = namespace_of(*this, *key, "xmlNamespace");
        }
        finish(shape);
    }
}

void Model::botocore_members(Shape& shape, const json::Value& facts) {
    std::vector<Member>& rows = members_.emplace_back();
    std::set<std::string_view> required;
    if (const auto names = facts.find("required")) {
        for (const json::Value& name : names->elements()) required.insert(name.string());
    }
    for (const json::MemberRef& one : facts.find("members")->members()) {
        const json::Value& traits = one.value;
        const Shape& held = target(text_of(traits, "shape"));
        Member& row = rows.emplace_back(
            dynamic_member(keep(one.name), held, rows.size(), required.contains(one.name)));
        row.location = location_of(text_of(traits, "location"), held.kind);
        if (text_of(facts, "payload") == one.name) row.location = Location::kPayload;
        row.wire_name = keep(text_of(traits, "locationName"));
        row.ec2_name = keep(text_of(traits, "queryName"));
        if (flag_of(traits, "jsonvalue")) {
            Shape& document = shapes_.emplace_back(held);
            document.media_type = "application/json";
            row.shape = &document;
        }
        row.timestamp_format = keep(text_of(traits, "timestampFormat"));
        row.xml_namespace = namespace_of(*this, traits, "xmlNamespace");
        row.flattened = flag_of(traits, "flattened");
        row.xml_attribute = flag_of(traits, "xmlAttribute");
    }
    shape.members = rows;
}

void Model::read_smithy(const json::Value& shapes, Names names) {
    for (const json::MemberRef& one : shapes.members()) {
        Shape& shape = add(one.name, text_of(one.value, "type"));
        if (const auto traits = one.value.find("traits")) smithy_facts(shape, *traits, names);
        if (text_of(one.value, "type") != "enum") continue;
        std::vector<std::string_view>& values = enums_.emplace_back();
        for (const json::MemberRef& value : one.value.find("members")->members()) {
            const json::Value traits = *value.value.find("traits");
            // Values that the published texts do not show.
            if (traits.find("smithy.api#internal")) continue;
            values.push_back(keep(text_of(traits, "smithy.api#enumValue")));
        }
        shape.enum_values = values;
    }
    for (const json::MemberRef& one : shapes.members()) {
        Shape& shape = target(one.name);
        if (one.value.find("members") && shape.kind == Kind::kStructure) {
            smithy_members(shape, one.value, names);
        }
        smithy_element(shape, one.value, names);
        finish(shape);
    }
    for (const Later& one : later_) {
        const std::string_view name = one.version->name;
        *one.version = *one.of;
        one.version->name = name;
        smithy_facts(*one.version, one.traits, one.names);
    }
}

namespace {
std::string_view format_of_smithy(const json::Value& traits) {
    const std::string_view format = text_of(traits, "smithy.api#timestampFormat");
    if (format == "date-time") return "iso8601";
    if (format == "http-date") return "rfc822";
    return format == "epoch-seconds" ? "unixTimestamp" : "";
}

void bounds(Shape& shape, const json::Value& trait) {
    const bool real = shape.kind == Kind::kFloat || shape.kind == Kind::kDouble;
    for (const bool upper : {false, true}) {
        const auto bound = trait.find(upper ? "max" : "min");
        auto& whole = upper ? shape.max : shape.min;
        auto& wide = upper ? shape.real_max : shape.real_min;
        whole.reset();
        wide.reset();
        if (bound && real) wide = bound->number();
        if (bound && !real) whole = bound->integer();
    }
}
}  // namespace

void Model::smithy_facts(Shape& shape, const json::Value& traits, Names) {
    if (const auto length = traits.find("smithy.api#length")) bounds(shape, *length);
    if (const auto range = traits.find("smithy.api#range")) bounds(shape, *range);
    if (const auto text = traits.find("smithy.api#pattern")) shape.pattern = keep(text->string());
    if (const auto type = traits.find("smithy.api#mediaType")) {
        shape.media_type = keep(type->string());
    }
    if (const std::string_view format = format_of_smithy(traits); !format.empty()) {
        shape.timestamp_format = format;
    }
    if (const auto values = traits.find("smithy.api#enum")) {
        std::vector<std::string_view>& rows = enums_.emplace_back();
        for (const json::Value& value : values->elements()) {
            bool internal = false;
            if (const auto tags = value.find("tags")) {
                for (const json::Value& tag : tags->elements())
                    internal = internal || tag.string() == "internal";
            }
            if (!internal) rows.push_back(keep(text_of(value, "value")));
        }
        shape.enum_values = rows;
    }
    if (const auto error = traits.find("smithy.api#error")) {
        shape.is_error = true;
        shape.is_fault = error->string() == "server";
    }
    if (const auto status = traits.find("smithy.api#httpError")) {
        shape.http_status = static_cast<int>(status->integer());
    }
    if (const auto query = traits.find("aws.protocols#awsQueryError")) {
        shape.error_code = keep(text_of(*query, "code"));
        shape.query_status = static_cast<int>(query->find("httpResponseCode")->integer());
    }
}

// Constraints and types may stand at the member; ours are the shape's, so such a member gets its
// own.
const Shape* Model::own_version(const Shape& shape, const json::Value& traits, Names names) {
    constexpr std::string_view kOwn[] = {"smithy.api#length", "smithy.api#range",
                                         "smithy.api#pattern", "smithy.api#mediaType"};
    if (std::ranges::none_of(kOwn,
                             [&](std::string_view one) { return traits.find(one).has_value(); })) {
        return &shape;
    }
    Shape& version = shapes_.emplace_back();
    version.kind = shape.kind;
    version.name = shape.name;
    later_.push_back({&version, &shape, traits, names});
    return &version;
}

void Model::smithy_members(Shape& shape, const json::Value& facts, Names names) {
    std::vector<Member>& rows = members_.emplace_back();
    for (const json::MemberRef& one : facts.find("members")->members()) {
        const Shape* held = &target(text_of(one.value, "target"));
        const auto traits = one.value.find("traits");
        if (traits) held = own_version(*held, *traits, names);
        Member& row = rows.emplace_back(dynamic_member(keep(one.name), *held, rows.size(), false));
        if (!traits) continue;
        row.required = traits->find("smithy.api#required").has_value();
        row.timestamp_format = format_of_smithy(*traits);
        const auto text = [&](std::string_view name) { return keep(text_of(*traits, name)); };
        const std::string_view wire_name =
            text(names == Names::kXml ? "smithy.api#xmlName" : "smithy.api#jsonName");
        row.wire_name = wire_name;
        row.xml_namespace = namespace_of(*this, *traits, "smithy.api#xmlNamespace");
        row.flattened = traits->find("smithy.api#xmlFlattened").has_value();
        row.xml_attribute = traits->find("smithy.api#xmlAttribute").has_value();
        if (traits->find("smithy.api#httpLabel")) {
            row.location = Location::kUri;
            row.wire_name = {};
        } else if (traits->find("smithy.api#httpQuery")) {
            row.location = Location::kQuery;
            row.wire_name = text("smithy.api#httpQuery");
        } else if (traits->find("smithy.api#httpQueryParams")) {
            row.location = Location::kQueryMap;
        } else if (traits->find("smithy.api#httpHeader")) {
            row.location = Location::kHeader;
            row.wire_name = text("smithy.api#httpHeader");
        } else if (traits->find("smithy.api#httpPrefixHeaders")) {
            row.location = Location::kHeaderMap;
            row.wire_name = text("smithy.api#httpPrefixHeaders");
        } else if (traits->find("smithy.api#httpPayload")) {
            row.location = Location::kPayload;
        } else if (traits->find("smithy.api#httpResponseCode")) {
            row.location = Location::kStatus;
        }
    }
    shape.members = rows;
}

void Model::smithy_element(Shape& shape, const json::Value& facts, Names names) {
    const auto read = [&](std::string_view part, const Shape*& held, std::string_view& name,
                          XmlNamespace& space) {
        const auto found = facts.find(part);
        if (!found) return;
        held = &target(text_of(*found, "target"));
        const auto traits = found->find("traits");
        if (!traits) return;
        held = own_version(*held, *traits, names);
        name = keep(text_of(*traits, "smithy.api#xmlName"));
        space = namespace_of(*this, *traits, "smithy.api#xmlNamespace");
    };
    read("member", shape.element, shape.element_name, shape.element_namespace);
    read("key", shape.key, shape.key_name, shape.key_namespace);
    read("value", shape.element, shape.value_name, shape.value_namespace);
}

std::string_view Model::unfit(const Shape& shape, const json::Value& parameters) const {
    if (parameters.kind() == json::Kind::kNull) return {};
    if (std::ranges::find(documents_, &shape) != documents_.end()) return "document";
    std::string_view why;
    const auto look = [&](const Shape& held, const json::Value& value) {
        if (why.empty()) why = unfit(held, value);
    };
    const auto look_inside = [&](const json::Value& value) {
        if (value.kind() == json::Kind::kNull) why = "sparse";
        look(*shape.element, value);
    };
    switch (shape.kind) {
        case Kind::kStructure:
            for (const Member& member : shape.members) {
                if (const auto value = parameters.find(member.name)) look(*member.shape, *value);
            }
            break;
        case Kind::kList:
            for (const json::Value& value : parameters.elements()) look_inside(value);
            break;
        case Kind::kMap:
            for (const json::MemberRef& one : parameters.members()) look_inside(one.value);
            break;
        default:
            break;
    }
    return why;
}

namespace {
// The cases write a float as its shortest text.
double shortest(float value) {
    if (!std::isfinite(value)) return static_cast<double>(value);
    char text[32];
    const auto [end, fault] = std::to_chars(text, text + sizeof(text), value);
    double out = 0;
    std::from_chars(text, end, out);
    return fault == std::errc{} ? out : 0;
}

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
            return out.number(shortest(*static_cast<const float*>(value)));
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

}  // namespace sky::aws::testing
