// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/store/guarded_catalog.h - the catalog as others see it: deletes get the
              // ballast.

#include <memory>

#include "store/ballast.h"
#include "store/sqlite_catalog.h"

namespace sky::store {

/// Hands every call on. Calls that lead to space being given back (deletes, settings such as
/// retention) use the ballast when the disk is full (store.md 1.5); calls that only add do not.
/// Threads: as Catalog.
class GuardedCatalog final : public Catalog {
public:
    GuardedCatalog(std::shared_ptr<SqliteCatalog> inner, Ballast& ballast)
        : inner_(std::move(inner)), ballast_(ballast) {}

    Result<std::shared_ptr<const GroupInfo>> create_group(GroupInfo wanted) override {
        return inner_->create_group(std::move(wanted));
    }
    Status delete_group(const Tenant& tenant, std::string_view name) override {
        return ballast_.with_space([&] { return inner_->delete_group(tenant, name); });
    }
    std::shared_ptr<const GroupInfo> find_group(const Tenant& tenant,
                                                std::string_view name) const override {
        return inner_->find_group(tenant, name);
    }
    std::shared_ptr<const GroupInfo> find_group(GroupId id) const override {
        return inner_->find_group(id);
    }
    std::vector<std::shared_ptr<const GroupInfo>> list_groups(const Tenant& tenant,
                                                              std::string_view prefix,
                                                              std::string_view after,
                                                              std::size_t count) const override {
        return inner_->list_groups(tenant, prefix, after, count);
    }
    Status update_group(const GroupInfo& changed) override {
        return ballast_.with_space([&] { return inner_->update_group(changed); });
    }
    Result<StreamInfo> create_stream(GroupId group, std::string_view name,
                                     std::int64_t creation_ms) override {
        return inner_->create_stream(group, name, creation_ms);
    }
    Status delete_stream(GroupId group, std::string_view name) override {
        return ballast_.with_space([&] { return inner_->delete_stream(group, name); });
    }
    std::optional<StreamInfo> find_stream(GroupId group, std::string_view name) const override {
        return inner_->find_stream(group, name);
    }
    std::optional<StreamInfo> find_stream(StreamId id) const override {
        return inner_->find_stream(id);
    }
    std::vector<StreamInfo> list_streams(GroupId group, std::string_view prefix,
                                         std::string_view after, std::size_t count) const override {
        return inner_->list_streams(group, prefix, after, count);
    }
    std::vector<StreamInfo> list_streams_by_time(GroupId group) const override {
        return inner_->list_streams_by_time(group);
    }
    Status put_key(const AccessKey& key) override { return inner_->put_key(key); }
    Status delete_key(std::string_view id) override {
        return ballast_.with_space([&] { return inner_->delete_key(id); });
    }
    std::optional<AccessKey> find_key(std::string_view id) const override {
        return inner_->find_key(id);
    }
    std::vector<AccessKey> list_keys() const override { return inner_->list_keys(); }
    void note_key_used(std::string_view id, std::int64_t now_ms) override {
        inner_->note_key_used(id, now_ms);
    }
    Status put_document(Document document, std::string_view body) override {
        return inner_->put_document(std::move(document), body);
    }
    Status delete_document(const DocumentKey& key) override {
        return ballast_.with_space([&] { return inner_->delete_document(key); });
    }
    std::shared_ptr<const Document> find_document(const DocumentKey& key) const override {
        return inner_->find_document(key);
    }
    Result<std::string> document_body(const DocumentKey& key) const override {
        return inner_->document_body(key);
    }
    std::vector<std::shared_ptr<const Document>> list_documents(const Tenant& tenant,
                                                                std::string_view kind,
                                                                std::string_view prefix,
                                                                std::string_view after,
                                                                std::size_t count) const override {
        return inner_->list_documents(tenant, kind, prefix, after, count);
    }

private:
    const std::shared_ptr<SqliteCatalog> inner_;
    Ballast& ballast_;
};

}  // namespace sky::store
