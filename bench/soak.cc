// SPDX-License-Identifier: Apache-2.0
// bench_soak: a server under everything at once for as long as wanted: 10,000 groups, events that
// are 14 days late, events of 1 MB, lines without shape, groups that are deleted and made again,
// queries, and a wall clock that jumps. Prints a line every few seconds and, at the end, one JSON
// object with what it saw. Exit code 1 when an acknowledged event is missing or doubled (also after
// a restart), a call failed, or the server outgrew its memory.
//   --seconds N (default 1800)  --directory DIR  --groups N (default 10,000)  --memory-mib N
//   (default 512)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "bench/messy_lines.h"
#include "bench/put_body.h"
#include "bench/signed_caller.h"
#include "json/writer.h"
#include "server/server.h"

namespace {

using namespace sky;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::int64_t kDayMs = 86'400'000;
// PutLogEvents takes events of the last 14 days; the margin is for a clock that jumps meanwhile.
constexpr std::int64_t kLateMsMax = 13 * kDayMs;
constexpr std::int64_t kJumpMs = 3LL * 3'600'000;
constexpr std::size_t kBatchBytesMax = 1'048'576, kEventOverhead = 26, kBatchEventsMax = 10'000;
constexpr std::size_t kQueryGroupsMax = 50;
constexpr std::size_t kReportEverySeconds = 5;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench_soak: %s\n", why.c_str());
    std::exit(1);
}

/// The machine's clock with a wall time that somebody else may set, in this process and its
/// children.
class SharedClock final : public Clock {
public:
    SharedClock() {
        void* const page = ::mmap(nullptr, sizeof(std::atomic<std::int64_t>),
                                  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) give_up("no shared memory");
        ahead_ms_ = new (page) std::atomic<std::int64_t>(0);
    }
    std::int64_t now_ms() const override { return system_clock().now_ms() + ahead_ms_->load(); }
    std::int64_t monotonic_ns() const override { return system_clock().monotonic_ns(); }
    void set_ahead_ms(std::int64_t ms) { *ahead_ms_ = ms; }

private:
    std::atomic<std::int64_t>* ahead_ms_;
};

/// A server in a child process. Made while this process has one thread.
class ServerProcess {
public:
    ServerProcess(const std::string& directory, std::uint64_t memory_bytes, const Clock& clock) {
        int told[2], asked[2];
        if (::pipe(told) != 0 || ::pipe(asked) != 0) give_up("no pipe");
        pid_ = ::fork();
        if (pid_ < 0) give_up("cannot fork");
        if (pid_ == 0) {
            ::close(told[0]);
            ::close(asked[1]);
            ::_exit(serve(directory, memory_bytes, clock, told[1], asked[0]));
        }
        ::close(told[1]);
        ::close(asked[0]);
        asked_ = asked[1];
        std::string text;
        std::array<char, 256> piece{};
        for (ssize_t n = 0; (n = ::read(told[0], piece.data(), piece.size())) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(n));
        ::close(told[0]);
        if (text.empty()) give_up("the server did not start; see " + directory + ".log");
        port_ = static_cast<std::uint16_t>(std::stoul(text));
        first_key_ = text.substr(text.find('\n') + 1);
    }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        static_cast<void>(stop());
    }

    /// Orderly; whether it ended well.
    bool stop() {
        if (pid_ <= 0) return true;
        ::close(asked_);
        int status = 0;
        const bool ended = ::waitpid(pid_, &status, 0) == pid_ && status == 0;
        pid_ = -1;
        return ended;
    }
    std::uint16_t port() const { return port_; }
    /// "  AWS_ACCESS_KEY_ID=…" and so on; empty after the first start.
    const std::string& first_key() const { return first_key_; }

    std::uint64_t status_bytes(const std::string& name) const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
        for (std::string line; std::getline(file, line);)
            if (line.starts_with(name + ":"))
                return std::stoull(line.substr(name.size() + 1)) * 1'024;
        return 0;
    }
    std::size_t open_files() const {
        std::error_code error;
        std::size_t count = 0;
        for (std::filesystem::directory_iterator it("/proc/" + std::to_string(pid_) + "/fd", error),
             end;
             !error && it != end; it.increment(error))
            ++count;
        return count;
    }

