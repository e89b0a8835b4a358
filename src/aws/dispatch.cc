// SPDX-License-Identifier: Apache-2.0
#include "aws/dispatch.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <unordered_map>

#include "aws/audit.h"
#include "aws/authenticate.h"
#include "aws/authorize.h"
#include "aws/call.h"
#include "aws/classify.h"
#include "aws/rest_route.h"
#include "aws/validate.h"
#include "aws/wire_error.h"
#include "base/assert.h"
#include "base/log.h"

namespace sky::aws {
namespace {

struct OperationCounters {
    std::atomic<std::uint64_t> calls{0}, client_errors{0}, throttled{0}, server_errors{0},
        body_bytes{0}, microseconds{0};
};

// One built operation, ready to call.
struct Built {
    const ServiceDef* service;
    const OperationModel* model;
    const OperationDef* def;
    Permissions allowed_by;
    bool audited;
    mutable OperationCounters counters;
};

// Everything that open() publishes; calls under way keep it alive.
struct Table {
    std::vector<ServiceDef> services;
    std::unordered_map<std::string, std::unique_ptr<const Built>>
        operations;                                            // "service\0operation".
    std::unordered_map<const ServiceDef*, RouteTable> routes;  // Of those that speak REST.

    static std::string key(std::string_view service, std::string_view operation) {
        std::string key(service);
        key.push_back('\0');
        return key += operation;
    }

    const ServiceDef* find_service(const Classification& asked) const {
        const auto first = [&](auto fits) -> const ServiceDef* {
            const auto at = std::ranges::find_if(
                services, [&](const ServiceDef& service) { return fits(*service.model); });
            return at == services.end() ? nullptr : &*at;
        };
        if (asked.protocol == Protocol::kJson10 || asked.protocol == Protocol::kJson11 ||
            asked.protocol == Protocol::kCbor) {
            if (asked.service.empty()) return nullptr;
            return first(
                [&](const ServiceModel& model) { return asked.service == model.target_prefix; });
        }
        if (!asked.service.empty()) {
            if (const ServiceDef* found = first([&](const ServiceModel& model) {
                    return asked.service == model.signing_name;
                })) {
                return found;
            }
        }
        if (asked.protocol != Protocol::kQuery || asked.version.empty()) return nullptr;
        return first([&](const ServiceModel& model) {
            return asked.version == model.api_version &&
                   (model.speaks(Protocol::kQuery) || model.speaks(Protocol::kEc2Query));
        });
    }

    const RouteTable* routes_of(const ServiceDef& service) const {
        const auto at = routes.find(&service);
        return at == routes.end() ? nullptr : &at->second;
    }
};

http::Lane lane_of(Access access) {
    switch (access) {
        case Access::kControl:
            return http::Lane::kControl;
        case Access::kRead:
            return http::Lane::kRead;
        case Access::kWrite:
            return http::Lane::kWrite;
    }
    return http::Lane::kControl;
}

ServiceError common(std::string_view type, ErrorCode code, std::string message) {
    return {std::string(type), Error{code, std::move(message)}};
}

bool is_gzip(std::string_view coding) {
    std::string lower(coding);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return lower == "gzip" || lower == "x-gzip";
}

// What a call leaves for its audit record while it is under way; it may outlast the dispatcher.
struct Audited {
    std::function<void(const AuditRecord&)> audit;
    CallContext caller;
    std::string action, parameters;

