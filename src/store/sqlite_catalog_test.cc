// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_catalog.h"

#include <doctest/doctest.h>

#include <thread>

#include "base/random.h"
#include "os/sim_fs.h"
#include "store/catalog_schema.h"
#include "store/limits.h"
#include "store/sqlite_db.h"

namespace sky::store {
namespace {

const Tenant kTenant{"123456789012", "us-east-1"};
constexpr const char* kPath = "catalog.sqlite";

std::shared_ptr<SqliteCatalog> open_catalog(os::Fs& fs) {
    auto catalog = SqliteCatalog::open(fs, kPath);
    if (!catalog) FAIL(catalog.error().message);
    return *catalog;
}

GroupInfo named(std::string name, Tenant tenant = kTenant) {
    GroupInfo info;
    info.tenant = std::move(tenant);
    info.name = std::move(name);
    info.creation_ms = 1'000;
    return info;
}

std::vector<std::string> names(const std::vector<std::shared_ptr<const GroupInfo>>& groups) {
    std::vector<std::string> out;
    for (const auto& group : groups) out.push_back(group->name);
    return out;
}

std::vector<std::string> names(const std::vector<StreamInfo>& streams) {
    std::vector<std::string> out;
    for (const auto& stream : streams) out.push_back(stream.name);
    return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("catalog: groups, settings and tags survive reopening; ids are never reused") {
    os::SimFs fs(1);
    GroupId first = 0, second = 0;
    {
        const auto catalog = open_catalog(fs);
        GroupInfo wanted = named("/aws/a");
        wanted.retention_days = 30;
        wanted.kms_key_id = "arn:key";
        wanted.deletion_protection = true;
        wanted.log_class = "INFREQUENT_ACCESS";
        wanted.tags = {{"team", "x"}, {"empty", ""}};
        first = (*catalog->create_group(wanted))->id;
        second = (*catalog->create_group(named("/aws/b")))->id;
        CHECK(first != 0);
        CHECK(second != first);
        CHECK(catalog->create_group(named("/aws/a")).error().code == ErrorCode::kAlreadyExists);
        REQUIRE(catalog->delete_group(kTenant, "/aws/b"));
        CHECK(catalog->delete_group(kTenant, "/aws/b").error().code == ErrorCode::kNotFound);
        CHECK(catalog->group_state(second) == IdState::kDeleted);
        CHECK(catalog->group_state(99) == IdState::kUnknown);
    }
    const auto catalog = open_catalog(fs);
    const auto group = catalog->find_group(kTenant, "/aws/a");
    REQUIRE(group);
    CHECK(group->id == first);
    CHECK(group->retention_days == 30);
    CHECK(group->kms_key_id == "arn:key");
    CHECK(group->deletion_protection);
    CHECK(group->log_class == "INFREQUENT_ACCESS");
    CHECK(group->tags == std::map<std::string, std::string>{{"team", "x"}, {"empty", ""}});
    CHECK(catalog->group_state(second) == IdState::kDeleted);
    GroupInfo changed = *group;
    changed.name = "ignored";
    changed.retention_days.reset();
    changed.tags = {{"only", "one"}};
    REQUIRE(catalog->update_group(changed));
    CHECK(group->retention_days == 30);  // An old snapshot stays as it was.
    const auto after = open_catalog(fs)->find_group(first);
    REQUIRE(after);
    CHECK(after->name == "/aws/a");
    CHECK_FALSE(after->retention_days.has_value());
    CHECK(after->tags == std::map<std::string, std::string>{{"only", "one"}});
    CHECK((*catalog->create_group(named("/aws/b")))->id > second);
    CHECK(catalog->update_group(named("none")).error().code == ErrorCode::kNotFound);
}

TEST_CASE("catalog: listing is in byte order, by prefix and after a name") {
    os::SimFs fs(1);
    const auto catalog = open_catalog(fs);
    const Tenant other{"123456789012", "eu-west-1"};
    for (const char* name : {"b", "a", "aa", "Z", "ab", "\xc3\xa9", "a/b"}) {
        REQUIRE(catalog->create_group(named(name)));
    }
    REQUIRE(catalog->create_group(named("a", other)));
    const GroupId group = catalog->find_group(kTenant, "a")->id;
    for (const char* name : {"s2", "s10", "t", "S"})
        REQUIRE(catalog->create_stream(group, name, 5));
    struct Case {
        const char *prefix, *after;
        std::size_t count;
        Names groups, streams;
    };
    const Case cases[] = {
        {"", "", 99, {"Z", "a", "a/b", "aa", "ab", "b", "\xc3\xa9"}, {"S", "s10", "s2", "t"}},
        {"a", "", 99, {"a", "a/b", "aa", "ab"}, {}},
        {"a", "a", 2, {"a/b", "aa"}, {}},
        {"a", "ab", 9, {}, {}},
        {"a", "Z", 9, {"a", "a/b", "aa", "ab"}, {}},
        {"s", "s10", 9, {}, {"s2"}},
        {"", "b", 1, {"\xc3\xa9"}, {"s10"}},
        {"a", "", 0, {}, {}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.prefix);
        CAPTURE(c.after);
        CHECK(names(catalog->list_groups(kTenant, c.prefix, c.after, c.count)) == c.groups);
        CHECK(names(catalog->list_streams(group, c.prefix, c.after, c.count)) == c.streams);
    }
    CHECK(names(catalog->list_groups(other, "", "", 9)) == Names{"a"});
    CHECK(catalog->list_groups({"none", "none"}, "", "", 9).empty());
}

TEST_CASE("catalog: stream times widen, order the list and survive with their segments") {
    os::SimFs fs(1);
    GroupId group = 0;
    StreamId late = 0;
    {
        const auto catalog = open_catalog(fs);
        group = (*catalog->create_group(named("g")))->id;
        const StreamId early = catalog->create_stream(group, "early", 1)->id;
        late = catalog->create_stream(group, "late", 2)->id;
        REQUIRE(catalog->create_stream(group, "never", 3));
        CHECK(catalog->create_stream(group, "late", 2).error().code == ErrorCode::kAlreadyExists);
        CHECK(catalog->create_stream(77, "x", 2).error().code == ErrorCode::kNotFound);
        catalog->note_events({late, 100, 200, 300});
        catalog->note_events({late, 50, 150, 310});
        catalog->note_events({early, 10, 20, 30});
        CHECK(names(catalog->list_streams_by_time(group)) == Names{"never", "early", "late"});
        CHECK(catalog->find_stream(late)->first_event_ms == 50);
        CHECK(catalog->find_stream(late)->last_event_ms == 200);
        CHECK(catalog->find_stream(late)->last_ingestion_ms == 310);
        CHECK_FALSE(catalog->find_stream(group, "never")->first_event_ms.has_value());
        FilesChange change;
        change.insert.push_back({1, group, 3, 50, 200, 2, 20, 100, 7, 9, 41});
        change.flushed.push_back({group, 3, 9});
        change.stream_times.push_back({late, 50, 200, 310});
        REQUIRE(catalog->apply(change));
    }
    const auto catalog = open_catalog(fs);
    CHECK(catalog->find_stream(late)->first_event_ms == 50);
    CHECK(catalog->find_stream(late)->last_ingestion_ms == 310);
    CHECK(catalog->flushed_lsn(group, 3) == 9);
    CHECK(catalog->flushed_lsn(group, 4) == 0);
    CHECK(catalog->flushed_lsn_max() == 9);
    CHECK(catalog->sequence_max() == 41);
    REQUIRE(catalog->segments().size() == 1);
    CHECK(catalog->segments()[0] == SegmentRow{1, group, 3, 50, 200, 2, 20, 100, 7, 9, 41});
    REQUIRE(catalog->prune_flushed(9));
    CHECK(catalog->flushed_lsn(group, 3) == 9);
    REQUIRE(catalog->prune_flushed(10));
    CHECK(catalog->flushed_lsn(group, 3) == 0);
    CHECK(open_catalog(fs)->flushed_lsn_max() == 9);
}

TEST_CASE("catalog: tombstones of streams and groups live until dropped") {
    os::SimFs fs(1);
    const auto catalog = open_catalog(fs);
    const GroupId group = (*catalog->create_group(named("g")))->id;
    const StreamId a = catalog->create_stream(group, "a", 1)->id;
    const StreamId b = catalog->create_stream(group, "b", 1)->id;
    REQUIRE(catalog->delete_stream(group, "b"));
    REQUIRE(catalog->delete_stream(group, "a"));
    CHECK(catalog->delete_stream(group, "a").error().code == ErrorCode::kNotFound);
    CHECK(*catalog->deleted_streams(group) == std::vector<StreamId>{a, b});
    CHECK(catalog->stream_state(a) == IdState::kDeleted);
    CHECK(catalog->stream_name(a) == "a");
    CHECK(catalog->create_stream(group, "a", 1)->id > b);
    {
        const auto again = open_catalog(fs);
        CHECK(*again->deleted_streams(group) == std::vector<StreamId>{a, b});
        CHECK(again->stream_name(b) == "b");
        const Tombstone dead[] = {{Tombstone::Kind::kStream, a, group}};
        REQUIRE(again->drop_tombstones(dead));
        CHECK(*again->deleted_streams(group) == std::vector<StreamId>{b});
        CHECK(again->stream_state(a) == IdState::kUnknown);
        REQUIRE(again->delete_group(kTenant, "g"));
        CHECK(again->tombstones() ==
              std::vector<Tombstone>{{Tombstone::Kind::kGroup, group, group}});
        CHECK(again->stream_name(b) == "b");
        CHECK(again->stream_state(b) == IdState::kDeleted);
        REQUIRE(again->drop_tombstones(again->tombstones()));
        CHECK(again->group_state(group) == IdState::kUnknown);
        CHECK(again->stream_state(b) == IdState::kUnknown);
    }
    CHECK(open_catalog(fs)->tombstones().empty());
}

TEST_CASE("catalog: access keys and named values") {
    os::SimFs fs(1);
    {
        const auto catalog = open_catalog(fs);
        REQUIRE(catalog->put_key({"AKIA2", "s2", "1", 5}));
        REQUIRE(catalog->put_key({"AKIA1", "s1", "1", 5}));
        REQUIRE(catalog->put_key({"AKIA1", "s3", "2", 6, "a host", "read write", false, 99}));
        REQUIRE(catalog->set_meta("x", -7));
    }
    const auto catalog = open_catalog(fs);
    const AccessKey key = *catalog->find_key("AKIA1");
    CHECK(key.secret == "s3");
    CHECK(key.account == "2");
    CHECK(key.creation_ms == 6);
    CHECK(key.description == "a host");
    CHECK(key.permissions == "read write");
    CHECK_FALSE(key.enabled);
    CHECK(key.expires_ms == 99);
    CHECK_FALSE(key.last_used_ms.has_value());
    CHECK(catalog->find_key("AKIA2")->enabled);
    CHECK_FALSE(catalog->find_key("AKIA2")->expires_ms.has_value());
    CHECK(catalog->list_keys().size() == 2);
    REQUIRE(catalog->delete_key("AKIA2"));
    CHECK(catalog->delete_key("AKIA2").error().code == ErrorCode::kNotFound);
    CHECK_FALSE(open_catalog(fs)->find_key("AKIA2").has_value());
    CHECK(catalog->meta("x") == -7);
    CHECK_FALSE(catalog->meta("y").has_value());
}

TEST_CASE("catalog: the last use of a key is written behind and never goes back") {
    os::SimFs fs(1);
    {
        const auto catalog = open_catalog(fs);
        REQUIRE(catalog->put_key({"AKIA1", "s1", "1", 5}));
        REQUIRE(catalog->put_key({"AKIA2", "s2", "1", 5}));
        catalog->note_key_used("AKIA1", 700);
        catalog->note_key_used("AKIA1", 600);
        catalog->note_key_used("nobody", 700);
        CHECK(catalog->find_key("AKIA1")->last_used_ms == 700);
        CHECK_FALSE(open_catalog(fs)->find_key("AKIA1")->last_used_ms.has_value());
        REQUIRE(catalog->write_key_usage());
        const std::uint64_t changes = fs.changes();
        REQUIRE(catalog->write_key_usage());
        CHECK(fs.changes() == changes);  // Nothing moved, nothing is written.
        // A change of settings made from an older copy keeps the newer time.
        catalog->note_key_used("AKIA1", 900);
        REQUIRE(catalog->put_key({"AKIA1", "s1", "1", 5, "renamed", "", true, {}, 700}));
    }
    const auto catalog = open_catalog(fs);
    CHECK(catalog->find_key("AKIA1")->last_used_ms == 900);
    CHECK(catalog->find_key("AKIA1")->description == "renamed");
    CHECK_FALSE(catalog->find_key("AKIA2")->last_used_ms.has_value());
}

// The tables as the first release made them, with a row of each kind that changes.
constexpr const char* kFormat1 = R"sql(
BEGIN;
PRAGMA application_id=1397446999;
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE groups(id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,
  name TEXT NOT NULL, creation_ms INTEGER NOT NULL, log_class TEXT NOT NULL,
  retention_days INTEGER, kms_key_id TEXT, deletion_protection INTEGER NOT NULL,
  UNIQUE(account, region, name));
CREATE TABLE tags(group_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(group_id, key)) WITHOUT ROWID;
CREATE TABLE streams(id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, name TEXT NOT NULL,
  creation_ms INTEGER NOT NULL, first_ms INTEGER, last_ms INTEGER, ingestion_ms INTEGER,
  UNIQUE(group_id, name));
CREATE TABLE keys(id TEXT PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL,
  creation_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE segments(id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, day INTEGER NOT NULL,
  min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL, row_count INTEGER NOT NULL,
  message_bytes INTEGER NOT NULL, file_bytes INTEGER NOT NULL, lsn_min INTEGER NOT NULL,
  lsn_max INTEGER NOT NULL, sequence_max INTEGER NOT NULL);
CREATE TABLE tombstones(kind INTEGER NOT NULL, id INTEGER NOT NULL, group_id INTEGER NOT NULL,
  name TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE TABLE flushed(group_id INTEGER NOT NULL, day INTEGER NOT NULL, lsn INTEGER NOT NULL,
  PRIMARY KEY(group_id, day)) WITHOUT ROWID;
INSERT INTO meta VALUES('format',1),('transaction',3),('next_group',2),('next_stream',1),
  ('next_segment',1);
INSERT INTO groups VALUES(1,'123456789012','us-east-1','old',5,'STANDARD',NULL,NULL,0);
INSERT INTO keys VALUES('AKIAOLD','secret','123456789012',7);
COMMIT;
)sql";

// What a file of format 2 has beyond that.
constexpr const char* kFormat2 = R"sql(
BEGIN;
DROP TABLE keys;
CREATE TABLE keys(id TEXT PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL,
  creation_ms INTEGER NOT NULL, description TEXT NOT NULL DEFAULT '',
  permissions TEXT NOT NULL DEFAULT '', enabled INTEGER NOT NULL DEFAULT 1, expires_ms INTEGER,
  last_used_ms INTEGER) WITHOUT ROWID;
INSERT INTO keys VALUES('AKIAOLD','secret','123456789012',7,'','read',1,NULL,NULL);
UPDATE meta SET value=2 WHERE key='format';
COMMIT;
)sql";

TEST_CASE(
    "catalog: a file of format 2 is copied and gets its documents, whenever the power fails") {
    const DocumentKey key{kTenant, "query-definition", "q"};
    for (std::uint64_t cut = 0; cut <= 80; ++cut) {
        CAPTURE(cut);
        auto fs = std::make_unique<os::SimFs>(cut + 1);
        {
            SqliteVfs vfs(*fs);
            REQUIRE((*SqliteDb::open(vfs, kPath))->execute(kFormat1));
            REQUIRE((*SqliteDb::open(vfs, kPath))->execute(kFormat2));
            REQUIRE(fs->fsync_directory("."));
        }
        if (cut != 0) {
            fs->cut_power_after(cut);
            static_cast<void>(SqliteCatalog::open(*fs, kPath));
            fs = fs->after_power_loss(cut);
        }
        const auto catalog = open_catalog(*fs);
        CHECK(catalog->find_group(kTenant, "old"));
        CHECK(catalog->find_key("AKIAOLD")->permissions == "read");
        CHECK(catalog->meta("format") == kCatalogFormat);
        CHECK(catalog->list_documents(kTenant, "query-definition", "", "", 10).empty());
        REQUIRE(catalog->put_document({key, 1, 1, "{}", 0}, ""));
        SqliteVfs vfs(*fs);
        const auto old = SqliteDb::open(vfs, std::string(kPath) + ".format2");
        REQUIRE(old);
        CHECK((*old)->number("SELECT value FROM meta WHERE key='format'") == 2);
    }
}

// What a file of format 3 has beyond that, and a segment.
constexpr const char* kFormat3 = R"sql(
BEGIN;
CREATE TABLE documents(account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL,
  id TEXT NOT NULL, creation_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL, head TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE(account, region, kind, id));
INSERT INTO segments VALUES(8,1,3,50,200,2,20,100,7,9,41);
UPDATE meta SET value=3 WHERE key='format';
COMMIT;
)sql";

TEST_CASE("catalog: segments of format 3 have files of their own, whenever the power fails") {
    for (std::uint64_t cut = 0; cut <= 80; ++cut) {
        CAPTURE(cut);
        auto fs = std::make_unique<os::SimFs>(cut + 1);
        {
            SqliteVfs vfs(*fs);
            for (const char* const sql : {kFormat1, kFormat2, kFormat3})
                REQUIRE((*SqliteDb::open(vfs, kPath))->execute(sql));
            REQUIRE(fs->fsync_directory("."));
        }
        if (cut != 0) {
            fs->cut_power_after(cut);
            static_cast<void>(SqliteCatalog::open(*fs, kPath));
            fs = fs->after_power_loss(cut);
        }
        const auto catalog = open_catalog(*fs);
        CHECK(catalog->meta("format") == kCatalogFormat);
        const SegmentRow old{8, 1, 3, 50, 200, 2, 20, 100, 7, 9, 41};
        CHECK(catalog->segments() == std::vector{old});
        SegmentRow packed = old;
        packed.id = 9;
        packed.pack = 10;
        packed.offset = 1'000;
        packed.level = 2;
        REQUIRE(
            catalog->apply({.insert = {packed}, .remove = {8}, .flushed = {}, .stream_times = {}}));
        CHECK(open_catalog(*fs)->segments() == std::vector{packed});
        SqliteVfs vfs(*fs);
        const auto copy = SqliteDb::open(vfs, std::string(kPath) + ".format3");
        REQUIRE(copy);
        CHECK((*copy)->number("SELECT value FROM meta WHERE key='format'") == 3);
    }
}

TEST_CASE("catalog: documents are listed by kind and tenant and survive reopening") {
    os::SimFs fs(1);
    const Tenant other{"123456789012", "eu-west-1"};
    const std::string large(1 << 20, 'x');
    const auto key = [](const Tenant& tenant, std::string kind, std::string id) {
        return DocumentKey{tenant, std::move(kind), std::move(id)};
    };
    {
        const auto catalog = open_catalog(fs);
        for (const char* id : {"b", "a1", "a2"})
            REQUIRE(catalog->put_document({key(kTenant, "t", id), 5, 6, id, 0}, "body"));
        REQUIRE(catalog->put_document({key(other, "t", "a1"), 5, 6, "other", 0}, ""));
        REQUIRE(catalog->put_document({key(kTenant, "q", "a1"), 5, 6, "kind", 0}, ""));
        REQUIRE(catalog->put_document({key(kTenant, "t", "a2"), 5, 9, "two", 0}, large));
        REQUIRE(catalog->delete_document(key(kTenant, "t", "b")));
        CHECK(catalog->delete_document(key(kTenant, "t", "b")).error().code ==
              ErrorCode::kNotFound);
        CHECK(catalog
                  ->put_document({key(kTenant, "t", "c"), 1, 1,
                                  std::string(limits::kDocumentHeadBytesMax + 1, 'x'), 0},
                                 "")
                  .error()
                  .code == ErrorCode::kInvalidArgument);
        CHECK(catalog
                  ->put_document({key(kTenant, "t", "c"), 1, 1, "", 0},
                                 std::string(limits::kDocumentBodyBytesMax + 1, 'x'))
                  .error()
                  .code == ErrorCode::kInvalidArgument);
    }
    const auto catalog = open_catalog(fs);
    const auto listed = [&](std::string_view prefix, std::string_view after, std::size_t count) {
        std::string out;
        for (const auto& document : catalog->list_documents(kTenant, "t", prefix, after, count))
            out += document->key.id + " ";
        return out;
    };
    CHECK(listed("", "", 10) == "a1 a2 ");
    CHECK(listed("a", "a1", 10) == "a2 ");
    CHECK(listed("", "", 1) == "a1 ");
    CHECK(listed("b", "", 10).empty());
    const auto two = catalog->find_document(key(kTenant, "t", "a2"));
    REQUIRE(two);
    CHECK(two->head == "two");
    CHECK(two->creation_ms == 5);
    CHECK(two->modified_ms == 9);
    CHECK(two->body_bytes == large.size());
    CHECK(*catalog->document_body(key(kTenant, "t", "a2")) == large);
    CHECK(catalog->document_body(key(kTenant, "t", "b")).error().code == ErrorCode::kNotFound);
    CHECK(catalog->find_document(key(other, "t", "a1"))->head == "other");
    CHECK(catalog->find_document(key(kTenant, "q", "a1"))->head == "kind");
    CHECK(!catalog->find_document(key(other, "q", "a1")));
}

TEST_CASE("catalog: an older format is copied, then changed, whenever the power fails") {
    for (std::uint64_t cut = 0; cut <= 120; ++cut) {
        CAPTURE(cut);
        auto fs = std::make_unique<os::SimFs>(cut + 1);
        {
            SqliteVfs vfs(*fs);
            REQUIRE((*SqliteDb::open(vfs, kPath))->execute(kFormat1));
            REQUIRE(fs->fsync_directory("."));
        }
        if (cut != 0) {
            fs->cut_power_after(cut);
            static_cast<void>(SqliteCatalog::open(*fs, kPath));
            fs = fs->after_power_loss(cut);
        }
        const auto catalog = open_catalog(*fs);
        CHECK(catalog->find_group(kTenant, "old"));
        const auto key = catalog->find_key("AKIAOLD");
        REQUIRE(key);
        CHECK(key->secret == "secret");
        CHECK(key->permissions == "admin read unmask write");
        CHECK(key->enabled);
        CHECK(catalog->meta("format") == kCatalogFormat);
        SqliteVfs vfs(*fs);
        const auto old = SqliteDb::open(vfs, std::string(kPath) + ".format1");
        REQUIRE(old);
        CHECK((*old)->number("SELECT value FROM meta WHERE key='format'") == 1);
        CHECK((*old)->number("SELECT creation_ms FROM keys WHERE id='AKIAOLD'") == 7);
    }
}

TEST_CASE("catalog: of racing creates exactly one wins") {
    os::SimFs fs(1);
    const auto catalog = open_catalog(fs);
    for (int round = 0; round < 10; ++round) {
        std::atomic<int> won{0}, lost{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                const auto made = catalog->create_group(named("g" + std::to_string(round)));
                if (made)
                    ++won;
                else if (made.error().code == ErrorCode::kAlreadyExists)
                    ++lost;
            });
        for (std::thread& thread : threads) thread.join();
        CHECK(won == 1);
        CHECK(lost == 3);
    }
}

TEST_CASE("catalog: segment ids are fresh, also after a restart") {
    os::SimFs fs(1);
    std::uint64_t last = 0;
    for (int start = 0; start < 3; ++start) {
        const auto catalog = open_catalog(fs);
        for (int i = 0; i < 300; ++i) {
            const std::uint64_t id = *catalog->allocate_segment_id();
            CHECK(id > last);
            last = id;
        }
    }
}

TEST_CASE("catalog: a newer format, another program's file and damage are refused") {
    os::SimFs fs(1);
    open_catalog(fs);
    SqliteVfs vfs(fs);
    REQUIRE((*SqliteDb::open(vfs, kPath))->execute("UPDATE meta SET value=99 WHERE key='format'"));
    const auto newer = SqliteCatalog::open(fs, kPath);
    REQUIRE_FALSE(newer);
    CHECK(newer.error().code == ErrorCode::kUnavailable);
    CHECK(newer.error().message.find("format 99") != std::string::npos);
    CHECK(newer.error().message.find(kPath) != std::string::npos);

    REQUIRE((*SqliteDb::open(vfs, "other"))->execute("CREATE TABLE t(x)"));
    CHECK(SqliteCatalog::open(fs, "other").error().code == ErrorCode::kCorruption);

    const auto text = *fs.open("text", os::OpenMode::kCreate);
    REQUIRE(text->pwrite(0, std::string(8'192, 'x')));
    const auto damaged = SqliteCatalog::open(fs, "text");
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().code == ErrorCode::kCorruption);
    CHECK(damaged.error().message.find("text") != std::string::npos);
}

TEST_CASE("catalog: a full disk refuses writes, keeps reads, and goes on when space returns") {
    os::SimFs fs(1);
    const auto catalog = open_catalog(fs);
    REQUIRE(catalog->create_group(named("before")));
    fs.set_capacity(fs.used_bytes());
    int made = 0;
    Status full;
    while (full && made < 10'000) {
        const auto group =
            catalog->create_group(named(std::string(400, 'x') + std::to_string(made)));
        if (group)
            ++made;
        else
            full = std::unexpected(group.error());
    }
    REQUIRE_FALSE(full);
    CHECK(full.error().code == ErrorCode::kNoSpace);
    CHECK(catalog->find_group(kTenant, "before"));
    fs.set_capacity(1U << 30U);
    REQUIRE(catalog->create_group(named("after")));
    CHECK(open_catalog(fs)->find_group(kTenant, "after"));
}

// Every acknowledged change is there after a power loss, no unacknowledged one is there in part.
TEST_CASE("catalog: power loss and I/O errors at any call") {
    std::uint64_t lost_power = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        SeededRandom random(seed);
        auto fs = std::make_unique<os::SimFs>(seed);
        std::map<std::string, bool> must, may;  // Name -> present; what failed may have happened.
        for (int start = 0; start < 3; ++start) {
            if (start == 0 || random.below(2) == 0) fs->cut_power_after(1 + random.below(120));
            const bool faults = random.below(3) == 0;
            auto opened = SqliteCatalog::open(*fs, kPath);
            if (opened) {
                const auto& catalog = *opened;
                if (faults)
                    fs->set_fault_rate(os::SimCalls::kChanges, 20'000, ErrorCode::kInternal);
                for (const auto& [name, present] : must) {
                    CAPTURE(name);
                    const bool seen = catalog->find_group(kTenant, name) != nullptr;
                    if (const auto it = may.find(name); it != may.end())
                        CHECK((seen == present || seen == it->second));
                    else
                        CHECK(seen == present);
                }
                for (const auto& group : catalog->list_groups(kTenant, "", "", 1'000)) {
                    // A group came whole: its tag and its stream's group are there.
                    CHECK(group->tags.size() == 1);
                    must[group->name] = true;
                }
                std::erase_if(
                    must, [&](const auto& m) { return !catalog->find_group(kTenant, m.first); });
                may.clear();
                for (int i = 0; i < 12 && fs->powered(); ++i) {
                    const std::string name = "g" + std::to_string(random.below(6));
                    const bool present = catalog->find_group(kTenant, name) != nullptr;
                    GroupInfo wanted = named(name);
                    wanted.tags = {{"k", "v"}};
                    Status done;
                    if (present) {
                        done = catalog->delete_group(kTenant, name);
                    } else if (const auto made = catalog->create_group(wanted); !made) {
                        done = std::unexpected(made.error());
                    }
                    if (done) {
                        must[name] = !present;
                        may.erase(name);
                    } else if (done.error().code != ErrorCode::kAlreadyExists) {
                        must.try_emplace(name, present);
                        may[name] = !present;
                    }
                }
            }
            if (!fs->powered()) ++lost_power;
            fs = fs->after_power_loss(random.next_u64());
        }
        const auto last = SqliteCatalog::open(*fs, kPath);
        REQUIRE(last);
        for (const auto& [name, present] : must) {
            CAPTURE(name);
            const bool seen = (*last)->find_group(kTenant, name) != nullptr;
            CHECK((seen == present || may.contains(name)));
        }
    }
    CHECK(lost_power > 100);
}

TEST_CASE("catalog: 20,000 streams and 2,000 groups load in one go") {
    os::SimFs fs(1);
    {
        const auto catalog = open_catalog(fs);
        REQUIRE(catalog->create_group(named("g")));
    }
    {
        // One transaction of our own instead of 22,000 commits.
        SqliteVfs vfs(fs);
        REQUIRE((*SqliteDb::open(vfs, kPath))
                    ->execute("BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
                              "WHERE i<20000) INSERT INTO streams(id,group_id,name,creation_ms) "
                              "SELECT i,1,printf('stream-%06d',i),i FROM n; WITH RECURSIVE n(i) AS "
                              "(SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<2001) INSERT INTO "
                              "groups(id,account,region,name,creation_ms,log_class,"
                              "deletion_protection) SELECT "
                              "i,'123456789012','us-east-1',printf('h%05d',i),1,'STANDARD',0 "
                              "FROM n; COMMIT;"));
    }
    const auto catalog = open_catalog(fs);
    CHECK(catalog->list_streams_by_time(1).size() == 20'000);
    CHECK(names(catalog->list_streams(1, "stream-0123", "stream-012345", 2)) ==
          Names{"stream-012346", "stream-012347"});
    CHECK(catalog->list_groups(kTenant, "h", "", 5'000).size() == 2'000);
}

}  // namespace sky::store
