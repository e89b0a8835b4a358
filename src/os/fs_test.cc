// SPDX-License-Identifier: Apache-2.0
#include "os/fs.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <map>
#include <set>

#include "base/random.h"
#include "os/sim_fs.h"

namespace {

using namespace sky;
using namespace sky::os;

std::string temporary_directory() {
    std::string path = "/tmp/sky_os_test.XXXXXX";
    REQUIRE(mkdtemp(path.data()) != nullptr);
    return path;
}

void remove_tree(Fs& fs, const std::string& path) {
    const auto names = fs.list(path);
    REQUIRE(names.has_value());
    for (const auto& name : *names) {
        const std::string child = path + "/" + name;
        if (fs.stat(child)->directory) {
            remove_tree(fs, child);
        } else {
            CHECK(fs.unlink(child).has_value());
        }
    }
    CHECK(fs.remove_directory(path).has_value());
}

std::string content(Fs& fs, const std::string& path) {
    auto text = read_file(fs, path, 1 << 20);
    REQUIRE(text.has_value());
    return *text;
}

/// The same behaviour is asked of the real and of the simulated file system.
void check_contract(Fs& fs, const std::string& base) {
    CHECK(make_directories(fs, base + "/a/b").has_value());
    CHECK(make_directories(fs, base + "/a/b").has_value());
    CHECK(fs.make_directory(base + "/a").error().code == ErrorCode::kAlreadyExists);
    CHECK(fs.open(base + "/a/none", OpenMode::kRead).error().code == ErrorCode::kNotFound);
    CHECK(fs.open(base + "/a/none", OpenMode::kReadWrite).error().code == ErrorCode::kNotFound);
    CHECK(fs.open(base + "/zz/none", OpenMode::kCreate).error().code == ErrorCode::kNotFound);
    CHECK(fs.stat(base + "/a/none").error().code == ErrorCode::kNotFound);
    CHECK(fs.unlink(base + "/a/none").error().code == ErrorCode::kNotFound);
    CHECK(fs.stat(base + "/a/none").error().message.find("/a/none") != std::string::npos);

    const std::string path = base + "/a/f";
    {
        auto file = *fs.open(path, OpenMode::kCreateNew);
        CHECK(fs.open(path, OpenMode::kCreateNew).error().code == ErrorCode::kAlreadyExists);
        const std::string one = "hello ", two = "", three = "world";
        const std::span<const std::byte> parts[] = {std::as_bytes(std::span(one)),
                                                    std::as_bytes(std::span(two)),
                                                    std::as_bytes(std::span(three))};
        CHECK(file->pwrite_parts(0, parts).has_value());
        CHECK(*file->size() == 11);
        CHECK(file->pwrite(600, std::string_view("x")).has_value());
        CHECK(*file->size() == 601);
        std::string hole(20, 'y');
        CHECK(*file->pread(11, std::as_writable_bytes(std::span(hole))) == 20);
        CHECK(hole == std::string(20, '\0'));
        CHECK(*file->pread(595, std::as_writable_bytes(std::span(hole))) == 6);
        CHECK(*file->pread(700, std::as_writable_bytes(std::span(hole))) == 0);
        CHECK(file->truncate(5).has_value());
        CHECK(file->truncate(7).has_value());
        CHECK(file->fdatasync().has_value());
        CHECK(file->path() == path);
        CHECK(fs.fsync_directory(base + "/a").has_value());
    }
    CHECK(content(fs, path) == std::string("hello\0\0", 7));
    {
        auto file = *fs.open(path, OpenMode::kRead);
        CHECK(!file->pwrite(0, std::string_view("x")).has_value());
    }
    CHECK(fs.link(path, base + "/a/g").has_value());
    CHECK(fs.link(path, base + "/a/g").error().code == ErrorCode::kAlreadyExists);
    CHECK(fs.stat(path)->links == 2);
    CHECK(fs.stat(path)->id == fs.stat(base + "/a/g")->id);
    CHECK(fs.stat(path)->bytes == 7);
    CHECK(!fs.stat(path)->directory);
    CHECK(fs.stat(base + "/a")->directory);
    CHECK(fs.free_bytes(base).value_or(0) > 0);
    CHECK(fs.free_bytes(base + "/none").error().code == ErrorCode::kNotFound);
    CHECK(write_file_durably(fs, path, "new").has_value());
    CHECK(content(fs, path) == "new");
    CHECK(content(fs, base + "/a/g") == std::string("hello\0\0", 7));
    CHECK(*fs.list(base + "/a") == std::vector<std::string>{"b", "f", "g"});
    CHECK(fs.rename(base + "/a/g", base + "/a/b/h").has_value());
    CHECK(fs.rename(base + "/a/g", base + "/a/b/i").error().code == ErrorCode::kNotFound);
    CHECK(*fs.list(base + "/a") == std::vector<std::string>{"b", "f"});
    CHECK(!fs.remove_directory(base + "/a").has_value());
    CHECK(read_file(fs, path, 2).error().code == ErrorCode::kInvalidArgument);

    {  // An open file outlives its name.
        auto file = *fs.open(path, OpenMode::kReadWrite);
        CHECK(fs.unlink(path).has_value());
        std::string text(3, ' ');
        CHECK(*file->pread(0, std::as_writable_bytes(std::span(text))) == 3);
        CHECK(text == "new");
    }
    {
        auto file = *fs.open(base + "/zeros", OpenMode::kCreate);
        CHECK(write_zeros(*file, 3'000'000).has_value());
        CHECK(*file->size() == 3'000'000);
    }
    {
        auto lock = fs.lock(base + "/LOCK");
        CHECK(lock.has_value());
        const auto second = fs.lock(base + "/LOCK");
        REQUIRE(!second.has_value());
        CHECK(second.error().code == ErrorCode::kUnavailable);
    }
    CHECK(fs.lock(base + "/LOCK").has_value());
}

TEST_CASE("the real and the simulated file system keep the same contract") {
    const std::string base = temporary_directory();
    check_contract(real_fs(), base);
    remove_tree(real_fs(), base);
    SimFs sim(1);
    check_contract(sim, "/data");
}

TEST_CASE("a gathered write of more parts than the kernel takes at once") {
    const std::string base = temporary_directory();
    std::vector<std::string> texts;
    std::string expected;
    for (int i = 0; i < 3000; ++i) {
        texts.push_back(
            std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26)));
        expected += texts.back();
    }
    std::vector<std::span<const std::byte>> parts;
    for (const auto& text : texts) parts.push_back(std::as_bytes(std::span(text)));
    {
        auto file = *real_fs().open(base + "/f", OpenMode::kCreate);
        CHECK(file->pwrite_parts(0, parts).has_value());
    }
    CHECK(content(real_fs(), base + "/f") == expected);
    remove_tree(real_fs(), base);
}