    void tell(int status, std::string_view error_type) const {
        audit({.time_ms = caller.now_ms,
               .account = caller.account,
               .caller_arn = caller.caller_arn,
               .access_key_id = caller.access_key_id,
               .remote_ip = caller.remote_ip,
               .request_id = caller.request_id,
               .action = action,
               .parameters = parameters,
               .status = status,
               .error_type = error_type});
    }
};

// A Query request names its operation in the form: so much is read to tell the client which one,
// where no built operation allows more.
constexpr std::uint64_t kUnbuiltQueryBodyBytesMax = 1 << 20;

bool is_query(Protocol protocol) {
    return protocol == Protocol::kQuery || protocol == Protocol::kEc2Query;
}

// Before the form is read nobody knows what it asks for, so it may be as long as the service's
// longest, and waits where the service's heaviest operations do.
http::Admit admit_query(const ServiceDef* service) {
    http::Admit admit{http::Lane::kControl, kUnbuiltQueryBodyBytesMax};
    if (service == nullptr) return admit;
    Access heaviest = Access::kControl;
    for (const OperationDef& def : service->operations) {
        heaviest = std::max(heaviest, def.access);
        admit.body_bytes_max = std::max(admit.body_bytes_max, def.body_bytes_max);
    }
    admit.lane = lane_of(heaviest);
    return admit;
}

ServiceError too_large() {
    return common(error_types::kRequestTooLarge, ErrorCode::kLimitExceeded,
                  "The request body is larger than this operation allows.");
}

std::optional<ServiceError> too_long(const http::Request& request, std::uint64_t bytes_max) {
    if (request.body.size() <= bytes_max) return std::nullopt;
    return too_large();
}

// Undoes Content-Encoding; nullopt when that is done.
std::optional<ServiceError> inflate(http::Request& request, std::uint64_t bytes_max) {
    const std::string_view coding = request.head.headers.get("content-encoding");
    if (coding.empty() || coding == "identity") return std::nullopt;
    if (!is_gzip(coding)) {
        return common(error_types::kSerialization, ErrorCode::kInvalidArgument,
                      "Content-Encoding must be gzip or identity.");
    }
    auto inflated = http::gunzip(request.body, std::min(bytes_max, limits::kInflatedBytesMax));
    if (inflated) {
        request.body = std::move(*inflated);
        return std::nullopt;
    }
    const Error& fault = inflated.error();
    return common(fault.code == ErrorCode::kLimitExceeded ? error_types::kRequestTooLarge
                                                          : error_types::kSerialization,
                  fault.code, fault.message);
}

}  // namespace

struct Dispatcher::Impl {
    explicit Impl(DispatchOptions given) : options(std::move(given)) {
        SKY_ASSERT(options.clock != nullptr && options.random != nullptr && options.unknown_route,
                   "the server gives a clock, randomness and a fallback");
        if (options.authentication == Authentication::kSigV4) {
            SKY_ASSERT(options.keys != nullptr, "authentication needs keys");
            authenticator = std::make_unique<const Authenticator>(*options.keys, *options.clock,
                                                                  options.clock_window_ms);
        }
    }

    // A request as far as its head tells.
    struct Asked {
        std::shared_ptr<const Table> table;
        Classification what;
        const ServiceDef* service = nullptr;
        const Built* built = nullptr;
        std::vector<PathLabel> labels;
        std::string request_id;

        WireContext context() const {
            return {service == nullptr ? nullptr : service->model,
                    built == nullptr ? nullptr : built->model, request_id};
        }
    };

    // What on_head() found, for handle() and refuse() of the same request.
    struct Decided {
        const OwnRoute* route = nullptr;  // Or:
        std::optional<Asked> asked;
        std::optional<Authenticator::Ticket> ticket;  // Absent when authentication is off.
    };
    static const Decided* decided(const http::RequestHead& head) {
        return static_cast<const Decided*>(head.decided.get());
    }

    const OwnRoute* find_route(std::string_view path) const {
        for (const OwnRoute& route : options.routes) {
            if (path == route.path || (route.path.ends_with('/') && path.starts_with(route.path))) {
                return &route;
            }
        }
        return nullptr;
    }

    std::string_view path_of(const http::RequestHead& head) const {
        std::string_view path = head.path();
        if (!options.path_prefix.empty() && path.starts_with(options.path_prefix)) {
            const std::string_view rest = path.substr(options.path_prefix.size());
            if (rest.empty()) return "/";
            if (rest.front() == '/') return rest;
        }
        return path;
    }

    std::optional<Asked> ask(const http::RequestHead& head) const {
        const std::string_view path = path_of(head);
        auto what = classify(head, path);
        Asked asked;
        asked.table = table.load();
        asked.request_id = random_uuid(*options.random);
        if (!what) {
            // Without a credential scope only the path can tell a REST request.
            if (!asked.table || !find_unsigned_route(head, path, asked)) return std::nullopt;
            return asked;
        }
        asked.what = std::move(*what);
        if (!asked.table) return asked;
        asked.service = asked.table->find_service(asked.what);
        if (asked.service == nullptr) return asked;
        if (asked.what.protocol == Protocol::kRestJson) {
            match_route(head, path, asked);
        } else {
            settle_protocol(asked);
        }
        find_built(asked);
        return asked;
    }

    // The service decides which of two like protocols it is, whatever the content type says:
    // clients compare the bare error names of JSON 1.1 (clients.md 3.5).
    static void settle_protocol(Asked& asked) {
        const ServiceModel& model = *asked.service->model;
        Protocol& protocol = asked.what.protocol;
        if (protocol == Protocol::kJson10 && !model.speaks(protocol)) protocol = Protocol::kJson11;
        if (protocol == Protocol::kJson11 && model.speaks(Protocol::kJson10)) {
            protocol = Protocol::kJson10;
        }
        if (protocol == Protocol::kQuery && model.speaks(Protocol::kEc2Query)) {
            protocol = Protocol::kEc2Query;
        }
    }

