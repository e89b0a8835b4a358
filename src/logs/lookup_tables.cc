// SPDX-License-Identifier: Apache-2.0
#include "logs/lookup_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/document.h"
#include "json/writer.h"
#include "logs/csv_table.h"
#include "logs/identifiers.h"
#include "logs/limits.h"
#include "logs/tokens.h"

namespace sky::logs {
namespace {

constexpr std::string_view kKind = "lookup-table";

store::DocumentKey key_of(const Tenant& tenant, std::string_view name) {
    return {tenant, std::string(kKind), std::string(name)};
}

std::unexpected<Error> missing(std::string_view name) {
    return fail(ErrorCode::kNotFound, fmt::format("The lookup table {} does not exist.", name));
}

std::string print_head(const LookupTableInfo& info) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    if (info.description) {
        writer.key("description");
        writer.string(*info.description);
    }
    writer.key("fields");
    writer.begin_array();
    for (const std::string& field : info.fields) writer.string(field);
    writer.end_array();
    writer.key("records");
    writer.integer(info.records);
    writer.key("tags");
    writer.begin_object();
    for (const auto& [key, value] : info.tags) {
        writer.key(key);
        writer.string(value);
    }
    writer.end_object();
    writer.end_object();
    return out;
}

std::unexpected<Error> damaged(const store::DocumentKey& key) {
    return fail(ErrorCode::kCorruption, "the catalog's lookup table cannot be read: " + key.id);
}

Result<LookupTableInfo> read_head(const store::Document& document) {
    LookupTableInfo info;
    info.name = document.key.id;
    info.arn = lookup_table_arn(document.key.tenant, info.name);
    info.bytes = document.body_bytes;
    info.creation_ms = document.creation_ms;
    info.modified_ms = document.modified_ms;
    const auto parsed = json::Document::parse(document.head);
    if (!parsed) return damaged(document.key);
    const json::Value root = parsed->root();
    const auto fields = root.find("fields");
    const auto records = root.find("records");
    const auto tags = root.find("tags");
    if (!fields || !records || !tags || fields->kind() != json::Kind::kArray ||
        records->kind() != json::Kind::kInt || tags->kind() != json::Kind::kObject) {
        return damaged(document.key);
    }
    info.records = records->integer();
    for (const json::Value field : fields->elements()) {
        if (field.kind() != json::Kind::kString) return damaged(document.key);
        info.fields.emplace_back(field.string());
    }
    for (const json::MemberRef tag : tags->members()) {
        if (tag.value.kind() != json::Kind::kString) return damaged(document.key);
        info.tags.emplace(tag.name, tag.value.string());
    }
    if (const auto description = root.find("description");
        description && description->kind() == json::Kind::kString) {
        info.description = description->string();
    }
    return info;
}

Status check_tags(const Tags& tags) {
    if (tags.size() > limits::kTagsMax) {
        return fail(ErrorCode::kLimitExceeded, "A resource can have at most 50 tags.");
    }
    for (const auto& [key, value] : tags) {
        if (key.starts_with("aws:")) {
            return fail(ErrorCode::kInvalidArgument,
                        "Tag keys starting with aws: are reserved: " + key);
        }
    }
    return {};
}

}  // namespace

std::string lookup_table_arn(const Tenant& tenant, std::string_view name) {
    return fmt::format("arn:aws:logs:{}:{}:lookup-table:{}", tenant.region, tenant.account, name);
}

bool is_lookup_table_arn(std::string_view arn) {
    return resource_of_arn(arn).type == "lookup-table";
}

Result<LookupTables::DocumentPtr> LookupTables::document_of(const Tenant& tenant,
                                                            std::string_view arn) const {
    const ArnResource resource = resource_of_arn(arn);
    if (resource.type != "lookup-table" || resource.name.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "The ARN does not name a lookup table: " + std::string(arn));
    }
    if (resource.region != tenant.region) {
        return fail(ErrorCode::kInvalidArgument,
                    "The lookup table belongs to another region: " + std::string(resource.region));
    }
    if (resource.account != tenant.account) return missing(resource.name);
    auto document = store_.catalog().find_document(key_of(tenant, resource.name));
    if (!document) return missing(resource.name);
    return document;
}

Result<LookupTableInfo> LookupTables::put(const Tenant& tenant, LookupTableInfo info,
                                          const LookupContent& content) {
    if (content.kms_key_id) {
        return fail(ErrorCode::kInvalidArgument,
                    "The specified KMS key does not exist: " + *content.kms_key_id);
    }
    if (content.csv.size() > limits::kLookupTableBytesMax) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("A lookup table has at most {} bytes; this one has {}.",
                                limits::kLookupTableBytesMax, content.csv.size()));
    }
    insights::LookupTable table = SKY_TRY(parse_csv(content.csv));
    info.records = static_cast<std::int64_t>(table.rows());
    info.fields = std::move(table.columns);
    info.description = content.description;
    info.bytes = content.csv.size();
    info.modified_ms = clock_.now_ms();
    store::Document document;
    document.key = key_of(tenant, info.name);
    document.creation_ms = info.creation_ms;
    document.modified_ms = info.modified_ms;
    document.head = print_head(info);
    SKY_TRY(store_.catalog().put_document(std::move(document), content.csv));
    return info;
}

