// SPDX-License-Identifier: Apache-2.0
#include "logs/query_definitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "json/document.h"
#include "json/writer.h"
#include "logs/limits.h"
#include "logs/tokens.h"

namespace sky::logs {
namespace {

constexpr std::string_view kKind = "query-definition";
constexpr std::string_view kTokenMember = "clientToken";

store::DocumentKey key_of(const Tenant& tenant, std::string_view id) {
    return {tenant, std::string(kKind), std::string(id)};
}

std::unexpected<Error> missing(std::string_view id) {
    return fail(ErrorCode::kNotFound,
                fmt::format("The query definition with id [{}] does not exist.", id));
}

void write_text(json::Writer& writer, std::string_view key, const std::string& text) {
    writer.key(key);
    writer.string(text);
}

std::string print_head(const QueryDefinition& definition,
                       const std::optional<std::string>& client_token) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_text(writer, "name", definition.name);
    write_text(writer, "queryString", definition.text);
    write_text(writer, "queryLanguage", definition.language);
    writer.key("logGroupNames");
    writer.begin_array();
    for (const std::string& group : definition.groups) writer.string(group);
    writer.end_array();
    writer.key("parameters");
    writer.begin_array();
    for (const QueryParameter& parameter : definition.parameters) {
        writer.begin_object();
        write_text(writer, "name", parameter.name);
        if (parameter.default_value) write_text(writer, "defaultValue", *parameter.default_value);
        if (parameter.description) write_text(writer, "description", *parameter.description);
        writer.end_object();
    }
    writer.end_array();
    if (client_token) write_text(writer, kTokenMember, *client_token);
    writer.end_object();
    return out;
}

std::optional<std::string> text_of(const json::Value& object, std::string_view key) {
    const auto value = object.find(key);
    if (!value || value->kind() != json::Kind::kString) return std::nullopt;
    return std::string(value->string());
}

std::optional<QueryDefinition> parse_head(const store::Document& document) {
    const auto parsed = json::Document::parse(document.head);
    if (!parsed) return std::nullopt;
    const json::Value root = parsed->root();
    auto name = text_of(root, "name");
    auto text = text_of(root, "queryString");
    auto language = text_of(root, "queryLanguage");
    const auto groups = root.find("logGroupNames");
    const auto parameters = root.find("parameters");
    if (!name || !text || !language || !groups || groups->kind() != json::Kind::kArray ||
        !parameters || parameters->kind() != json::Kind::kArray) {
        return std::nullopt;
    }
    QueryDefinition out;
    out.id = document.key.id;
    out.modified_ms = document.modified_ms;
    out.name = *std::move(name);
    out.text = *std::move(text);
    out.language = *std::move(language);
    for (const json::Value group : groups->elements()) {
        if (group.kind() != json::Kind::kString) return std::nullopt;
        out.groups.emplace_back(group.string());
    }
    for (const json::Value parameter : parameters->elements()) {
        auto parameter_name = text_of(parameter, "name");
        if (!parameter_name) return std::nullopt;
        out.parameters.push_back({*std::move(parameter_name), text_of(parameter, "defaultValue"),
                                  text_of(parameter, "description")});
    }
    return out;
}

std::optional<std::string> client_token_of(const store::Document& document) {
    const auto parsed = json::Document::parse(document.head);
    return parsed ? text_of(parsed->root(), kTokenMember) : std::nullopt;
}

Status check(const QueryDefinition& wanted) {
    if (wanted.groups.size() > limits::kQueryGroupsMax) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("A query definition names at most {} log groups.",
                                limits::kQueryGroupsMax));
    }
    if (!wanted.parameters.empty() && wanted.language != "CWLI") {
        return fail(ErrorCode::kInvalidArgument,
                    "Query parameters are for the query language CWLI alone.");
    }
    std::set<std::string_view> names;
    for (const QueryParameter& parameter : wanted.parameters) {
        if (!names.insert(parameter.name).second) {
            return fail(ErrorCode::kInvalidArgument,
                        "Two query parameters have the name " + parameter.name);
        }
    }
    return {};
}

/// Places in the order of lists: names may hold any character, ids have one length.
std::string place_of(const QueryDefinition& definition) { return definition.id + definition.name; }

