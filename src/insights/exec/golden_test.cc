// SPDX-License-Identifier: Apache-2.0
// Replays tests/queries/*.txt: events, queries, expected rows or error places. A file is blocks:
//   == events <account>:<group>     one event a line: <ISO time> <stream> <message>, \n \t
//   \\ escaped
//   == table <name>                a lookup table, comma-separated, its first line the columns
//   == query <note>                 the text follows, then
//   -- columns / -- rows            one row a line, field=value between tabs; @ptr is only named
//   -- error <offset> <length>      instead of rows
// SKYWATCH_REBASELINE=1 writes what came out into the files; read the difference before keeping it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "base/time.h"
#include "columnar/kernels.h"
#include "insights/exec/partial_cache.h"
#include "insights/exec/query.h"
#include "insights/exec/test_snapshot.h"
#include "insights/syntax/commands.h"

using namespace sky;
using namespace sky::insights;
using sky::insights::testing::Cut;
using sky::insights::testing::Form;
using sky::insights::testing::TestEvent;
using sky::insights::testing::TestSnapshot;

namespace {

struct Group {
    std::string log;
    std::vector<TestEvent> events;
};

struct Config {
    const char* name;
    Cut cut;
    unsigned threads;
    Form form = Form::kText;
    ShapedReads shaped = ShapedReads::kYes;
    int runs = 1;  // The last one's answer; groups are kept from run to run where there are more.
    std::string_view kernels = {};  // Empty: those that the program would use.
};
constexpr Config kConfigs[] = {
    {"one morsel, one thread", Cut::kOneMorsel, 1},
    {"one morsel, three threads", Cut::kOneMorsel, 3},
    {"row by row, one thread", Cut::kRowByRow, 1},
    {"row by row, three threads", Cut::kRowByRow, 3},
    {"scattered, three threads", Cut::kScattered, 3},
    {"shaped, one morsel, one thread", Cut::kOneMorsel, 1, Form::kShaped},
    {"shaped, scattered, three threads", Cut::kScattered, 3, Form::kShaped},
    {"shaped, row by row, one thread", Cut::kRowByRow, 1, Form::kShaped},
    {"shaped, some rows of blocks", Cut::kOneMorsel, 1, Form::kShapedCut},
    {"shaped, some rows of blocks, scattered", Cut::kScattered, 3, Form::kShapedCut},
    {"shaped, read as text", Cut::kOneMorsel, 1, Form::kShaped, ShapedReads::kNo},
    {"cached twice, one morsel", Cut::kOneMorsel, 1, Form::kShaped, ShapedReads::kYes, 3},
    {"cached twice, scattered, three threads", Cut::kScattered, 3, Form::kText, ShapedReads::kYes,
     3},
    {"shaped, plain kernels", Cut::kOneMorsel, 1, Form::kShaped, ShapedReads::kYes, 1, "plain"},
    {"shaped, avx2 kernels", Cut::kOneMorsel, 1, Form::kShaped, ShapedReads::kYes, 1, "avx2"},
};

// What the queries are asked for: 1970 to 2100, so that windows before it are empty; a SOURCE of
// the query narrows it.
constexpr std::int64_t kRangeBeginMs = 0;
constexpr std::int64_t kRangeEndMs = 4'102'444'800'000;

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\\') {
            out += "\\\\";
        } else {
            out += c;
        }
    }
    return out;
}

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        out += c == 'n' ? '\n' : (c == 't' ? '\t' : (c == 'r' ? '\r' : c));
    }
    return out;
}

std::int64_t iso_ms(const std::string& text) {
    int year = 0;
    unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
    const int read = std::sscanf(text.c_str(), "%d-%u-%uT%u:%u:%u.%uZ", &year, &month, &day, &hour,
                                 &minute, &second, &ms);
    REQUIRE_MESSAGE(read == 7, text);
    return days_from_civil(year, month, day) * kMillisPerDay +
           ((static_cast<std::int64_t>(hour) * 60 + minute) * 60 + second) * 1'000 + ms;
}

using Tables = std::map<std::string, std::shared_ptr<LookupTable>>;

/// Whether SOURCE names the group; its other conditions are the domain's (logs/source_test.cc).
bool chosen(const std::optional<SourceClause>& source, const std::string& name) {
    if (!source) return true;
    if (source->has_data) return false;
    for (const SourceClause::Groups& groups : source->groups) {
        bool all = groups.prefixes.empty() && groups.identifiers.empty();
        for (const std::string& known : groups.identifiers) all = all || known == name;
        for (const std::string& prefix : groups.prefixes) all = all || name.starts_with(prefix);
        if (all) return true;
    }
    return false;
}