Result<LookupTableInfo> LookupTables::create(const Tenant& tenant, const std::string& name,
                                             const LookupContent& content, const Tags& tags) {
    SKY_TRY(check_tags(tags));
    const std::lock_guard lock(change_);
    store::Catalog& catalog = store_.catalog();
    if (catalog.find_document(key_of(tenant, name))) {
        return fail(ErrorCode::kAlreadyExists,
                    fmt::format("The lookup table {} already exists.", name));
    }
    if (catalog.list_documents(tenant, kKind, "", "", limits::kLookupTablesMax).size() ==
        limits::kLookupTablesMax) {
        return fail(
            ErrorCode::kLimitExceeded,
            fmt::format("An account can have at most {} lookup tables.", limits::kLookupTablesMax));
    }
    LookupTableInfo info;
    info.name = name;
    info.arn = lookup_table_arn(tenant, name);
    info.creation_ms = clock_.now_ms();
    info.tags = tags;
    return put(tenant, std::move(info), content);
}

Result<LookupTableInfo> LookupTables::replace(const Tenant& tenant, std::string_view arn,
                                              const LookupContent& content) {
    const std::lock_guard lock(change_);
    const DocumentPtr document = SKY_TRY(document_of(tenant, arn));
    return put(tenant, SKY_TRY(read_head(*document)), content);
}

Result<LookupTableInfo> LookupTables::find(const Tenant& tenant, std::string_view arn) const {
    const DocumentPtr document = SKY_TRY(document_of(tenant, arn));
    return read_head(*document);
}

Result<std::string> LookupTables::csv(const Tenant& tenant, std::string_view name) const {
    return store_.catalog().document_body(key_of(tenant, name));
}

Result<LookupTablePage> LookupTables::list(const Tenant& tenant, std::string_view prefix,
                                           std::optional<std::int64_t> count,
                                           const std::optional<std::string>& token) const {
    const std::uint64_t filter =
        FilterHash().add(tenant.account).add(tenant.region).add(prefix).value();
    std::string after;
    if (token) {
        after = SKY_TRY(decode_token(TokenKind::kLookupTables, filter, clock_.now_ms(),
                                     limits::kTokenLifeMs, *token));
    }
    // 0, which the model allows, is the default like none.
    const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(count.value_or(0), 0));
    const std::size_t most = wanted == 0 ? limits::kLookupTablesPageMax : wanted;
    const auto found = store_.catalog().list_documents(tenant, kKind, prefix, after, most + 1);
    LookupTablePage page;
    for (std::size_t i = 0; i < std::min(found.size(), most); ++i) {
        page.tables.push_back(SKY_TRY(read_head(*found[i])));
    }
    if (found.size() > most) {
        page.next_token = encode_token(TokenKind::kLookupTables, filter, clock_.now_ms(),
                                       page.tables.back().name);
    }
    return page;
}

Status LookupTables::remove(const Tenant& tenant, std::string_view arn) {
    const std::lock_guard lock(change_);
    const DocumentPtr document = SKY_TRY(document_of(tenant, arn));
    return store_.catalog().delete_document(document->key);
}

template <class Change>
Status LookupTables::change_tags(const Tenant& tenant, std::string_view arn, Change change) {
    const std::lock_guard lock(change_);
    const DocumentPtr document = SKY_TRY(document_of(tenant, arn));
    LookupTableInfo info = SKY_TRY(read_head(*document));
    SKY_TRY(change(info.tags));
    store::Document changed = *document;
    changed.head = print_head(info);
    const std::string body = SKY_TRY(store_.catalog().document_body(document->key));
    return store_.catalog().put_document(std::move(changed), body);
}

Status LookupTables::tag(const Tenant& tenant, std::string_view arn, const Tags& tags) {
    return change_tags(tenant, arn, [&](Tags& kept) -> Status {
        for (const auto& [key, value] : tags) kept.insert_or_assign(key, value);
        return check_tags(kept);
    });
}

Status LookupTables::untag(const Tenant& tenant, std::string_view arn,
                           const std::vector<std::string>& keys) {
    return change_tags(tenant, arn, [&](Tags& kept) -> Status {
        for (const std::string& key : keys) kept.erase(key);
        return {};
    });
}

Result<std::shared_ptr<const insights::LookupTable>> LookupTables::table(
    const Tenant& tenant, std::string_view name) const {
    const store::DocumentKey key = key_of(tenant, name);
    const DocumentPtr document = store_.catalog().find_document(key);
    if (!document) return missing(name);
    {
        const std::lock_guard lock(cache_mutex_);
        const auto kept = std::find_if(cache_.begin(), cache_.end(), [&](const Parsed& parsed) {
            return parsed.document == document;
        });
        if (kept != cache_.end()) {
            cache_.splice(cache_.begin(), cache_, kept);
            return cache_.front().table;
        }
    }
    // A change in between puts the newer text under the older document, which nobody finds again.
    const std::string body = SKY_TRY(store_.catalog().document_body(key));
    auto parsed = parse_csv(body);
    if (!parsed) return damaged(key);
    auto table = std::make_shared<const insights::LookupTable>(*std::move(parsed));
    const std::lock_guard lock(cache_mutex_);
    std::erase_if(cache_, [&](const Parsed& kept) { return kept.document->key == key; });
    cache_.push_front({document, table});
    std::uint64_t bytes = 0;
    for (auto it = cache_.begin(); it != cache_.end();) {
        bytes += it->table->bytes();
        it = bytes > limits::kLookupCacheBytesMax ? cache_.erase(it) : std::next(it);
    }
    return table;
}

}  // namespace sky::logs