    static bool match_route(const http::RequestHead& head, std::string_view path, Asked& asked) {
        const RouteTable* routes = asked.table->routes_of(*asked.service);
        auto match =
            routes == nullptr ? std::nullopt : routes->find(head.method, path, head.query());
        if (!match) return false;
        asked.what.operation = match->operation->name;
        asked.labels = std::move(match->labels);
        return true;
    }

    static bool find_unsigned_route(const http::RequestHead& head, std::string_view path,
                                    Asked& asked) {
        for (const ServiceDef& service : asked.table->services) {
            asked.service = &service;
            if (match_route(head, path, asked)) {
                find_built(asked);
                return true;
            }
        }
        return false;
    }

    static void find_built(Asked& asked) {
        asked.built = nullptr;
        const ServiceModel& model = *asked.service->model;
        if (!model.speaks(asked.what.protocol)) return;
        const auto at = asked.table->operations.find(Table::key(model.name, asked.what.operation));
        if (at != asked.table->operations.end()) asked.built = at->second.get();
    }

    // Query: what the form says and the head did not.
    static void read_form(const http::RequestHead& head, std::string_view body, Asked& asked) {
        QueryNames names = query_names(head, body);
        asked.what.operation = std::move(names.action);
        asked.what.version = std::move(names.version);
        if (asked.service == nullptr) asked.service = asked.table->find_service(asked.what);
        if (asked.service == nullptr) return;
        settle_protocol(asked);
        find_built(asked);
    }

    http::Response stamped(http::Response response, std::string_view request_id) const {
        response.headers.push_back({"x-amzn-RequestId", std::string(request_id)});
        return response;
    }

    http::Response error(const Asked& asked, const ServiceError& what) const {
        return stamped(wire_error(asked.what.protocol, asked.context(), what), asked.request_id);
    }

    http::Response error(const Asked& asked, const AuthError& what) {
        if (what.why != AuthFailure::kNotAllowed) ++authentication_failures;
        return stamped(wire_error(asked.what.protocol, asked.context(), what), asked.request_id);
    }

    http::Response unknown(const Asked& asked, std::string_view operation) {
        ++unknown_operations;
        return error(asked, unknown_operation(asked.what.protocol, operation));
    }

    // The reason to refuse a head before anything else is looked at.
    std::optional<ServiceError> closed(const Asked& asked) const {
        if (draining) {
            return common(error_types::kServiceUnavailable, ErrorCode::kUnavailable,
                          "The server is shutting down.");
        }
        if (!asked.table) {
            return common(error_types::kServiceUnavailable, ErrorCode::kUnavailable,
                          "The server is starting.");
        }
        if (!asked.what.contradiction.empty()) {
            return common(error_types::kSerialization, ErrorCode::kInvalidArgument,
                          std::string(asked.what.contradiction));
        }
        return std::nullopt;
    }

