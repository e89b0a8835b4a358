// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "admin/api/audit_log.h"
#include "admin/api/keys.h"
#include "admin/api/operations.h"
#include "aws/dispatch.h"
#include "base/log.h"
#include "ec2/api/operations.h"
#include "http/cors.h"
#include "http/server.h"
#include "http/tls.h"
#include "logs/api/operations.h"
#include "logs/insights_engine.h"
#include "logs/service.h"
#include "metrics/api/operations.h"
#include "oam/api/operations.h"
#include "os/fs.h"
#include "server/catalog_keys.h"
#include "server/memory_budget.h"
#include "server/metrics.h"
#include "server/self_signed.h"
#include "store/store.h"
#include "sts/api/operations.h"
#include "tagging/api/operations.h"

namespace sky::server {
namespace {

// Longer than any PutLogEvents takes; clients with a running query get what is there.
constexpr std::chrono::milliseconds kDrainGrace{20'000};
// Of the memory budget; the rest is for open chunks and caches, query arenas, and what the
// libraries keep (store.md 3.1).
constexpr std::uint64_t kBodyShare = 8, kStoreShare = 2, kQueryShare = 4;
// Of the memory budget, for results of queries that have ended; their files hold them all.
constexpr std::uint64_t kResultsShare = 16;
// Of the queries' share, for groups that are kept from run to run.
constexpr std::uint64_t kQueryCacheShare = 4;
// A query holds a whole chunk for each of its threads: at most 32 MiB, where it is text; with less
// memory than this none of such chunks would come to its end.
constexpr std::uint64_t kQueryMemoryMin = 96ULL << 20U;

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool is_account(std::string_view account) {
    return account.size() == 12 &&
           account.find_first_not_of("0123456789") == std::string_view::npos;
}

Status check(const ServeOptions& options) {
    if (options.data_directory.empty()) {
        return fail(ErrorCode::kInvalidArgument, "--data names no directory.");
    }
    if (!is_account(options.account)) {
        return fail(ErrorCode::kInvalidArgument,
                    "--account must be 12 digits, as AWS account ids are; got " + options.account);
    }
    if (options.auth == Auth::kOff && !is_loopback(options.host)) {
        return fail(ErrorCode::kInvalidArgument,
                    "--auth off is allowed on loopback only: listen on 127.0.0.1 or use --auth "
                    "sigv4; got --listen " +
                        options.host);
    }
    if (options.tls_certificate.empty() != options.tls_key.empty()) {
        return fail(ErrorCode::kInvalidArgument, "--tls-cert and --tls-key go together.");
    }
    if (options.tls_self_signed && !options.tls_certificate.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "--tls-self-signed makes a certificate; leave out --tls-cert and --tls-key.");
    }
    for (const std::string& origin : options.cors_origins) {
        if (origin == "*" && options.auth == Auth::kOff) {
            return fail(ErrorCode::kInvalidArgument,
                        "--cors-origin '*' with --auth off would let every web page in; name the "
                        "pages.");
        }
        SKY_TRY(http::check_origin(origin));
    }
    return {};
}

http::Response plain(int status, std::string body) {
    return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

class RunningServer final : public Server {
public:
    RunningServer(const ServeOptions& options, const Clock& clock, Random& random)
        : options_(options),
          clock_(clock),
          random_(random),
          audit_(os::real_fs(), options.data_directory) {}
    ~RunningServer() override {
        if (auto stopped = stop(); !stopped) {
            log::error("stop_failed", {{"why", stopped.error().message}});
        }
    }

    Status start() {
        SKY_TRY(check(options_));
        const std::uint64_t memory =
            options_.memory_bytes != 0 ? options_.memory_bytes : default_memory_bytes();
        if (memory < kMemoryAdvisedBytes)
            log::warn("memory.small",
                      {{"memory_bytes", memory},
                       {"advised_bytes", kMemoryAdvisedBytes},
                       {"why",
                        "queries and ingest throttle early below that, and queries over "
                        "much text take more than the budget"}});
        SKY_TRY(listen(memory));
        SKY_TRY(open_store(memory));
        SKY_TRY(make_first_key());

        logs::SessionOptions sessions;
        const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
        sessions.running_max = 2 * cores;  // store.md 3.4
        sessions.threads_per_query = cores;
        sessions.answer_wait_ms = logs::limits::kAnswerWaitMs;
        sessions.waiting_max = cores;  // Half of those that read (listen()).
        sessions.query_memory_bytes_max = std::max(memory / kQueryShare, kQueryMemoryMin);
        sessions.partials_bytes_max = std::min(options_.query_cache_bytes.value_or(UINT64_MAX),
                                               sessions.query_memory_bytes_max / kQueryCacheShare);
        sessions.results_total_bytes_max =
            std::min(sessions.results_total_bytes_max, memory / kResultsShare);
        sessions.fs = &os::real_fs();
        sessions.directory = options_.data_directory + "/queries";
        logs_ = std::make_unique<logs::Service>(*store_, clock_, random_, engine_, sessions);
        admin_ = std::make_unique<admin::api::Service>(
            admin::api::Service{store_->catalog(), *store_, clock_, random_,
                                [this](const store::Tenant& tenant, std::string_view id) {
                                    return logs_->queries.explain(tenant, id);
                                }});
        tagging_ = std::make_unique<tagging::api::Service>(tagging::api::Service{*logs_});
        dispatcher_->open(
            {logs::api::service_definition(*logs_), admin::api::service_definition(*admin_),
             sts::api::service_definition(sts_), ec2::api::service_definition(ec2_),
             oam::api::service_definition(oam_), tagging::api::service_definition(*tagging_),
             metrics::api::service_definition(metrics_)});
        ready_ = true;
        log::info("ready", {{"data", options_.data_directory},
                            {"host", options_.host},
                            {"port", static_cast<std::int64_t>(port())},
                            {"auth", options_.auth == Auth::kOff ? "off" : "sigv4"},
                            {"memory_bytes", memory}});
        return {};
    }

    std::uint16_t port() const override { return http_->port(); }
    std::string first_key() const override { return first_key_; }
    std::string certificate_to_trust() const override { return certificate_to_trust_; }

    Status reload() override {
        if (!identity_) return fail(ErrorCode::kInvalidState, "The server does not speak TLS.");
        if (options_.tls_self_signed) {
            SKY_TRY(
                self_signed_files(os::real_fs(), options_.data_directory, options_.host, clock_));
        }
        return identity_->reload();
    }

    Status stop() override {
        const std::lock_guard lock(stop_mutex_);
        if (stopped_) return {};
        stopped_ = true;
        ready_ = false;
        // Order matters: no new calls, then those that have begun, then the queries' threads, then
        // the store, which seals everything so that the next start has an empty log.
        if (dispatcher_) dispatcher_->drain();
        if (http_) http_->drain(kDrainGrace);
        logs_.reset();
        if (!store_) return {};
        Status closed = store_->close();
        log::info("stopped", {{"sealed", closed.has_value()}});
        return closed;
    }

private:
    Status listen(std::uint64_t memory) {
        aws::DispatchOptions dispatch;
        dispatch.authentication =
            options_.auth == Auth::kOff ? aws::Authentication::kOff : aws::Authentication::kSigV4;
        dispatch.keys = &keys_;
        dispatch.clock = &clock_;
        dispatch.random = &random_;
        dispatch.account = options_.account;
        dispatch.region = options_.region;
        dispatch.routes = own_routes();
        dispatch.audit = [this](const aws::AuditRecord& record) {
            // What was done stays done; that nobody will read of it must at least be read here.
            if (const Status written = audit_.append(record); !written) {
                log::error("audit_failed", {{"why", written.error().message},
                                            {"record", admin::api::render_audit(record)}});
            }
        };
        dispatch.unknown_route = [](const http::RequestHead&) {
            return plain(
                404,
                "skywatch speaks AWS's protocols on this port; its own pages are /healthz, "
                "/readyz and /metrics.\n");
        };
        dispatcher_ = std::make_shared<aws::Dispatcher>(std::move(dispatch));

        http::ServerOptions http_options;
        http_options.host = options_.host;
        http_options.port = options_.port;
        http_options.body_memory_bytes = memory / kBodyShare;
        http_options.clock = &clock_;
        const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
        http_options.write_threads = cores;
        http_options.read_threads = 2 * cores;
        SKY_TRY(open_identity());
        http_options.tls = identity_;
        http_ = SKY_TRY(http::Server::start(http_options, with_pages(dispatcher_)));
        return {};
    }

    Status open_identity() {
        http::TlsFiles files{options_.tls_certificate, options_.tls_key};
        if (options_.tls_self_signed) {
            files = SKY_TRY(
                self_signed_files(os::real_fs(), options_.data_directory, options_.host, clock_));
            certificate_to_trust_ = files.certificate;
        }
        if (files.certificate.empty()) return {};
        identity_ = SKY_TRY(http::TlsIdentity::load(std::move(files)));
        return {};
    }

    /// Which web pages may call. Without authentication the signature does not stop a page that
    /// the user happens to look at, so then others are turned away.
    std::shared_ptr<http::Application> with_pages(std::shared_ptr<http::Application> inner) const {
        http::CorsOptions cors;
        cors.origins = options_.cors_origins;
        cors.others = options_.auth == Auth::kOff ? http::OtherPages::kTurnedAway
                                                  : http::OtherPages::kUnanswered;
        // Machines read these, pages do not.
        cors.is_for_pages = [](std::string_view path) {
            return path != "/healthz" && path != "/readyz" && path != "/metrics";
        };
        if (cors.origins.empty() && options_.auth != Auth::kOff) return inner;
        return http::with_cors(std::move(cors), std::move(inner));
    }

    Status open_store(std::uint64_t memory) {
        store::StoreOptions store_options;
        store_options.directory = options_.data_directory;
        store_options.fs = &os::real_fs();
        store_options.clock = &clock_;
        store_options.random = &random_;
        store_options.memory_bytes = memory / kStoreShare;
        store_ = SKY_TRY(store::Store::open(store_options));
        keys_.open(store_->catalog());
        return {};
    }

    /// Design decision 9: the first start makes one key, which run() prints once.
    Status make_first_key() {
        if (options_.auth == Auth::kOff || !store_->catalog().list_keys().empty()) return {};
        admin::api::KeyWish wish;
        wish.account = options_.account;
        wish.description = "made by the first start";
        const store::AccessKey key =
            SKY_TRY(admin::api::create_key(store_->catalog(), {}, wish, clock_, random_));
        first_key_ =
            fmt::format("  AWS_ACCESS_KEY_ID={}\n  AWS_SECRET_ACCESS_KEY={}\n", key.id, key.secret);
        return {};
    }

    std::vector<aws::OwnRoute> own_routes() {
        const auto get_only = [](auto answer) {
            return [answer](http::Request request, http::Respond respond) {
                if (request.head.method != "GET" && request.head.method != "HEAD") {
                    http::Response refused = plain(405, "This page is read with GET.\n");
                    refused.headers.push_back({"Allow", "GET, HEAD"});
                    return respond(std::move(refused));
                }
                respond(answer());
            };
        };
        std::vector<aws::OwnRoute> routes(3);
        routes[0].path = "/healthz";
        routes[0].handle = get_only([] { return plain(200, "ok\n"); });
        routes[1].path = "/readyz";
        routes[1].handle = get_only([this] {
            return ready_ ? plain(200, "ready\n") : plain(503, "recovering or draining\n");
        });
        routes[2].path = "/metrics";
        routes[2].handle = get_only([this] {
            http::Response page = plain(200, render_metrics(measured()));
            page.headers[0].value = "text/plain; version=0.0.4; charset=utf-8";
            return page;
        });
        return routes;
    }

    Measured measured() const {
        Measured values;
        values.dispatch = dispatcher_->counts();
        if (ready_) {
            values.http = http_->stats();
            values.store = store_->stats();
            values.live_tail = logs_->live_tail.stats();
            values.partials = logs_->queries.partials();
        }
        return values;
    }

    const ServeOptions options_;
    const Clock& clock_;
    Random& random_;
    std::atomic<bool> ready_{false};
    std::mutex stop_mutex_;
    bool stopped_ = false;
    std::string first_key_, certificate_to_trust_;
    std::shared_ptr<http::TlsIdentity> identity_;  // Null: plain HTTP.
    // In the order of their making; http_ goes first, so that nothing calls into the others.
    CatalogKeys keys_;
    admin::api::AuditLog audit_;
    logs::InsightsEngine engine_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<logs::Service> logs_;
    std::unique_ptr<admin::api::Service> admin_;
    std::unique_ptr<tagging::api::Service> tagging_;
    sts::api::Service sts_{keys_, random_};
    ec2::api::Service ec2_{options_.region};
    oam::api::Service oam_;
    metrics::api::Service metrics_;
    std::shared_ptr<aws::Dispatcher> dispatcher_;
    std::unique_ptr<http::Server> http_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServeOptions& options, const Clock& clock,
                                              Random& random) {
    auto server = std::make_unique<RunningServer>(options, clock, random);
    SKY_TRY(server->start());
    return server;
}

}  // namespace sky::server