private:
    static int serve(const std::string& directory, std::uint64_t memory_bytes, const Clock& clock,
                     int told, int asked) {
        const int log_file =
            ::open((directory + ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (log_file >= 0) ::dup2(log_file, STDERR_FILENO);
        log::configure(log::Level::kWarn, log::Format::kLogfmt);
        std::signal(SIGPIPE, SIG_IGN);
        server::ServeOptions options;
        options.data_directory = directory;
        options.port = 0;
        options.memory_bytes = memory_bytes;
        auto server = server::Server::start(options, clock, system_random());
        if (!server) {
            std::fprintf(stderr, "%s\n", server.error().message.c_str());
            return 1;
        }
        const std::string text = std::to_string((*server)->port()) + "\n" + (*server)->first_key();
        if (::write(told, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return 1;
        ::close(told);
        char byte = 0;
        while (::read(asked, &byte, 1) > 0) {
        }
        return (*server)->stop() ? 0 : 1;
    }

    pid_t pid_ = -1;
    int asked_ = -1;
    std::uint16_t port_ = 0;
    std::string first_key_;
};

aws::sigv4::SigningCredentials credentials_of(const std::string& text) {
    const auto value = [&](const std::string& name) {
        const std::size_t at = text.find(name + "=");
        if (at == std::string::npos) give_up("the first start made no key");
        const std::size_t begin = at + name.size() + 1;
        return text.substr(begin, text.find('\n', begin) - begin);
    };
    return {value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")};
}

/// splitmix64, a stream for each thread.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL) {}
    std::uint64_t below(std::uint64_t bound) {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return (z ^ (z >> 31)) % bound;
    }

private:
    std::uint64_t state_;
};

using Line = bench::SeedLine;

/// Groups of one kind; what was acknowledged of them is counted.
struct Kind {
    std::string name;
    std::size_t groups;
    std::atomic<std::uint64_t> acknowledged{0};
    std::string group(std::size_t i) const { return "soak/" + name + "/" + std::to_string(i); }
};

struct Seen {
    std::atomic<std::uint64_t> events{0}, batches{0}, throttled{0}, failed{0}, queries{0},
        made_again{0}, came_back{0};
    std::mutex mutex;
    std::vector<double> acks_ms, late_acks_ms;  // Of all; since the last report.
    std::string first_failure;

    void fail(const std::string& what) {
        ++failed;
        const std::lock_guard lock(mutex);
        if (first_failure.empty()) first_failure = what.substr(0, 500);
    }
};

double quantile(std::vector<double> values, double q) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

std::string text_between(const std::string& text, const std::string& before,
                         const std::string& after) {
    const std::size_t at = text.find(before);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + before.size();
    return text.substr(begin, text.find(after, begin) - begin);
}

std::uint64_t metric(const std::string& page, const std::string& name) {
    const std::string value = text_between(page, "\n" + name + " ", "\n");
    return value.empty() ? 0 : std::stoull(value);
}

class Soak {
public:
    Soak(std::uint16_t port, aws::sigv4::SigningCredentials credentials, SharedClock& clock,
         std::size_t groups)
        : port_(port), credentials_(std::move(credentials)), clock_(clock) {
        small_.groups = groups;
    }

    void make_groups() {
        bench::SignedCaller caller = connect();
        for (Kind* kind : {&small_, &seeds_, &late_, &big_, &flood_, &temporary_})
            for (std::size_t i = 0; i < kind->groups; ++i) make_group(caller, kind->group(i));
    }

    /// Everything at once, until `until`.
    template <class Each>
    void run(Steady::time_point until, const Each& report) {
        until_ = until;
        std::vector<std::thread> threads;
        threads.emplace_back([this] { write_small(); });
        threads.emplace_back([this] { write_seeds(); });
        threads.emplace_back([this] { write_late(); });
        threads.emplace_back([this] { write_big(); });
        threads.emplace_back([this] { write_flood(); });
        threads.emplace_back([this] { make_and_delete(); });
        threads.emplace_back([this] { ask(); });
        const auto begin = Steady::now();
        const auto part = (until - begin) / 5;
        for (std::size_t i = 1; Steady::now() < until; ++i) {
            std::this_thread::sleep_until(
                std::min(until, begin + std::chrono::seconds(i * kReportEverySeconds)));
            const auto now = Steady::now();
            const bool ahead = now > begin + 2 * part && now < begin + 3 * part;
            jump_to(ahead ? kJumpMs : 0);
            report();
        }
        for (std::thread& thread : threads) thread.join();
    }

    /// Events that are not there as often as they were acknowledged.
    std::uint64_t missing_or_doubled(std::uint16_t port) {
        port_ = port;
        std::uint64_t wrong = 0;
        bench::SignedCaller caller = connect();
        for (const Kind* kind : {&small_, &seeds_, &late_, &big_, &flood_}) {
            std::uint64_t found = 0;
            for (std::size_t at = 0; at < kind->groups; at += kQueryGroupsMax) {
                std::vector<std::string> names;
                for (std::size_t i = at; i < std::min(kind->groups, at + kQueryGroupsMax); ++i)
                    names.push_back(kind->group(i));
                const std::string answer = query(caller, names, "stats count(*) as n");
                const std::string n = text_between(answer, R"("field":"n","value":")", "\"");
                if (!n.empty()) found += std::stoull(n);
            }
            const std::uint64_t wanted = kind->acknowledged.load();
            if (found != wanted)
                std::fprintf(stderr, "%s: %llu events acknowledged, %llu found\n",
                             kind->name.c_str(), static_cast<unsigned long long>(wanted),
                             static_cast<unsigned long long>(found));
            wrong += found > wanted ? found - wanted : wanted - found;
        }
        return wrong;
    }

    Seen seen;
    bench::SignedCaller connect() { return {port_, credentials_, clock_}; }

private:
    bool over() const { return Steady::now() >= until_; }

    /// Between two calls of every thread: what is under way is dated by one clock.
    void jump_to(std::int64_t ahead_ms) {
        if (ahead_ms == ahead_ms_) return;
        ahead_ms_ = ahead_ms;
        std::unique_lock lock(jump_mutex_);
        jumping_ = true;
        jump_changed_.wait(lock, [&] { return working_ == 0; });
        clock_.set_ahead_ms(ahead_ms);
        jumping_ = false;
        jump_changed_.notify_all();
    }

    void make_group(bench::SignedCaller& caller, const std::string& name) {
        for (const char* const operation : {"CreateLogGroup", "CreateLogStream"}) {
            std::string body;
            json::Writer writer(body);
            writer.begin_object();
            writer.key("logGroupName");
            writer.string(name);
            if (operation == std::string_view("CreateLogStream")) {
                writer.key("logStreamName");
                writer.string("s");
            }
            writer.end_object();
            const auto answer = caller.call(operation, body);
            if (!answer || answer->status != 200)
                seen.fail(std::string(operation) + ": " +
                          (answer ? answer->body : answer.error().message));
        }
    }

    /// Whether it was acknowledged.
    bool put(bench::SignedCaller& caller, const std::string& group,
             const std::vector<Line>& lines) {
        const std::string body = bench::put_body(group, "s", lines);
        const auto begin = Steady::now();
        const auto answer = caller.call("PutLogEvents", body);
        const double ms = std::chrono::duration<double, std::milli>(Steady::now() - begin).count();
        if (!answer) {
            seen.fail("PutLogEvents: " + answer.error().message);
            return false;
        }
        if (answer->status == 400 && answer->body.find("Throttling") != std::string::npos) {
            ++seen.throttled;
            return false;
        }
        if (answer->status != 200 || answer->body.find("rejected") != std::string::npos) {
            seen.fail("PutLogEvents answered " + std::to_string(answer->status) + ": " +
                      answer->body);
            return false;
        }
        ++seen.batches;
        seen.events += lines.size();
        const std::lock_guard lock(seen.mutex);
        seen.acks_ms.push_back(ms);
        seen.late_acks_ms.push_back(ms);
        return true;
    }
    void put(bench::SignedCaller& caller, Kind& kind, std::size_t group,
             const std::vector<Line>& lines) {
        if (put(caller, kind.group(group), lines)) kind.acknowledged += lines.size();
    }

    /// `lines` lines of S1 or S2 that end `age_ms` ago.
    template <class Source>
    std::vector<Line> some(Source& source, std::size_t count, std::int64_t age_ms) const {
        std::vector<Line> out;
        const std::int64_t last = clock_.now_ms() - age_ms;
        for (std::size_t i = 0; i < count; ++i)
            out.push_back({last - static_cast<std::int64_t>(count - i), source.next().text});
        return out;
    }

    template <class Work>
    void every(milliseconds pause, const Work& work) {
        bench::SignedCaller caller = connect();
        for (auto due = Steady::now(); !over();) {
            {
                std::unique_lock lock(jump_mutex_);
                jump_changed_.wait(lock, [&] { return !jumping_; });
                ++working_;
            }
            work(caller);
            {
                const std::lock_guard lock(jump_mutex_);
                --working_;
            }
            jump_changed_.notify_all();
            // Behind its pace it does not try to catch up.
            due = std::max(due + pause, Steady::now() - pause);
            std::this_thread::sleep_until(std::min(due, until_));
        }
    }

    // Each of these is a thread.
    void write_small() {
        Chance chance(1);
        bench::MessyLines source(1, 0);
        every(milliseconds(2), [&](bench::SignedCaller& caller) {
            put(caller, small_, chance.below(small_.groups), some(source, 1 + chance.below(20), 0));
        });
    }
    void write_seeds() {
        bench::SeedLines source(2, 0);
        std::size_t turn = 0;
        every(milliseconds(100), [&](bench::SignedCaller& caller) {
            put(caller, seeds_, turn++ % seeds_.groups, some(source, kBatchEventsMax, 0));
        });
    }
    void write_late() {
        Chance chance(3);
        bench::MessyLines source(3, 0);
        every(milliseconds(20), [&](bench::SignedCaller& caller) {
            put(caller, late_, chance.below(late_.groups),
                some(source, 1 + chance.below(500),
                     static_cast<std::int64_t>(chance.below(kLateMsMax))));
        });
    }
    void write_big() {
        Chance chance(4);
        std::string text(kBatchBytesMax - kEventOverhead, 'x');
        every(milliseconds(500), [&](bench::SignedCaller& caller) {
            for (std::size_t i = 0; i < text.size(); i += 16)
                text[i] = static_cast<char>('a' + chance.below(26));
            put(caller, big_, 0, {{clock_.now_ms(), text}});
        });
    }
    void write_flood() {
        Chance chance(5);
        std::size_t turn = 0;
        every(milliseconds(250), [&](bench::SignedCaller& caller) {
            std::vector<Line> lines;
            const std::int64_t now = clock_.now_ms();
            for (std::size_t bytes = 0; bytes < kBatchBytesMax * 9 / 10;) {
                std::string text;
                while (text.size() < 200) {
                    for (std::uint64_t i = chance.below(12); i-- > 0;)
                        text += static_cast<char>('a' + chance.below(26));
                    text += " =:/,;-[]{}()"[chance.below(13)];
                }
                bytes += text.size() + kEventOverhead;
                lines.push_back({now, std::move(text)});
            }
            put(caller, flood_, turn++ % flood_.groups, lines);
        });
    }
    void make_and_delete() {
        Chance chance(6);
        bench::SeedLines source(6, 0);
        every(milliseconds(200), [&](bench::SignedCaller& caller) {
            const std::string name = temporary_.group(chance.below(temporary_.groups));
            static_cast<void>(put(caller, name, some(source, 1 + chance.below(1'000), 0)));
            const std::string body = R"({"logGroupName":")" + name + "\"}";
            const auto gone = caller.call("DeleteLogGroup", body);
            if (!gone || gone->status != 200)
                return seen.fail("DeleteLogGroup: " + (gone ? gone->body : gone.error().message));
            make_group(caller, name);
            const auto events = caller.call("FilterLogEvents", body);
            if (!events || events->status != 200)
                return seen.fail("FilterLogEvents: " +
                                 (events ? events->body : events.error().message));
            ++seen.made_again;
            if (events->body.find("\"message\"") != std::string::npos) ++seen.came_back;
        });
    }
    void ask() {
        Chance chance(7);
        static constexpr const char* kQueries[] = {
            R"(parse @message "[*] * * * *" as logger, method, view, duration, status_code | stats avg(duration) by view, bin(30s))",
            "stats count(*) by bin(1m)",
            R"(filter @message like "component=cache" | stats count(*))",
            "fields @timestamp, @message | sort @timestamp desc | limit 100",
            R"(filter @message like /zq[a-f]/ | limit 20)",
        };
        every(milliseconds(500), [&](bench::SignedCaller& caller) {
            std::vector<std::string> names;
            const Kind* const kinds[] = {&small_, &seeds_, &late_, &flood_};
            const Kind& kind = *kinds[chance.below(std::size(kinds))];
            for (std::size_t i = 0; i < std::min<std::size_t>(kind.groups, 10); ++i)
                names.push_back(kind.group(chance.below(kind.groups)));
            std::sort(names.begin(), names.end());
            names.erase(std::unique(names.begin(), names.end()), names.end());
            static_cast<void>(query(caller, names, kQueries[chance.below(std::size(kQueries))]));
            ++seen.queries;
        });
    }

    /// The last answer of GetQueryResults.
    std::string query(bench::SignedCaller& caller, const std::vector<std::string>& groups,
                      const std::string& text) {
        std::string body;
        json::Writer writer(body);
        writer.begin_object();
        writer.key("logGroupNames");
        writer.begin_array();
        for (const std::string& group : groups) writer.string(group);
        writer.end_array();
        writer.key("startTime");
        writer.integer((clock_.now_ms() - 20 * kDayMs) / 1'000);
        writer.key("endTime");
        writer.integer((clock_.now_ms() + kDayMs) / 1'000);
        writer.key("queryString");
        writer.string(text);
        writer.end_object();
        const auto started = caller.call("StartQuery", body);
        if (!started || started->status != 200) {
            seen.fail("StartQuery: " + (started ? started->body : started.error().message));
            return {};
        }
        const std::string id = text_between(started->body, R"("queryId":")", "\"");
        const auto deadline = Steady::now() + std::chrono::minutes(2);
        while (Steady::now() < deadline) {
            auto answer = caller.call("GetQueryResults", R"({"queryId":")" + id + "\"}");
            if (!answer || answer->status != 200) {
                seen.fail("GetQueryResults: " + (answer ? answer->body : answer.error().message));
                return {};
            }
            const std::string status = text_between(answer->body, R"("status":")", "\"");
            if (status == "Complete") return std::move(answer->body);
            if (status != "Running" && status != "Scheduled") {
                seen.fail("a query ended as " + status + ": " + text);
                return {};
            }
            std::this_thread::sleep_for(milliseconds(5));
        }
        seen.fail("a query did not end: " + text);
        return {};
    }

    std::uint16_t port_;
    const aws::sigv4::SigningCredentials credentials_;
    SharedClock& clock_;
    Steady::time_point until_{};
    std::int64_t ahead_ms_ = 0;
    std::mutex jump_mutex_;
    std::condition_variable jump_changed_;
    bool jumping_ = false;
    std::size_t working_ = 0;
    Kind small_{"small", 10'000}, seeds_{"seeds", 4}, late_{"late", 50}, big_{"big", 1},
        flood_{"flood", 2}, temporary_{"temporary", 10};
};

/// The largest of each figure, as the reports saw it.
struct Peaks {
    std::uint64_t rss = 0, debt_segments = 0, debt_bytes = 0, files = 0, open_files = 0,
                  memory_percent = 0, suspended = 0;
    std::vector<double> rss_mb;
};

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> flags{
        {"seconds", "1800"}, {"directory", ""}, {"groups", "10000"}, {"memory-mib", "512"}};
    for (int i = 1; i + 1 < argc; i += 2) flags[std::string(argv[i]).substr(2)] = argv[i + 1];
    const std::string directory = flags["directory"];
    if (directory.empty()) give_up("--directory says where the server keeps its data");
    std::signal(SIGPIPE, SIG_IGN);
    const std::uint64_t memory = std::stoull(flags["memory-mib"]) << 20U;
    SharedClock clock;
    auto server = std::make_unique<ServerProcess>(directory, memory, clock);
    const auto credentials = credentials_of(server->first_key());
    Soak soak(server->port(), credentials, clock, std::stoul(flags["groups"]));

    const auto begin = Steady::now();
    const auto since = [](Steady::time_point from) {
        return std::chrono::duration<double>(Steady::now() - from).count();
    };
    soak.make_groups();
    const double making_s = since(begin);
    std::fprintf(stderr, "%s groups made in %.1f s\n", flags["groups"].c_str(), making_s);

    Peaks peaks;
    bench::SignedCaller watcher = soak.connect();
    const auto report = [&] {
        const std::string page = "\n" + watcher.page("/metrics");
        const std::uint64_t rss = server->status_bytes("VmRSS");
        const std::uint64_t debt_segments = metric(page, "skywatch_store_merge_debt_segments");
        const std::uint64_t debt_bytes = metric(page, "skywatch_store_merge_debt_bytes");
        std::uint64_t used = metric(page, "skywatch_store_open_bytes");
        for (const char* const use : {"queue", "seal", "merge", "footer"})
            used += metric(page, std::string("skywatch_store_memory_") + use + "_bytes");
        const std::uint64_t limit =
            std::max<std::uint64_t>(1, metric(page, "skywatch_store_memory_limit_bytes"));
        std::error_code error;
        std::uint64_t files = 0;
        for (std::filesystem::directory_iterator it(directory + "/segments", error), end;
             !error && it != end; it.increment(error))
            ++files;
        peaks.rss = std::max(peaks.rss, rss);
        peaks.rss_mb.push_back(megabytes(rss));
        peaks.debt_segments = std::max(peaks.debt_segments, debt_segments);
        peaks.debt_bytes = std::max(peaks.debt_bytes, debt_bytes);
        peaks.files = std::max(peaks.files, files);
        peaks.open_files = std::max<std::uint64_t>(peaks.open_files, server->open_files());
        peaks.memory_percent = std::max(peaks.memory_percent, used * 100 / limit);
        peaks.suspended =
            std::max(peaks.suspended, metric(page, "skywatch_store_deletion_suspended"));
        std::vector<double> acks;
        {
            const std::lock_guard lock(soak.seen.mutex);
            acks.swap(soak.seen.late_acks_ms);
        }
        std::fprintf(stderr,
                     "%6.0f s  %9llu events  p99 %6.1f ms  RSS %5.0f MB  budget %3llu %%  debt "
                     "%5llu / %6.1f MB  merges %4llu  files %4llu  throttled %3llu  failed %llu  "
                     "queries %llu\n",
                     since(begin), static_cast<unsigned long long>(soak.seen.events.load()),
                     quantile(std::move(acks), 0.99), megabytes(rss),
                     static_cast<unsigned long long>(used * 100 / limit),
                     static_cast<unsigned long long>(debt_segments), megabytes(debt_bytes),
                     static_cast<unsigned long long>(metric(page, "skywatch_store_merges_total")),
                     static_cast<unsigned long long>(files),
                     static_cast<unsigned long long>(soak.seen.throttled.load()),
                     static_cast<unsigned long long>(soak.seen.failed.load()),
                     static_cast<unsigned long long>(soak.seen.queries.load()));
    };
    soak.run(begin + std::chrono::seconds(std::stoull(flags["seconds"])), report);

    const std::uint64_t wrong = soak.missing_or_doubled(server->port());
    const std::string page = "\n" + watcher.page("/metrics");
    peaks.rss = std::max(peaks.rss, server->status_bytes("VmHWM"));
    const auto stopping = Steady::now();
    const bool stopped = server->stop();
    const double stop_s = since(stopping);
    const auto starting = Steady::now();
    server = std::make_unique<ServerProcess>(directory, memory, clock);
    const double start_s = since(starting);
    const std::uint64_t wrong_later = soak.missing_or_doubled(server->port());
    const bool stopped_again = server->stop();
    std::uint64_t disk = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory + "/segments"))
        disk += file.file_size();

    const bool over_memory = peaks.rss > memory;
    const bool failed = wrong + wrong_later + soak.seen.failed + soak.seen.came_back != 0 ||
                        !stopped || !stopped_again || over_memory;
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    const auto number = [&](std::string_view name, double value) {
        writer.key(name);
        writer.number(value);
    };
    number("seconds", since(begin));
    number("making_s", making_s);
    number("events", static_cast<double>(soak.seen.events));
    number("batches", static_cast<double>(soak.seen.batches));
    number("queries", static_cast<double>(soak.seen.queries));
    number("made_again", static_cast<double>(soak.seen.made_again));
    number("came_back", static_cast<double>(soak.seen.came_back));
    number("throttled", static_cast<double>(soak.seen.throttled));
    number("failed", static_cast<double>(soak.seen.failed));
    number("wrong", static_cast<double>(wrong));
    number("wrong_after_restart", static_cast<double>(wrong_later));
    number("ack_p50_ms", quantile(soak.seen.acks_ms, 0.5));
    number("ack_p99_ms", quantile(soak.seen.acks_ms, 0.99));
    number("rss_peak_mb", megabytes(peaks.rss));
    number("rss_quarter_mb", peaks.rss_mb.empty() ? 0 : peaks.rss_mb[peaks.rss_mb.size() / 4]);
    number("rss_end_mb", peaks.rss_mb.empty() ? 0 : peaks.rss_mb.back());
    number("memory_mb", megabytes(memory));
    number("store_memory_percent_peak", static_cast<double>(peaks.memory_percent));
    number("debt_segments_peak", static_cast<double>(peaks.debt_segments));
    number("debt_mb_peak", megabytes(peaks.debt_bytes));
    number("merges", static_cast<double>(metric(page, "skywatch_store_merges_total")));
    number("written_mb", megabytes(metric(page, "skywatch_store_segment_bytes_written_total")));
    number("disk_mb", megabytes(disk));
    number("files_peak", static_cast<double>(peaks.files));
    number("open_files_peak", static_cast<double>(peaks.open_files));
    number("deletion_suspended", static_cast<double>(peaks.suspended));
    number("stop_s", stop_s);
    number("start_s", start_s);
    writer.key("first_failure");
    writer.string(soak.seen.first_failure);
    writer.key("held");
    writer.boolean(!failed);
    writer.end_object();
    std::printf("%s\n", out.c_str());
    return failed ? 1 : 0;
}