RunOptions options_for(const CompiledQuery& query, const std::vector<Group>& groups,
                       const Tables& tables, const Config& config) {
    RunOptions options;
    const QueryNeeds needs = needs_of(query);
    options.side_sources.resize(needs.scans.size() - 1);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        store::GroupInfo info;
        info.id = i + 1;
        const std::size_t colon = groups[i].log.find(':');
        info.tenant = {groups[i].log.substr(0, colon), "us-east-1"};
        info.name = groups[i].log.substr(colon + 1);
        const Source made{
            std::make_shared<TestSnapshot>(info, groups[i].events, config.cut, 1, config.form),
            groups[i].log};
        for (std::size_t scan = 0; scan < needs.scans.size(); ++scan) {
            auto& list = scan == 0 ? options.sources : options.side_sources[scan - 1];
            if (chosen(needs.scans[scan].source, info.name)) list.push_back(made);
        }
    }
    for (const LookupUse& use : needs.lookups) {
        const auto table = tables.find(use.table);
        options.lookup_tables.push_back(table == tables.end() ? nullptr : table->second);
    }
    options.range = {kRangeBeginMs, kRangeEndMs};
    options.now_s = 1'767'225'600;  // 2026-01-01T00:00:00Z
    options.threads = config.threads;
    options.shaped = config.shaped;
    return options;
}

std::string outcome(const std::string& text, const std::vector<Group>& groups, const Tables& tables,
                    const Config& config) {
    const auto query = compile(text);
    if (!query) {
        CHECK(query.error().code == ErrorCode::kMalformedQuery);
        return fmt::format("-- error {} {}\n", query.error().offset, query.error().length);
    }
    PartialCache cache(1 << 20);
    const auto begin = [&] {
        RunOptions options = options_for(**query, groups, tables, config);
        if (config.runs > 1) options.partials = &cache;
        return std::make_unique<Execution>(*query, std::move(options));
    };
    for (int run = 1; run < config.runs; ++run) (void)begin()->run();
    const std::unique_ptr<Execution> running = begin();
    Execution& execution = *running;
    const auto result = execution.run();
    if (!result) return fmt::format("-- failed {}\n", result.error().message);
    // Looking at the finished execution shows the same rows.
    const QueryResult again = execution.progress();
    CHECK(again.rows.size() == result->rows.size());
    std::string out = "-- columns";
    for (const std::string& column : result->rows.columns()) out += "\t" + escape(column);
    out += "\n-- rows\n";
    for (const Row& row : result->rows) {
        std::string line;
        for (const Cell& cell : row) {
            if (!line.empty()) line += '\t';
            line += cell.field == "@ptr" ? "@ptr" : escape(cell.field) + "=" + escape(cell.value);
        }
        out += line + "\n";
    }
    return out;
}

/// Makes the program use a configuration's kernels while it lives.
class KernelsOf {
public:
    explicit KernelsOf(const Config& config) {
        if (config.kernels.empty()) return;
        for (const columnar::KernelForm& form : columnar::kernel_forms())
            if (form.name == config.kernels) found_ = form.kernels;
        if (found_ != nullptr) columnar::use_kernels(*found_);
        lacking_ = found_ == nullptr;
    }
    ~KernelsOf() { columnar::use_kernels(usual_); }
    KernelsOf(const KernelsOf&) = delete;
    KernelsOf& operator=(const KernelsOf&) = delete;
    bool lacking() const { return lacking_; }  // The processor has them not.

private:
    const columnar::Kernels& usual_ = columnar::kernels();
    const columnar::Kernels* found_ = nullptr;
    bool lacking_ = false;
};

/// Runs one file; the text that it should have.
std::string replay(const std::string& content, const Config& config) {
    std::istringstream in(content);
    std::string out;
    std::string line;
    std::vector<Group> groups;
    Tables tables;
    LookupTable* table = nullptr;
    bool new_groups = true;
    enum class In : std::uint8_t { kHead, kEvents, kTable, kQuery, kExpected } state = In::kHead;
    std::string query;
    const auto finish_query = [&] {
        if (state == In::kQuery || state == In::kExpected) {
            out += outcome(query, groups, tables, config) + "\n";
        }
        query.clear();
    };
    while (std::getline(in, line)) {
        if (line.starts_with("== events ")) {
            finish_query();
            if (new_groups) {
                groups.clear();
                tables.clear();
            }
            new_groups = false;
            groups.push_back({line.substr(10), {}});
            state = In::kEvents;
        } else if (line.starts_with("== table ")) {
            finish_query();
            tables[line.substr(9)] = std::make_shared<LookupTable>();
            table = tables[line.substr(9)].get();
            state = In::kTable;
        } else if (line.starts_with("== query")) {
            finish_query();
            new_groups = true;
            state = In::kQuery;
        } else if (line.starts_with("-- ") && state == In::kQuery) {
            state = In::kExpected;
        } else if (state == In::kEvents && !line.empty()) {
            const std::size_t first = line.find(' ');
            const std::size_t second = line.find(' ', first + 1);
            REQUIRE(second != std::string::npos);
            groups.back().events.push_back(
                {iso_ms(line.substr(0, first)), groups.back().events.size() + 1,
                 line.substr(first + 1, second - first - 1), unescape(line.substr(second + 1))});
        } else if (state == In::kTable && !line.empty()) {
            const bool is_head = table->columns.empty();
            std::istringstream parts(line);
            std::string cell;
            while (std::getline(parts, cell, ',')) {
                if (is_head) {
                    table->columns.push_back(cell);
                } else {
                    table->add_cell(cell);
                }
            }
        } else if (state == In::kQuery) {
            query += (query.empty() ? "" : "\n") + line;
        }
        if (state != In::kExpected) out += line + "\n";
    }
    finish_query();
    return out;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

}  // namespace