bool before(const QueryDefinition& a, const QueryDefinition& b) {
    return a.name != b.name ? a.name < b.name : a.id < b.id;
}

constexpr std::size_t kIdChars = 36;

}  // namespace

Result<std::vector<QueryDefinition>> QueryDefinitions::all(const Tenant& tenant) const {
    std::vector<QueryDefinition> out;
    for (const auto& document :
         store_.catalog().list_documents(tenant, kKind, "", "", limits::kQueryDefinitionsMax)) {
        auto definition = parse_head(*document);
        if (!definition) {
            return fail(ErrorCode::kCorruption,
                        "the catalog's query definition cannot be read: " + document->key.id);
        }
        out.push_back(*std::move(definition));
    }
    std::sort(out.begin(), out.end(), before);
    return out;
}

Result<std::string> QueryDefinitions::put(const Tenant& tenant, const QueryDefinition& wanted,
                                          const std::optional<std::string>& client_token) {
    SKY_TRY(check(wanted));
    const std::lock_guard lock(change_);
    store::Catalog& catalog = store_.catalog();
    store::Document document;
    document.creation_ms = document.modified_ms = clock_.now_ms();
    document.head = print_head(wanted, client_token);
    if (!wanted.id.empty()) {
        const auto known = catalog.find_document(key_of(tenant, wanted.id));
        if (!known) return missing(wanted.id);
        document.key = known->key;
        document.creation_ms = known->creation_ms;
    } else {
        const auto kept =
            catalog.list_documents(tenant, kKind, "", "", limits::kQueryDefinitionsMax);
        for (const auto& other : kept) {
            if (!client_token || client_token_of(*other) != client_token) continue;
            if (other->head == document.head) return other->key.id;
            return fail(ErrorCode::kInvalidArgument,
                        "The clientToken has been used by another request.");
        }
        if (kept.size() >= limits::kQueryDefinitionsMax) {
            return fail(ErrorCode::kLimitExceeded,
                        fmt::format("An account can have at most {} query definitions.",
                                    limits::kQueryDefinitionsMax));
        }
        document.key = key_of(tenant, random_uuid(random_));
    }
    std::string id = document.key.id;
    SKY_TRY(catalog.put_document(std::move(document), ""));
    return id;
}

Result<QueryDefinitionPage> QueryDefinitions::list(const Tenant& tenant, std::string_view prefix,
                                                   const std::optional<std::string>& language,
                                                   std::optional<std::int64_t> count,
                                                   const std::optional<std::string>& token) const {
    const std::uint64_t filter = FilterHash()
                                     .add(tenant.account)
                                     .add(tenant.region)
                                     .add(prefix)
                                     .add(language.value_or(""))
                                     .value();
    QueryDefinition after;
    if (token) {
        const std::string place = SKY_TRY(decode_token(
            TokenKind::kQueryDefinitions, filter, clock_.now_ms(), limits::kTokenLifeMs, *token));
        if (place.size() < kIdChars) {
            return fail(ErrorCode::kInvalidArgument, std::string(kTokenInvalid));
        }
        after.id = place.substr(0, kIdChars);
        after.name = place.substr(kIdChars);
    }
    const auto most = static_cast<std::size_t>(
        count.value_or(static_cast<std::int64_t>(limits::kDescribeQueriesMax)));
    QueryDefinitionPage page;
    for (QueryDefinition& definition : SKY_TRY(all(tenant))) {
        if (token && !before(after, definition)) continue;
        if (!definition.name.starts_with(prefix)) continue;
        if (language && definition.language != *language) continue;
        if (page.definitions.size() == most) {
            page.next_token = encode_token(TokenKind::kQueryDefinitions, filter, clock_.now_ms(),
                                           place_of(page.definitions.back()));
            break;
        }
        page.definitions.push_back(std::move(definition));
    }
    return page;
}

Status QueryDefinitions::remove(const Tenant& tenant, std::string_view id) {
    const std::lock_guard lock(change_);
    if (!store_.catalog().find_document(key_of(tenant, id))) return missing(id);
    return store_.catalog().delete_document(key_of(tenant, id));
}

}  // namespace sky::logs
