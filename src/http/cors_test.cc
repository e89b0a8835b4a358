// SPDX-License-Identifier: Apache-2.0
#include "http/cors.h"

#include <doctest/doctest.h>

#include "http/loopback_test.h"

namespace sky::http {
namespace {

using test::contains;
using test::EchoApplication;
using test::RawSocket;

constexpr std::string_view kAllowed = "Access-Control-Allow-Origin: ";

struct Pages {
    std::unique_ptr<Server> server;
    Pages(std::vector<std::string> origins, OtherPages others) {
        CorsOptions options;
        options.origins = std::move(origins);
        options.others = others;
        options.is_for_pages = [](std::string_view path) { return path != "/drop"; };
        auto started =
            Server::start({}, with_cors(std::move(options), std::make_shared<EchoApplication>()));
        REQUIRE(started);
        server = std::move(*started);
    }
    std::string ask(std::string_view line, std::string_view host,
                    const std::vector<std::string>& fields) const {
        RawSocket socket(server->port());
        std::string request = std::string(line) + " HTTP/1.1\r\nHost: " + std::string(host) +
                              "\r\nConnection: close\r\n";
        for (const std::string& field : fields) request += field + "\r\n";
        socket.send(request + "\r\n");
        return socket.read_to_end();
    }
};

const std::string kPreflight = "Access-Control-Request-Method: POST";

TEST_CASE("pages: who may read and who may not even ask") {
    const Pages open({"https://dash.example", "http://localhost:3000"}, OtherPages::kUnanswered);
    const Pages guarded({"https://dash.example"}, OtherPages::kTurnedAway);
    const Pages every({"*"}, OtherPages::kUnanswered);
    struct Case {
        const char* name;
        const Pages* server;
        std::string_view line, host;
        std::vector<std::string> fields;
        std::string_view status, reader;  // No reader: the page must not be allowed.
    };
    const Case kCases[] = {
        {"no page", &open, "GET /echo", "h", {}, "200", ""},
        {"a named page",
         &open,
         "GET /echo",
         "h",
         {"Origin: https://dash.example"},
         "200",
         "https://dash.example"},
        {"in other letters",
         &open,
         "GET /echo",
         "h",
         {"Origin: https://DASH.example"},
         "200",
         "https://DASH.example"},
        {"another page", &open, "GET /echo", "h", {"Origin: https://evil.example"}, "200", ""},
        {"a longer name",
         &open,
         "GET /echo",
         "h",
         {"Origin: https://dash.example.evil"},
         "200",
         ""},
        {"another port", &open, "GET /echo", "h", {"Origin: http://localhost:3001"}, "200", ""},
        {"a file", &open, "GET /echo", "h", {"Origin: null"}, "200", ""},
        {"a route that is not for pages",
         &open,
         "GET /drop",
         "h",
         {"Origin: https://dash.example"},
         "500",
         ""},
        {"an early answer can be read",
         &open,
         "GET /early",
         "h",
         {"Origin: https://dash.example"},
         "403",
         "https://dash.example"},
        {"a failure can be read",
         &open,
         "GET /throw",
         "h",
         {"Origin: https://dash.example"},
         "500",
         "https://dash.example"},
        {"preflight",
         &open,
         "OPTIONS /echo",
         "h",
         {"Origin: https://dash.example", kPreflight,
          "Access-Control-Request-Headers: authorization,x-amz-date,x-amz-target"},
         "204",
         "https://dash.example"},
        {"preflight of another page",
         &open,
         "OPTIONS /echo",
         "h",
         {"Origin: https://evil.example", kPreflight},
         "403",
         ""},
        {"preflight of a route that is not for pages",
         &open,
         "OPTIONS /drop",
         "h",
         {"Origin: https://dash.example", kPreflight},
         "403",
         ""},
        {"OPTIONS that is no preflight",
         &open,
         "OPTIONS /echo",
         "h",
         {"Origin: https://dash.example"},
         "200",
         "https://dash.example"},
        {"every page",
         &every,
         "GET /echo",
         "h",
         {"Origin: https://any.example"},
         "200",
         "https://any.example"},

        {"guarded: no page", &guarded, "GET /echo", "skywatch.test", {}, "200", ""},
        {"guarded: another page",
         &guarded,
         "POST /echo",
         "127.0.0.1:4580",
         {"Origin: https://evil.example", "Content-Length: 0"},
         "403",
         ""},
        {"guarded: a file", &guarded, "GET /echo", "127.0.0.1", {"Origin: null"}, "403", ""},
        {"guarded: a named page",
         &guarded,
         "GET /echo",
         "127.0.0.1",
         {"Origin: https://dash.example"},
         "200",
         "https://dash.example"},
        {"guarded: a page of this server",
         &guarded,
         "GET /echo",
         "localhost:4580",
         {"Origin: http://localhost:4580"},
         "200",
         ""},
        {"guarded: a stranger's name that points here",
         &guarded,
         "GET /echo",
         "evil.example:4580",
         {"Origin: http://evil.example:4580"},
         "403",
         ""},
        {"guarded: the same without an origin",
         &guarded,
         "GET /echo",
         "evil.example:4580",
         {"User-Agent: Mozilla/5.0 (X11)"},
         "403",
         ""},
        {"guarded: nearly an address",
         &guarded,
         "GET /echo",
         "127.0.0.1.evil.example",
         {"User-Agent: Mozilla/5.0 (X11)"},
         "403",
         ""},
        {"guarded: a browser at this server",
         &guarded,
         "GET /echo",
         "[::1]:4580",
         {"User-Agent: Mozilla/5.0 (X11)"},
         "200",
         ""},
        {"guarded: an SDK's prefix",
         &guarded,
         "GET /echo",
         "stream-localhost:4580",
         {"User-Agent: Mozilla/5.0 (X11)"},
         "200",
         ""},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        const std::string answer = c.server->ask(c.line, c.host, c.fields);
        CAPTURE(answer);
        CHECK(answer.starts_with("HTTP/1.1 " + std::string(c.status)));
        if (c.reader.empty()) {
            CHECK(!contains(answer, kAllowed));
        } else {
            CHECK(contains(answer, std::string(kAllowed) + std::string(c.reader) + "\r\n"));
        }
        CHECK(!contains(answer, "Allow-Credentials"));
        CHECK(contains(answer, "Vary: Origin\r\n"));
    }
}

TEST_CASE("pages: a preflight repeats the fields asked for, when they are field names") {
    const Pages open({"https://dash.example"}, OtherPages::kUnanswered);
    const auto ask = [&](std::string_view fields) {
        return open.ask("OPTIONS /echo", "h",
                        {"Origin: https://dash.example", kPreflight,
                         "Access-Control-Request-Headers: " + std::string(fields)});
    };
    const std::string good = ask("authorization, x-amz-date");
    CHECK(contains(good, "Access-Control-Allow-Headers: authorization, x-amz-date\r\n"));
    CHECK(contains(good, "Access-Control-Allow-Methods: DELETE, GET, HEAD, PATCH, POST, PUT\r\n"));
    CHECK(contains(good, "Access-Control-Max-Age: 600\r\n"));
    for (const std::string& bad : {std::string("a<b>"), std::string(3000, 'a')}) {
        CHECK(!contains(ask(bad), "Access-Control-Allow-Headers"));
    }
}

TEST_CASE("pages: what an origin looks like") {
    for (const char* good :
         {"*", "https://dash.example", "http://localhost:3000", "http://[::1]:80"}) {
        CAPTURE(good);
        CHECK(check_origin(good));
    }
    for (const char* bad : {"", "dash.example", "https://", "https://a/", "https://a/b", "null",
                            "ftp://a", "https://A.example", "https://a b", "https://*.example"}) {
        CAPTURE(bad);
        CHECK(!check_origin(bad));
    }
}

}  // namespace
}  // namespace sky::http