TEST_CASE("golden queries: the same rows under every configuration") {
    const std::filesystem::path folder = std::string(SKY_SOURCE_DIR) + "/tests/queries";
    const bool rebaseline = std::getenv("SKYWATCH_REBASELINE") != nullptr;
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".txt") continue;
        ++files;
        const std::string content = read_file(entry.path());
        for (const Config& config : kConfigs) {
            const KernelsOf kernels(config);
            if (kernels.lacking()) {
                MESSAGE("skipped: this processor lacks " << config.kernels);
                continue;
            }
            const std::string actual = replay(content, config);
            if (rebaseline && &config == &kConfigs[0]) {
                std::ofstream(entry.path(), std::ios::binary) << actual;
                continue;
            }
            if (actual == (rebaseline ? read_file(entry.path()) : content)) continue;
            std::istringstream want(content);
            std::istringstream have(actual);
            std::string want_line, have_line;
            for (int number = 1; number < 100'000; ++number) {
                const bool more = bool(std::getline(want, want_line));
                const bool some = bool(std::getline(have, have_line));
                if (more && some && want_line == have_line) continue;
                FAIL_CHECK(entry.path().filename().string()
                           << " under " << config.name << ", line " << number << ":\n  expected "
                           << want_line << "\n  came     " << have_line);
                break;
            }
        }
    }
    CHECK(files >= 6);
}

namespace {

/// What a replayed query has: its columns, then its rows or its error.
struct Outcome {
    std::string name, columns;
    std::vector<std::string> rows;
};

std::vector<Outcome> outcomes_of(const std::string& replayed) {
    std::vector<Outcome> out;
    std::istringstream in(replayed);
    std::string line;
    bool rows = false;
    while (std::getline(in, line)) {
        if (line.starts_with("== ")) {
            rows = false;
            if (line.starts_with("== query")) out.push_back({line.substr(9), "", {}});
        } else if (line.starts_with("-- rows")) {
            rows = true;
        } else if (line.starts_with("-- ")) {
            out.back().columns = line;
        } else if (rows && !line.empty()) {
            out.back().rows.push_back(line);
        }
    }
    return out;
}

}  // namespace

TEST_CASE("what Grafana puts in front of each query changes no row of any command") {
    constexpr std::string_view kPrefix =
        "fields @timestamp,ltrim(@log) as __log__grafana_internal__,ltrim(@logStream) as "
        "__logstream__grafana_internal__|";
    std::size_t compared = 0;
    std::size_t alike = 0;
    for (const char* file : {"reference.txt", "worked_examples.txt", "samples_services.txt"}) {
        const std::string content =
            read_file(std::string(SKY_SOURCE_DIR) + "/tests/queries/" + file);
        std::string prefixed;
        std::istringstream in(content);
        std::string line;
        bool begins = false;  // The query's first line is next.
        while (std::getline(in, line)) {
            // A SOURCE comes first; Grafana puts the rest behind it.
            if (begins && !line.starts_with("SOURCE")) prefixed += kPrefix;
            begins = line.starts_with("== query");
            prefixed += line + "\n";
        }
        const std::vector<Outcome> plain = outcomes_of(replay(content, kConfigs[0]));
        const std::vector<Outcome> behind = outcomes_of(replay(prefixed, kConfigs[0]));
        REQUIRE(plain.size() == behind.size());
        for (std::size_t i = 0; i < plain.size(); ++i) {
            CAPTURE(plain[i].name);
            const bool refused = plain[i].columns.starts_with("-- error");
            CHECK(behind[i].columns.starts_with("-- error") == refused);
            CHECK(behind[i].rows.size() == plain[i].rows.size());
            ++compared;
            if (refused || behind[i].columns != plain[i].columns) continue;
            CHECK(behind[i].rows == plain[i].rows);
            ++alike;
        }
    }
    CHECK(compared > 80);
    CHECK(alike > 40);
}

TEST_CASE("every command's example stands in the reference queries") {
    const std::string content =
        read_file(std::string(SKY_SOURCE_DIR) + "/tests/queries/reference.txt");
    for (const CommandDef& command : commands()) {
        if (command.example.empty()) continue;
        const std::string block =
            fmt::format("== query {}\n{}\n-- columns", command.name, command.example);
        CHECK_MESSAGE(content.find(block) != std::string::npos, block);
    }
}
