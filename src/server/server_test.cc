// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "crypto/certificate.h"
#include "os/fs.h"
#include "server/memory_budget.h"
#include "server/metrics_text.h"
#include "server/self_signed.h"

namespace sky::server {

TEST_CASE("memory budget: min(1 GiB, half of the cgroup limit)") {
    struct Case {
        const char* memory_max;
        std::uint64_t bytes;
    };
    static constexpr Case kCases[] = {{"max", 1ULL << 30},
                                      {"", 1ULL << 30},
                                      {"1073741824\n", 1ULL << 29},
                                      {"99999999999", 1ULL << 30},
                                      {"0", 1ULL << 30}};
    for (const Case& c : kCases) {
        CAPTURE(c.memory_max);
        CHECK(default_memory_bytes(c.memory_max) == c.bytes);
    }
}

TEST_CASE("metrics: Prometheus text with escaped labels") {
    MetricsText text;
    text.counter("a_total", "Things.", 3);
    text.header("b", "Sizes.", "gauge");
    text.sample("b", {{"op", "x\"y\\z\n"}, {"k", "v"}}, 1);
    CHECK(text.take() ==
          "# HELP a_total Things.\n# TYPE a_total counter\na_total 3\n# HELP b Sizes.\n# TYPE b "
          "gauge\n"
          "b{op=\"x\\\"y\\\\z\\n\",k=\"v\"} 1\n");
}

TEST_CASE("self-signed certificates: names of the host and of what SDKs make of it") {
    struct Case {
        const char* host;
        std::vector<std::string> more;  // Beside those of loopback.
    };
    const Case kCases[] = {
        {"127.0.0.1", {}},
        {"localhost", {}},
        {"::1", {}},
        {"10.0.0.7", {"10.0.0.7", "stream-10.0.0.7", "streaming-10.0.0.7", "dataplane.10.0.0.7"}},
        {"logs.example",
         {"logs.example", "stream-logs.example", "streaming-logs.example",
          "dataplane.logs.example"}},
        {"fd00::7", {"fd00::7"}},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.host);
        std::vector<std::string> expected = {
            "localhost",           "stream-localhost",    "streaming-localhost",
            "dataplane.localhost", "127.0.0.1",           "stream-127.0.0.1",
            "streaming-127.0.0.1", "dataplane.127.0.0.1", "::1"};
        expected.insert(expected.end(), c.more.begin(), c.more.end());
        CHECK(certificate_names(c.host) == expected);
    }
    CHECK(certificate_names("0.0.0.0").size() >= 7);
}

TEST_CASE("self-signed certificates: kept while good, made anew when not") {
    std::string directory = "/tmp/skywatch-server-XXXXXX";
    REQUIRE(::mkdtemp(directory.data()) != nullptr);
    os::Fs& fs = os::real_fs();
    ManualClock clock(1'767'225'600'000);  // 2026-01-01
    const auto fingerprint = [&](const char* host) {
        const auto files = self_signed_files(fs, directory, host, clock);
        REQUIRE(files);
        struct stat key{};
        REQUIRE(::stat(files->key.c_str(), &key) == 0);
        CHECK((key.st_mode & 0777U) == 0600U);
        REQUIRE(http::TlsIdentity::load(*files));
        const auto text = os::read_file(fs, files->certificate, 1 << 20);
        REQUIRE(text);
        return crypto::read_certificate(*text)->sha256_fingerprint;
    };
    const std::string first = fingerprint("127.0.0.1");
    CHECK(fingerprint("127.0.0.1") == first);
    const std::string second = fingerprint("10.0.0.7");
    CHECK(second != first);  // For another host.
    CHECK(fingerprint("10.0.0.7") == second);
    clock.advance_ms(790LL * 86'400'000);
    CHECK(fingerprint("10.0.0.7") == second);
    clock.advance_ms(10LL * 86'400'000);
    const std::string third = fingerprint("10.0.0.7");
    CHECK(third != second);  // Due within 30 days.
    REQUIRE(os::write_file_durably(fs, directory + "/tls/key.pem", "torn"));
    CHECK(fingerprint("10.0.0.7") != third);
    for (const char* name : {"/tls/cert.pem", "/tls/key.pem"}) CHECK(fs.unlink(directory + name));
    CHECK(fs.remove_directory(directory + "/tls"));
    CHECK(fs.remove_directory(directory));
}

}  // namespace sky::server
