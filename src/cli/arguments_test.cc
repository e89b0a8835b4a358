// SPDX-License-Identifier: Apache-2.0
// Mistyped names, configuration files, and what is written from the definitions.
#include "cli/arguments.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "cli/app.h"
#include "cli/config_file.h"
#include "cli/definitions.h"
#include "cli/terminal/nearest.h"

namespace sky::cli {
namespace {

using Words = std::vector<std::string>;

struct Folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("sky_cli_" + random_uuid(system_random()));
    std::string file = (path / "skywatch.toml").string();
    Folder() { std::filesystem::create_directory(path); }
    ~Folder() { std::filesystem::remove_all(path); }
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("edit distance and the nearest word") {
    struct Case {
        std::string_view a, b;
        std::size_t distance;
    };
    constexpr Case kCases[] = {{"", "", 0},           {"group", "group", 0},  {"gruop", "group", 1},
                               {"grup", "group", 1},  {"groupp", "group", 1}, {"", "abc", 3},
                               {"quary", "query", 1}, {"abc", "xyz", 3}};
    for (const Case& c : kCases) {
        CAPTURE(c.a);
        CHECK(edit_distance(c.a, c.b) == c.distance);
        CHECK(edit_distance(c.b, c.a) == c.distance);
    }
    const Words known = {"--group", "--since", "--output", "--stream-prefix"};
    CHECK(nearest("--gruop", known) == "--group");
    CHECK(nearest("--sicne", known) == "--since");
    CHECK(nearest("--stream", known) == "--stream-prefix");  // The beginning of one.
    CHECK(nearest("--zzz", known).empty());
    CHECK(nearest("", known).empty());
    CHECK(did_you_mean("--ouptut", known) == " Did you mean --output?");
    CHECK(did_you_mean("--colour", known).empty());
}

TEST_CASE("mistyped commands and flags are told with the nearest one") {
    int exit_code = 0;
    const auto app = make_app(exit_code);
    struct Case {
        Words arguments;
        std::string_view words;  // Empty: nothing is wrong.
    };
    const Case cases[] = {
        {{"quary", "x"}, "Did you mean query?"},
        {{"key", "crate"}, "Did you mean create?"},
        {{"key", "list", "--jsno"}, "skywatch key list has no flag --jsno. Did you mean --json?"},
        {{"query", "--gruop", "g", "x"}, "Did you mean --group?"},
        {{"query", "--gruop=g", "x"}, "no flag --gruop."},
        {{"query", "-x"}, "no flag -x."},
        {{"nonsense"}, "skywatch has no command nonsense. `skywatch --help`"},
        {{}, ""},
        {{"query", "--group", "--gruop", "x"}, ""},  // A value, whatever it looks like.
        {{"query", "-gapp", "fields @message"}, ""},
        {{"put", "-g", "g", "-s", "s", "--", "--text"}, ""},
        {{"key", "create", "--json"}, ""},
        {{"query", "--help"}, ""},
    };
    for (const Case& c : cases) {
        CAPTURE(c.arguments.size() > 1 ? c.arguments[1] : "");
        const auto got = complete_arguments(*app, c.arguments);
        REQUIRE(got.has_value() == c.words.empty());
        if (got) CHECK(*got == c.arguments);
        if (!got) CHECK_MESSAGE(contains(got.error().message, c.words), got.error().message);
    }
}

TEST_CASE("a configuration file fills what flags and variables leave out") {
    Folder folder;
    int exit_code = 0;
    const auto app = make_app(exit_code);
    const std::string from = "--config=" + folder.file;
    struct Case {
        std::string_view toml;
        Words arguments, added;  // `added` stands right behind the command.
    };
    const Case cases[] = {
        {"", {"query", "x", from}, {}},
        {"region = \"eu-west-1\"\nlimit = 7 # rows\n",
         {"query", "x", from},
         {"--limit=7", "--region=eu-west-1"}},
        {"limit = 7", {"query", "--limit", "8", "x", from}, {}},
        {"limit = 7", {"query", "-l8", "x", from}, {}},
        // The nearest section wins.
        {"limit = 7\n[query]\nlimit = 9\n[tail]\nfollow = true\n",
         {"query", "x", from},
         {"--limit=9"}},
        {"[tail]\nfollow = true\nno-stream = false\n", {"tail", from}, {"--follow"}},
        {"group = ['a', 'b c']",
         {"query", "x", "--config", folder.file},
         {"--group=a", "--group=b c"}},
        // What the arguments exclude is left out.
        {"since = '7d'", {"query", "--start", "2h", "x", from}, {}},
        {"[key]\njson = true\n[key.create]\npermissions = 'read'\n",
         {"key", "create", from},
         {"--permissions=read", "--json"}},
        {"[key]\njson = true\n[key.create]\npermissions = 'read'\n",
         {"key", "list", from},
         {"--json"}},
        {"data = \"/srv/a b\"\nlisten = '0.0.0.0:1'\n",
         {"serve", from},
         {"--data=/srv/a b", "--listen=0.0.0.0:1"}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.toml);
        std::ofstream(folder.file) << c.toml;
        const auto got = complete_arguments(*app, c.arguments);
        REQUIRE_MESSAGE(got.has_value(), got.error().message);
        Words expected = c.arguments;
        const std::ptrdiff_t place = c.arguments[0] == "key" ? 2 : 1;
        expected.insert(expected.begin() + place, c.added.begin(), c.added.end());
        std::ranges::sort(expected);
        Words sorted = *got;
        std::ranges::sort(sorted);
        CHECK(sorted == expected);
        if (!c.added.empty()) CHECK((*got)[std::size_t(place)].starts_with("--"));
    }
    // A variable names the file, and another one wins over it.
    std::ofstream(folder.file) << "limit = 7\nregion = 'r'\n";
    ::setenv("SKYWATCH_CONFIG", folder.file.c_str(), 1);
    ::setenv("SKYWATCH_LIMIT", "3", 1);
    const auto got = complete_arguments(*app, {"query", "x"});
    ::unsetenv("SKYWATCH_CONFIG");
    ::unsetenv("SKYWATCH_LIMIT");
    REQUIRE(got);
    CHECK(*got == Words{"query", "--region=r", "x"});
}

TEST_CASE("a configuration file that is wrong is refused with its line") {
    Folder folder;
    int exit_code = 0;
    const auto app = make_app(exit_code);
    struct Case {
        std::string_view toml, words;
    };
    constexpr Case kCases[] = {
        {"\nregoin = 'x'\n", ":2: no such setting: regoin. Did you mean region?"},
        {"[qurey]\nlimit = 1\n", "no such command: [qurey]. Did you mean query?"},
        {"[query]\nlisten = 'x'\n", ":2: no such setting: listen."},
        {"config = 'other.toml'\n", "no such setting: config"},
        {"secret-key = \n", ":1: "},
        {"limit = [[1]]\n", "a setting is text"},
        {"limit = 1979-05-27\n", "a setting is text"},
        {"[tail]\nfollow = 3\n", "follow is true or false"},
        {"a = 1\na = 2\n", ":2: "},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.toml);
        std::ofstream(folder.file) << c.toml;
        const auto got = complete_arguments(*app, {"tail", "--config", folder.file});
        REQUIRE_FALSE(got.has_value());
        CHECK_MESSAGE(contains(got.error().message, c.words), got.error().message);
        CHECK(got.error().code == ErrorCode::kInvalidArgument);
        CHECK(contains(got.error().message, folder.file));
    }
    const auto missing = complete_arguments(*app, {"tail", "--config", folder.file + ".none"});
    REQUIRE_FALSE(missing);
    CHECK(contains(missing.error().message, folder.file + ".none"));
}

TEST_CASE("every flag has a name, help, and is in all that is written from it") {
    int exit_code = 0;
    const auto app = make_app(exit_code);
    const CommandDefinition root = read_definitions(*app);
    const std::string manual = manual_page(root), reference = markdown_reference(root);
    const std::string scripts[] = {completion_script(root, Shell::kBash),
                                   completion_script(root, Shell::kZsh),
                                   completion_script(root, Shell::kFish)};
    std::size_t flags = 0;
    for (const CommandDefinition* const command : flatten(root)) {
        CAPTURE(command->full_name());
        CHECK_FALSE(command->help.empty());
        if (command->path.empty()) continue;
        for (const std::string& script : scripts) CHECK(contains(script, command->name()));
        for (const FlagDefinition& flag : command->flags) {
            CAPTURE(flag.name);
            ++flags;
            CHECK_FALSE(flag.help.empty());
            // The library's own words for a type say nothing to people.
            for (const char* const type : {"TEXT:", "INT", "UINT", "FLOAT"})
                CHECK(flag.value != type);
            CHECK(contains(reference, "--" + flag.name));
            CHECK(contains(scripts[0], "--" + flag.name));
            CHECK(contains(scripts[1], "--" + flag.name));
            CHECK(contains(scripts[2], "-l " + flag.name));
        }
        CHECK(contains(reference, command->commands.empty() ? command->full_name() : ""));
    }
    CHECK(flags > 50);
    CHECK(manual.starts_with(".TH SKYWATCH 1\n"));
    CHECK(contains(manual, "one of table json csv"));
    CHECK(contains(scripts[0], "compgen -W 'table json csv'"));
    CHECK(contains(scripts[2], "-a 'table json csv'"));
}

}  // namespace sky::cli
