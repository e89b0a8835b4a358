// SPDX-License-Identifier: Apache-2.0
#include "store/limits.h"
#include "store/sqlite_catalog_impl.h"

namespace sky::store {

namespace {

SqliteStatement& bind_key(SqliteStatement& statement, const DocumentKey& key) {
    return statement.bind(1, std::string_view(key.tenant.account))
        .bind(2, std::string_view(key.tenant.region))
        .bind(3, std::string_view(key.kind))
        .bind(4, std::string_view(key.id));
}

}  // namespace

Status SqliteCatalog::Impl::load_documents() {
    SqliteStatement row =
        SKY_TRY(db->prepare("SELECT account,region,kind,id,creation_ms,modified_ms,body_bytes,head"
                            " FROM documents"));
    while (SKY_TRY(row.step())) {
        auto document = std::make_shared<Document>();
        document->key = {{row.text(0), row.text(1)}, row.text(2), row.text(3)};
        document->creation_ms = row.integer(4);
        document->modified_ms = row.integer(5);
        document->body_bytes = row.id(6);
        document->head = row.text(7);
        const DocumentKey& key = document->key;
        documents[{key.tenant, key.kind}][key.id] = std::move(document);
    }
    return {};
}

Status SqliteCatalog::put_document(Document document, std::string_view body) {
    if (document.head.size() > limits::kDocumentHeadBytesMax ||
        body.size() > limits::kDocumentBodyBytesMax)
        return fail(ErrorCode::kInvalidArgument,
                    "a document of kind " + document.key.kind + " is larger than it may be");
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    document.body_bytes = body.size();
    auto put = std::make_shared<const Document>(std::move(document));
    const std::pair place(put->key.tenant, put->key.kind);
    {
        const std::shared_lock lock(self.mutex);
        const auto kept = self.documents.find(place);
        if (kept != self.documents.end() && kept->second.size() >= limits::kDocumentsMax &&
            !kept->second.contains(put->key.id))
            return fail(ErrorCode::kLimitExceeded, "too many documents of kind " + put->key.kind);
    }
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement insert = SKY_TRY(
            db.prepare("INSERT OR REPLACE INTO documents(account,region,kind,id,creation_ms,"
                       "modified_ms,body_bytes,head,body) VALUES(?,?,?,?,?,?,?,?,?)"));
        return bind_key(insert, put->key)
            .bind(5, put->creation_ms)
            .bind(6, put->modified_ms)
            .bind(7, put->body_bytes)
            .bind(8, std::string_view(put->head))
            .bind(9, body)
            .run();
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    self.documents[place][put->key.id] = put;
    return {};
}

Status SqliteCatalog::delete_document(const DocumentKey& key) {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);
    if (!find_document(key)) return std::unexpected(not_found(key.kind, key.id));
    const Status committed = self.commit([&](SqliteDb& db) -> Status {
        SqliteStatement gone = SKY_TRY(
            db.prepare("DELETE FROM documents WHERE account=? AND region=? AND kind=? AND id=?"));
        return bind_key(gone, key).run();
    });
    SKY_TRY(committed);
    const std::unique_lock lock(self.mutex);
    const auto kept = self.documents.find({key.tenant, key.kind});
    kept->second.erase(kept->second.find(key.id));
    if (kept->second.empty()) self.documents.erase(kept);
    return {};
}

std::shared_ptr<const Document> SqliteCatalog::find_document(const DocumentKey& key) const {
    const std::shared_lock lock(impl_->mutex);
    const auto kept = impl_->documents.find({key.tenant, key.kind});
    if (kept == impl_->documents.end()) return nullptr;
    const auto it = kept->second.find(key.id);
    return it == kept->second.end() ? nullptr : it->second;
}

Result<std::string> SqliteCatalog::document_body(const DocumentKey& key) const {
    Impl& self = *impl_;
    const std::lock_guard writing(self.write_mutex);  // One connection, one thread at a time.
    if (!self.db)
        return fail(ErrorCode::kUnavailable, "the catalog is read-only after a disk failure");
    SqliteStatement row = SKY_TRY(self.db->prepare(
        "SELECT body FROM documents WHERE account=? AND region=? AND kind=? AND id=?"));
    bind_key(row, key);
    if (!SKY_TRY(row.step())) return std::unexpected(not_found(key.kind, key.id));
    return row.text(0);
}

std::vector<std::shared_ptr<const Document>> SqliteCatalog::list_documents(
    const Tenant& tenant, std::string_view kind, std::string_view prefix, std::string_view after,
    std::size_t count) const {
    const std::shared_lock lock(impl_->mutex);
    std::vector<std::shared_ptr<const Document>> out;
    const auto kept = impl_->documents.find({tenant, std::string(kind)});
    if (kept == impl_->documents.end()) return out;
    for (auto it = first_listed(kept->second, prefix, after);
         it != kept->second.end() && it->first.starts_with(prefix) && out.size() < count; ++it)
        out.push_back(it->second);
    return out;
}

}  // namespace sky::store