TEST_CASE("parent_directory") {
    CHECK(parent_directory("a/b") == "a");
    CHECK(parent_directory("a") == ".");
    CHECK(parent_directory("/a") == "/");
    CHECK(parent_directory("/a/b/c") == "/a/b");
}

TEST_CASE("power loss: synced bytes and names stay, others are old or new sector by sector") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SimFs fs(seed);
        auto file = *fs.open("/f", OpenMode::kCreate);
        REQUIRE(file->pwrite(0, std::string(1024, 'a')).has_value());
        REQUIRE(file->fdatasync().has_value());
        REQUIRE(fs.fsync_directory("/").has_value());
        REQUIRE(file->pwrite(0, std::string(1024, 'b')).has_value());
        auto next = fs.after_power_loss(seed);
        CHECK(!file->pwrite(0, std::string_view("c")).has_value());
        const std::string after = content(*next, "/f");
        REQUIRE(after.size() == 1024);
        for (const std::size_t at : {std::size_t{0}, std::size_t{512}}) {
            const std::string sector = after.substr(at, 512);
            CHECK((sector == std::string(512, 'a') || sector == std::string(512, 'b')));
        }
        seen.insert(std::string{after[0], after[512]});
    }
    CHECK(seen == std::set<std::string>{"aa", "ab", "ba", "bb"});
}

