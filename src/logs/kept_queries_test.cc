// SPDX-License-Identifier: Apache-2.0
#include "logs/kept_queries.h"

#include <doctest/doctest.h>

#include "logs/lookup_tables.h"
#include "logs/testing/fake_engine.h"
#include "logs/testing/fixture.h"
#include "os/sim_fs.h"

namespace sky::logs {
using namespace testing;

namespace {

KeptQuery sample_query() {
    KeptQuery query;
    query.number = 300;
    query.id = "0a-1";
    query.tenant = {"123456789012", "us-east-1"};
    query.source_text = "SOURCE \"g\" | fields a";
    query.groups = {"g", "h"};
    query.status = QueryStatus::kCancelled;
    query.creation_ms = kNow;
    query.finished_ms = kNow + 5;
    query.duration_ms = 4;
    query.statistics = {1, 2, 3.5, 4};
    return query;
}

insights::QueryResult sample_result() {
    insights::QueryResult result;
    result.rows = insights::ResultRows({"a", "b c", "@ptr"});
    result.rows.add(0, "1");
    result.rows.add(2, "p");
    result.rows.end_row();
    result.rows.end_row();
    result.rows.add(1, std::string_view("x\0y\n", 4));
    result.rows.end_row();
    return result;
}

/// Sessions on a disk that outlives them.
struct KeptSessions : Fixture {
    os::SimFs fs{1};
    SeededRandom random{1};
    FakeEngine engine;
    LookupTables tables{store, clock};
    SessionOptions options;
    std::unique_ptr<QuerySessions> queries;

