// SPDX-License-Identifier: Apache-2.0
#include "cli/machine.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/memory_budget.h"

namespace sky::cli {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20, kGiB = 1ULL << 30;
constexpr std::int64_t kNowMs = 1'800'000'000'000;

// A remedy wherever something is wrong, and only there.
void check(const Finding& finding, Grade grade, std::string_view words) {
    CAPTURE(finding.what);
    CHECK(finding.grade == grade);
    CHECK(finding.remedy.empty() == (grade == Grade::kFine));
    CHECK((finding.what + " " + finding.remedy).find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("doctor: who may look into the directory") {
    struct Case {
        ModeFacts facts;
        Grade grade;
        std::string_view words;
    };
    const Case cases[] = {
        {{0040700, 7, 7, {}}, Grade::kFine, "nobody else"},
        {{0040755, 7, 7, {}}, Grade::kWarning, "mode 0755"},
        {{0040710, 7, 0, {}}, Grade::kWarning, "chmod 700 /d"},
        {{0040500, 7, 7, {}}, Grade::kFault, "mode 0500"},
        {{0040700, 7, 8, {}}, Grade::kFault, "belongs to user 7"},
        {{0040700, 7, 7, {"/d/catalog.sqlite"}}, Grade::kWarning, "/d/catalog.sqlite"},
        {{0040700, 7, 7, {"/d/a", "/d/b", "/d/c", "/d/e"}}, Grade::kWarning, "4 files"},
    };
    for (const Case& c : cases) check(judge_modes("/d", c.facts), c.grade, c.words);
}

TEST_CASE("doctor: file systems") {
    struct Case {
        std::uint64_t magic;
        bool read_only;
        Grade grade;
        std::string_view words;
    };
    const Case cases[] = {
        {0xEF53, false, Grade::kFine, "ext4"},
        {0x58465342, false, Grade::kFine, "xfs"},
        {0x9123683E, false, Grade::kWarning, "chattr +C"},
        {0x6969, false, Grade::kWarning, "network"},
        {0x01021994, false, Grade::kWarning, "restarts"},
        {0x1234, false, Grade::kWarning, "0x1234"},
        {0xEF53, true, Grade::kFault, "read-only"},
    };
    for (const Case& c : cases) check(judge_file_system(c.magic, c.read_only), c.grade, c.words);
}

TEST_CASE("doctor: space") {
    struct Case {
        std::uint64_t free, total, files;
        Grade grade;
    };
    constexpr Case kCases[] = {
        {50 * kGiB, 100 * kGiB, 1'000'000, Grade::kFine},
        {4 * kGiB, 100 * kGiB, 1'000'000, Grade::kWarning},
        {kGiB, 10 * kGiB, 1'000'000, Grade::kWarning},
        {255 * kMiB, kGiB, 1'000'000, Grade::kFault},
        {50 * kGiB, 100 * kGiB, 99, Grade::kWarning},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.free);
        check(judge_space(c.free, c.total, c.files, 1'000'000), c.grade, "free of");
    }
    check(judge_space(50 * kGiB, 100 * kGiB, 0, 0), Grade::kFine, "50.0 GiB");  // btrfs: no count.
}

TEST_CASE("doctor: the clock") {
    struct Case {
        ClockFacts facts;
        Grade grade;
        std::string_view words;
    };
    const Case cases[] = {
        {{kNowMs, kNowMs - 5, true, kNowMs + 900}, Grade::kFine, "synchronised"},
        {{kNowMs, {}, true, {}}, Grade::kFine, "2027-01-15"},
        {{kNowMs, {}, false, {}}, Grade::kWarning, "timedatectl"},
        {{86'400'000, {}, true, {}}, Grade::kFault, "1970-01-02"},
        {{kNowMs, kNowMs + 7'200'000, true, {}}, Grade::kFault, "7200 s younger"},
        {{kNowMs, {}, true, kNowMs - 120'000}, Grade::kWarning, "120 s away"},
        {{kNowMs, {}, true, kNowMs + 600'000}, Grade::kFault, "600 s away"},
    };
    for (const Case& c : cases) check(judge_clock(c.facts), c.grade, c.words);
}

TEST_CASE("doctor: limits of the process") {
    const auto find = [](const LimitFacts& facts, std::string_view subject) {
        for (const Finding& finding : judge_limits(facts))
            if (finding.subject == subject) return finding;
        return Finding{Grade::kFine, "", "absent", {}};
    };
    const LimitFacts good{1'048'576, RLIM_INFINITY, RLIM_INFINITY, kGiB};
    for (const Finding& finding : judge_limits(good)) check(finding, Grade::kFine, "");
    LimitFacts bad = good;
    bad.open_files_hard = 4'096;
    check(find(bad, "open files"), Grade::kWarning, "LimitNOFILE");
    bad.open_files_hard = 256;
    check(find(bad, "open files"), Grade::kFault, "256");
    bad.file_bytes = kGiB;
    check(find(bad, "file size"), Grade::kFault, "1.0 GiB");
    bad.address_space = 8 * kGiB;
    check(find(bad, "address space"), Grade::kWarning, "8.0 GiB");
    bad.memory_bytes = server::kMemoryAdvisedBytes - kMiB;
    check(find(bad, "memory"), Grade::kWarning, "255 MiB");
    bad.memory_bytes = server::kMemoryAdvisedBytes;
    check(find(bad, "memory"), Grade::kFine, "256 MiB");
}

TEST_CASE("doctor: an address that is taken, free, or not ours") {
    const int held = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(held >= 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    REQUIRE(::bind(held, generic, size) == 0);
    REQUIRE(::listen(held, 1) == 0);
    REQUIRE(::getsockname(held, generic, &size) == 0);
    const std::string taken = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    check(inspect_address(taken), Grade::kFault, "ss -ltnp");
    ::close(held);
    check(inspect_address(taken), Grade::kFine, "is free");
    check(inspect_address("127.0.0.1"), Grade::kFault, "Correct --listen");
    check(inspect_address("192.0.2.1:4580"), Grade::kFault, "ip addr");
}

}  // namespace sky::cli