TEST_CASE("power loss: unsynced names are lost in any subset, a rename as a whole") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SimFs fs(seed);
        for (const char* name : {"/a", "/b"}) {
            auto file = *fs.open(name, OpenMode::kCreate);
            REQUIRE(file->pwrite(0, std::string_view(name)).has_value());
            REQUIRE(file->fdatasync().has_value());
        }
        REQUIRE(fs.fsync_directory("/").has_value());
        REQUIRE(fs.rename("/a", "/c").has_value());
        REQUIRE(fs.unlink("/b").has_value());
        auto next = fs.after_power_loss(seed);
        std::string names;
        const auto left = next->list("/");
        REQUIRE(left.has_value());
        for (const auto& name : *left) names += name;
        seen.insert(names);
    }
    CHECK(seen == std::set<std::string>{"ab", "a", "bc", "c"});
}

TEST_CASE("power loss: a name synced in a directory that was not itself synced may vanish") {
    std::set<bool> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SimFs fs(seed);
        REQUIRE(fs.make_directory("/d").has_value());
        REQUIRE(fs.open("/d/f", OpenMode::kCreate).has_value());
        REQUIRE(fs.fsync_directory("/d").has_value());
        seen.insert(fs.after_power_loss(seed)->stat("/d/f").has_value());
    }
    CHECK(seen == std::set<bool>{false, true});
}

TEST_CASE("a failed fdatasync: reads show the bytes, a later sync does not bring them back") {
    bool lost = false;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SimFs fs(seed);
        auto file = *fs.open("/f", OpenMode::kCreate);
        REQUIRE(file->pwrite(0, std::string(512, 'a')).has_value());
        REQUIRE(file->fdatasync().has_value());
        REQUIRE(fs.fsync_directory("/").has_value());
        REQUIRE(file->pwrite(0, std::string(512, 'b')).has_value());
        fs.fail_after(SimCalls::kSyncs, 1, ErrorCode::kInternal);
        CHECK(!file->fdatasync().has_value());
        CHECK(file->fdatasync().has_value());
        CHECK(content(fs, "/f")[0] == 'b');
        lost = lost || content(*fs.after_power_loss(seed), "/f")[0] == 'a';
    }
    CHECK(lost);
}

TEST_CASE("a full disk, injected faults, and a cut at the n-th change") {
    SimFs fs(5);
    auto file = *fs.open("/f", OpenMode::kCreate);
    fs.set_capacity(1000);
    CHECK(file->pwrite(0, std::string(900, 'a')).has_value());
    CHECK(file->pwrite(900, std::string(200, 'b')).error().code == ErrorCode::kNoSpace);
    CHECK(*file->size() == 1000);
    CHECK(file->pwrite(0, std::string(1000, 'c')).has_value());  // In place: needs no space.
    CHECK(fs.used_bytes() == 1000);
    CHECK(*fs.free_bytes("/") == 0);
    fs.set_capacity(2000);
    CHECK(file->pwrite(1000, std::string(1000, 'b')).has_value());

    fs.fail_after(SimCalls::kWrites, 2, ErrorCode::kInternal);
    CHECK(file->pwrite(0, std::string_view("d")).has_value());
    CHECK(!file->pwrite(0, std::string_view("d")).has_value());
    CHECK(file->pwrite(0, std::string_view("d")).has_value());
    fs.set_fault_rate(SimCalls::kReads, 1'000'000, ErrorCode::kInternal);
    CHECK(!file->size().has_value());
    fs.set_fault_rate(SimCalls::kReads, 0, ErrorCode::kInternal);
    CHECK(file->size().has_value());

    fs.cut_power_after(2);
    CHECK(file->pwrite(0, std::string_view("e")).has_value());
    CHECK(fs.powered());
    CHECK(!file->fdatasync().has_value());
    CHECK(!fs.powered());
    CHECK(!file->size().has_value());
    CHECK(!fs.open("/g", OpenMode::kCreate).has_value());
}

}  // namespace