    KeptSessions() {
        make("g");
        options.fs = &fs;
        options.directory = "data/queries";
        restart();
    }
    void restart() {
        queries.reset();
        queries =
            std::make_unique<QuerySessions>(store, clock, random, groups, tables, engine, options);
    }
    std::string run(const std::string& text) {
        NewQuery query;
        query.groups = {"g"};
        query.end = kNow / 1'000;
        query.text = text;
        auto id = queries->start(me, query, "request-1");
        REQUIRE(id);
        queries->wait_until_idle();
        queries->wait_until_kept();
        return *id;
    }
    std::size_t rows(const std::string& id) {
        const auto view = queries->results(me, id);
        return view ? view->result->rows.size() : 999'999;
    }
    std::size_t files() {
        const auto names = fs.list("data/queries");
        return names ? names->size() : 0;
    }
};

}  // namespace

TEST_CASE("kept queries: written and read they are the same") {
    const KeptQuery query = sample_query();
    const std::string file = encode_kept_query(query, sample_result());
    const auto head = decode_kept_head(file);
    REQUIRE(head);
    CHECK(head->number == query.number);
    CHECK(head->id == query.id);
    CHECK(head->tenant == query.tenant);
    CHECK(head->source_text == query.source_text);
    CHECK(head->groups == query.groups);
    CHECK(head->status == query.status);
    CHECK(head->creation_ms == query.creation_ms);
    CHECK(head->finished_ms == query.finished_ms);
    CHECK(head->duration_ms == query.duration_ms);
    CHECK(head->statistics.bytes_scanned == 3.5);
    CHECK(head->file_bytes == file.size());
    const auto result = decode_kept_result(file);
    REQUIRE(result);
    CHECK(encode_kept_query(*head, *result) == file);

    // Every single damaged byte is noticed, and every cut.
    for (std::size_t i = 0; i < file.size(); ++i) {
        std::string bad = file;
        bad[i] = static_cast<char>(bad[i] ^ 0x11);
        CHECK(!decode_kept_result(bad));
        CHECK(!decode_kept_result(std::string_view(file).substr(0, i)));
    }
    CHECK(!decode_kept_result(file + "x"));
    std::string newer = file;
    newer[4] = 9;
    CHECK(decode_kept_head(newer).error().code == ErrorCode::kUnavailable);
}

TEST_CASE("kept queries: results, groups and lists are there after a restart") {
    KeptSessions s;
    const std::string many = s.run("rows 5");
    const std::string failed = s.run("fail");
    CHECK(s.files() == 2);
    s.clock.advance_ms(1);
    s.restart();
    CHECK(s.rows(many) == 5);
    const auto page = s.queries->results(s.me, many, 2);
    REQUIRE(page);
    CHECK(page->status == QueryStatus::kComplete);
    REQUIRE(page->next_token);
    CHECK(s.queries->results(s.me, many, 2, page->next_token)->end == 4);
    CHECK(page->result->statistics.records_scanned == 5);
    CHECK(s.queries->results(s.me, failed)->status == QueryStatus::kFailed);
    CHECK(s.queries->groups(s.me, many)->names == std::vector<std::string>{"g"});
    const auto listed = s.queries->describe(s.me, {});
    REQUIRE(listed);
    REQUIRE(listed->queries.size() == 2);
    CHECK(listed->queries[0].id == failed);  // Newest first.
    CHECK(listed->queries[1].bytes_scanned == 50);
    CHECK(s.queries->results({"999999999999", "us-east-1"}, many).error().code ==
          ErrorCode::kNotFound);
    CHECK(s.queries->stop(s.me, many).error().code == ErrorCode::kInvalidArgument);
    CHECK(s.queries->explain(s.me, many)->empty());
    // Newer ones come behind.
    const std::string next = s.run("rows 1");
    CHECK(s.queries->describe(s.me, {})->queries.at(0).id == next);

    s.clock.advance_ms(limits::kResultLifeMs + 1);
    CHECK(s.queries->results(s.me, many).error().code == ErrorCode::kNotFound);
    s.queries->wait_until_kept();
    CHECK(s.files() == 0);
}

TEST_CASE("kept queries: stopping the server writes what has finished") {
    KeptSessions s;
    NewQuery query;
    query.groups = {"g"};
    query.end = kNow / 1'000;
    query.text = "rows 3";
    const std::string id = *s.queries->start(s.me, query, "r");
    s.queries->wait_until_idle();
    s.restart();
    CHECK(s.rows(id) == 3);
}

TEST_CASE("kept queries: rows leave memory for the disk, and the disk has a bound, too") {
    KeptSessions s;
    s.options.results_total_bytes_max = 20'000;
    s.restart();
    std::vector<std::string> ids;
    for (int i = 0; i < 10; ++i) ids.push_back(s.run("rows 100"));
    for (int round = 0; round < 2; ++round) {
        for (const std::string& id : ids) CHECK(s.rows(id) == 100);
    }
    CHECK(s.files() == 10);
    const std::uint64_t bytes = s.fs.stat("data/queries/" + ids[0] + ".query")->bytes;

    s.options.results_disk_bytes_max = 4 * bytes + bytes / 2;
    s.restart();
    s.queries->wait_until_kept();
    CHECK(s.files() == 4);
    CHECK(s.rows(ids[5]) == 999'999);  // The oldest went.
    CHECK(s.rows(ids[6]) == 100);
    const std::string newest = s.run("rows 100");
    CHECK(s.rows(ids[6]) == 999'999);
    CHECK(s.rows(newest) == 100);
    CHECK(s.files() == 4);
}

TEST_CASE("kept queries: a damaged file is dropped, a foreign one too, a newer format stays") {
    KeptSessions s;
    const std::string good = s.run("rows 1");
    const std::string bad = s.run("rows 2");
    const std::string newer = s.run("rows 3");
    s.queries.reset();
    const auto damage = [&](const std::string& id, std::uint64_t at, std::string_view bytes) {
        const auto file = s.fs.open("data/queries/" + id + ".query", os::OpenMode::kReadWrite);
        REQUIRE(file);
        REQUIRE((*file)->pwrite(at, bytes));
        REQUIRE((*file)->fdatasync());
    };
    damage(bad, 40, "\xFF\xFF");
    damage(newer, 4, "\x09");
    REQUIRE(s.fs.open("data/queries/other", os::OpenMode::kCreate));
    s.restart();
    CHECK(s.rows(good) == 1);
    CHECK(s.rows(bad) == 999'999);
    CHECK(s.rows(newer) == 999'999);
    CHECK(s.files() == 2);
    // Rows that went bad later are told, not shown.
    s.queries.reset();
    const std::uint64_t size = s.fs.stat("data/queries/" + good + ".query")->bytes;
    damage(good, size - 1, "\x7F");
    s.restart();
    CHECK(s.queries->results(s.me, good).error().code == ErrorCode::kCorruption);
}

TEST_CASE("kept queries: a full disk keeps them in memory") {
    KeptSessions s;
    s.fs.set_capacity(s.fs.used_bytes());
    const std::string id = s.run("rows 5");
    CHECK(s.rows(id) == 5);
    s.restart();
    CHECK(s.rows(id) == 999'999);
}

TEST_CASE("kept queries: power may fail at any call; what is there is whole") {
    for (std::uint64_t cut = 1; cut <= 60; ++cut) {
        CAPTURE(cut);
        os::SimFs fs(cut);
        {
            KeptQueries files(fs, "data/queries");
            fs.cut_power_after(cut);
            static_cast<void>(files.write(sample_query(), sample_result()));
        }
        const auto after = fs.after_power_loss(cut);
        KeptQueries files(*after, "data/queries");
        const auto loaded = files.load();
        REQUIRE(loaded);
        for (const KeptQuery& query : *loaded) CHECK(files.read(query.id));
    }
}

}  // namespace sky::logs