    const DispatchOptions options;
    std::unique_ptr<const Authenticator> authenticator;  // Null: authentication is off.
    std::atomic<std::shared_ptr<const Table>> table;
    std::atomic<bool> draining{false};
    std::atomic<std::uint64_t> unknown_operations{0}, authentication_failures{0}, refused{0};
};

Dispatcher::Dispatcher(DispatchOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
Dispatcher::~Dispatcher() = default;

void Dispatcher::open(std::vector<ServiceDef> services) {
    auto table = std::make_shared<Table>();
    table->services = std::move(services);
    for (const ServiceDef& service : table->services) {
        if (service.model->speaks(Protocol::kRestJson)) {
            table->routes.emplace(&service, RouteTable(service.model->operations));
        }
        std::string_view last;
        for (const OperationDef& def : service.operations) {
            SKY_ASSERT(last < def.name, "operation rows are sorted, without doubles");
            last = def.name;
            const OperationModel* model = service.model->find_operation(def.name);
            SKY_ASSERT(model != nullptr, "operation rows are in the model");
            SKY_ASSERT(def.handler.service_type == service.instance_type,
                       "all handlers of a table take the service that it is registered with");
            SKY_ASSERT(check_patterns(*model->input).has_value(), "the model's patterns are RE2");
            auto built = std::make_unique<Built>();
            built->service = &service;
            built->model = model;
            built->def = &def;
            built->allowed_by =
                def.allowed_by.empty() ? default_allowed_by(def.access, def.name) : def.allowed_by;
            built->audited = is_administration(def.name, built->allowed_by);
            table->operations.emplace(Table::key(service.model->name, def.name), std::move(built));
        }
    }
    SKY_ASSERT(impl_->table.load() == nullptr, "a dispatcher is opened once");
    impl_->table.store(std::move(table));
}

void Dispatcher::drain() { impl_->draining = true; }

DispatchCounts Dispatcher::counts() const {
    DispatchCounts out;
    out.unknown_operations = impl_->unknown_operations;
    out.authentication_failures = impl_->authentication_failures;
    out.refused = impl_->refused;
    const auto table = impl_->table.load();
    if (!table) return out;
    for (const auto& [key, built] : table->operations) {
        const OperationCounters& counters = built->counters;
        out.operations.push_back({built->service->model->name, built->def->name, counters.calls,
                                  counters.client_errors, counters.throttled,
                                  counters.server_errors, counters.body_bytes,
                                  counters.microseconds});
    }
    std::ranges::sort(out.operations, {}, [](const OperationCounts& row) {
        return std::pair(row.service, row.operation);
    });
    return out;
}

http::HeadDecision Dispatcher::on_head(const http::RequestHead& head) {
    auto decided = std::make_shared<Impl::Decided>();
    if (const OwnRoute* route = impl_->find_route(impl_->path_of(head))) {
        decided->route = route;
        return http::Admit{route->lane, route->body_bytes_max, {}, std::move(decided)};
    }
    auto& asked = decided->asked = impl_->ask(head);
    if (!asked) return impl_->options.unknown_route(head);
    if (const auto reason = impl_->closed(*asked)) return impl_->error(*asked, *reason);
    // Requests of one account wait behind one another, not behind those of others. The signature
    // is not proven yet; who lies about the key takes turns with those that he lies about.
    std::string tenant = impl_->options.account;
    if (impl_->authenticator) {
        auto ticket = impl_->authenticator->check_head(head);
        if (!ticket) return impl_->error(*asked, ticket.error());
        tenant = ticket->credential.account;
        decided->ticket = std::move(*ticket);
    }
    if (is_query(asked->what.protocol)) {
        http::Admit admit = admit_query(asked->service);
        admit.tenant = std::move(tenant);
        admit.decided = std::move(decided);
        return admit;
    }
    if (asked->built == nullptr) {
        return impl_->unknown(*asked, asked->what.operation.empty()
                                          ? head.method + " " + std::string(head.path())
                                          : asked->what.operation);
    }
    const OperationDef& def = *asked->built->def;
    return http::Admit{lane_of(def.access), def.body_bytes_max, std::move(tenant),
                       std::move(decided)};
}

void Dispatcher::handle(http::Request request, http::Respond respond) {
    const http::RequestHead& head = request.head;
    const auto keep = head.decided;  // The head moves on with the call.
    const Impl::Decided* const decided = Impl::decided(head);
    SKY_ASSERT(decided != nullptr, "on_head() admitted this request");
    if (decided->route != nullptr) {
        return decided->route->handle(std::move(request), std::move(respond));
    }
    const Impl::Asked* asked = &*decided->asked;
    if (const auto reason = impl_->closed(*asked)) return respond(impl_->error(*asked, *reason));

    CallContext context{.account = impl_->options.account,
                        .region = impl_->options.region,
                        .access_key_id = {},
                        .request_id = asked->request_id,
                        .remote_ip = head.remote_ip,
                        .now_ms = impl_->options.clock->now_ms(),
                        .permissions = Permissions::all(),
                        .caller_arn = "arn:aws:iam::" + impl_->options.account + ":root",
                        .caller_id = impl_->options.account};
    if (const auto& ticket = decided->ticket) {
        const auto proven =
            impl_->authenticator->check_signature(*ticket, head, request.body_sha256);
        if (!proven) return respond(impl_->error(*asked, proven.error()));
        const Credential& credential = ticket->credential;
        impl_->options.keys->note_used(
            credential.issuer.empty() ? credential.access_key_id : credential.issuer,
            context.now_ms);
        context.account = credential.account;
        context.access_key_id = ticket->claim.access_key_id;
        context.region = ticket->claim.scope.region;
        context.permissions = credential.permissions;
        context.caller_arn = credential.caller_arn;
        context.caller_id = credential.caller_id;
        context.session_issuer = credential.issuer;
    } else if (auto scope = read_scope(head)) {
        context.region = std::move(scope->region);
    }

    // A form names its operation; the copy is what it says together with the head.
    std::optional<Impl::Asked> by_form;
    if (is_query(asked->what.protocol)) {
        by_form = *asked;
        if (auto refusal = inflate(request, admit_query(asked->service).body_bytes_max)) {
            return respond(impl_->error(*asked, *refusal));
        }
        Impl::read_form(head, request.body, *by_form);
        asked = &*by_form;
    }
    if (asked->built == nullptr) {
        return respond(impl_->unknown(*asked, asked->what.operation));
    }
    const Built& built = *asked->built;
    const auto allowed =
        authorize(context, *built.service->model, built.def->name, built.allowed_by);
    std::shared_ptr<Audited> audited;
    if (built.audited && impl_->options.audit) {
        audited = std::make_shared<Audited>(
            impl_->options.audit, context,
            std::string(iam_prefix(*built.service->model)) + ":" + std::string(built.def->name),
            "{}");
    }
    if (!allowed) {
        ++built.counters.calls;
        ++built.counters.client_errors;
        http::Response refused = impl_->error(*asked, allowed.error());
        if (audited) audited->tell(refused.status, error_types::kAccessDenied);
        return respond(std::move(refused));
    }
    // The signature covers the bytes as sent; only now may they be inflated (clients.md trap 6).
    auto refusal = by_form ? too_long(request, built.def->body_bytes_max)
                           : inflate(request, built.def->body_bytes_max);
    if (refusal) return respond(impl_->error(*asked, *refusal));

    auto state = std::make_unique<Call::State>();
    if (audited) audited->parameters = audit_parameters(request.body);
    state->context = std::move(context);
    state->service = built.service->model;
    state->operation = built.model;
    state->errors = built.service->errors;
    state->codec = &codec_of(asked->what.protocol);
    state->labels = asked->labels;
    ++built.counters.calls;
    built.counters.body_bytes += request.body.size();
    state->finished = [table = asked->table, &built, audited, clock = impl_->options.clock,
                       start_ns = impl_->options.clock->monotonic_ns()](
                          int status, std::string_view error_type) {
        if (audited) audited->tell(status, error_type);
        OperationCounters& counters = built.counters;
        counters.microseconds +=
            static_cast<std::uint64_t>((clock->monotonic_ns() - start_ns) / 1000);
        if (status >= 500) {
            ++counters.server_errors;
        } else if (error_type == error_types::kThrottling) {
            ++counters.throttled;
        } else if (status >= 400) {
            ++counters.client_errors;
        }
    };
    state->head = std::move(request.head);
    state->body = std::move(request.body);
    state->respond = std::move(respond);
    // Our code does not throw; libraries may, out of memory above all. The call then ends
    // unanswered, which answers it with InternalFailure.
    try {
        built.def->handler.invoke(built.service->instance, Call(std::move(state)));
    } catch (const std::exception& exception) {
        log::error("operation_threw", {{"operation", built.def->name},
                                       {"request_id", asked->request_id},
                                       {"what", exception.what()}});
    }
}

http::Response Dispatcher::refuse(const http::RequestHead& head, http::Refusal why) {
    ++impl_->refused;
    std::optional<Impl::Asked> asked;
    if (const Impl::Decided* const decided = Impl::decided(head)) {
        asked = decided->asked;
    } else {
        asked = impl_->ask(head);
    }
    // A broken head may not tell; the plainest form then.
    if (!asked) {
        asked = Impl::Asked();
        asked->request_id = random_uuid(*impl_->options.random);
    }
    if (asked->built != nullptr) {
        ++asked->built->counters.calls;
        if (why == http::Refusal::kQueueFull || why == http::Refusal::kOutOfBodyMemory) {
            ++asked->built->counters.throttled;
        }
    }
    const auto answer = [&](std::string_view type, ErrorCode code, std::string message,
                            int status = 0) {
        ServiceError error = common(type, code, std::move(message));
        error.http_status = status;
        return impl_->error(*asked, error);
    };
    switch (why) {
        case http::Refusal::kQueueFull:
        case http::Refusal::kOutOfBodyMemory:
            return answer(error_types::kThrottling, ErrorCode::kThrottled, "Rate exceeded");
        case http::Refusal::kBodyTooLarge:
            return impl_->error(*asked, too_large());
        case http::Refusal::kBodyTimeout:
            return answer(error_types::kRequestTimeout, ErrorCode::kDeadlineExceeded,
                          "The request did not arrive in time.", 408);
        case http::Refusal::kMalformed:
            return answer(error_types::kSerialization, ErrorCode::kInvalidArgument,
                          "The request is not well-formed HTTP.", 400);
        case http::Refusal::kDraining:
            return answer(error_types::kServiceUnavailable, ErrorCode::kUnavailable,
                          "The server is shutting down.");
        case http::Refusal::kHandlerFailed:
            break;
    }
    return answer(error_types::kInternalFailure, ErrorCode::kInternal,
                  "An internal error occurred.");
}

}  // namespace sky::aws
