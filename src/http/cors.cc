// SPDX-License-Identifier: Apache-2.0
#include "http/cors.h"

#include <algorithm>

#include "http/request_parser.h"

namespace sky::http {
namespace {

constexpr std::string_view kMethods = "DELETE, GET, HEAD, PATCH, POST, PUT";
// What clients in pages look at: request ids, error names, the clock (clients.md traps 3, 22).
constexpr std::string_view kReadable =
    "Date, x-amzn-RequestId, x-amzn-ErrorType, x-amzn-query-error, smithy-protocol";
constexpr std::string_view kPreflightSeconds = "600";
constexpr std::size_t kRequestedFieldsBytesMax = 2048;

std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
    return authority.substr(0, authority.find(':'));
}

bool is_loopback_name(std::string_view authority) {
    std::string_view host = host_of(authority);
    for (const std::string_view prefix : {"stream-", "dataplane."}) {
        if (host.starts_with(prefix)) host.remove_prefix(prefix.size());
    }
    const bool is_address =
        host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host == "localhost" || host == "[::1]" || is_address;
}

// A list of field names as a page asks for it; anything else is not repeated in an answer.
bool is_field_list(std::string_view text) {
    return text.size() <= kRequestedFieldsBytesMax && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == ',' || c == ' ';
           });
}

struct Decided {
    std::string reader;  // The origin that may read the answer; empty for none.
    std::shared_ptr<const void> inner;
};

class CorsApplication final : public Application {
public:
    CorsApplication(CorsOptions options, std::shared_ptr<Application> inner)
        : options_(std::move(options)), inner_(std::move(inner)) {}

    HeadDecision on_head(const RequestHead& head) override {
        const auto origin = head.headers.find("origin");
        if (is_turned_away(head, origin)) return refused();
        std::string reader;
        if (origin && may_read(*origin, head.path())) reader = *origin;
        if (origin && head.method == "OPTIONS" &&
            head.headers.find("access-control-request-method")) {
            return reader.empty() ? refused() : preflight(head, reader);
        }
        HeadDecision decision = inner_->on_head(head);
        if (auto* early = std::get_if<Response>(&decision)) {
            allow(*early, reader);
            return decision;
        }
        auto& admit = std::get<Admit>(decision);
        admit.decided =
            std::make_shared<const Decided>(Decided{std::move(reader), std::move(admit.decided)});
        return decision;
    }

    void handle(Request request, Respond respond) override {
        const auto outer = std::move(request.head.decided);
        const auto& decided = *static_cast<const Decided*>(outer.get());
        request.head.decided = decided.inner;
        inner_->handle(std::move(request),
                       [reader = decided.reader, respond = std::move(respond)](Response response) {
                           allow(response, reader);
                           respond(std::move(response));
                       });
    }

    Response refuse(const RequestHead& head, Refusal why) override {
        if (!head.decided) return inner_->refuse(head, why);
        const auto& decided = *static_cast<const Decided*>(head.decided.get());
        RequestHead unwrapped = head;
        unwrapped.decided = decided.inner;
        Response response = inner_->refuse(unwrapped, why);
        allow(response, decided.reader);
        return response;
    }

private:
    bool may_read(std::string_view origin, std::string_view path) const {
        if (options_.is_for_pages && !options_.is_for_pages(path)) return false;
        return std::ranges::any_of(options_.origins, [&](const std::string& allowed) {
            return allowed == "*" || equals_lower(origin, allowed);
        });
    }

    bool is_turned_away(const RequestHead& head, std::optional<std::string_view> origin) const {
        if (options_.others != OtherPages::kTurnedAway) return false;
        const std::string_view host = head.headers.get("host");
        const bool is_ours = is_loopback_name(host);
        if (!origin) {
            return head.headers.get("user-agent").starts_with("Mozilla/") && !is_ours;
        }
        const bool is_same = is_ours && (*origin == "http://" + std::string(host) ||
                                         *origin == "https://" + std::string(host));
        const bool is_named = std::ranges::any_of(
            options_.origins, [&](const auto& allowed) { return equals_lower(*origin, allowed); });
        return !is_same && !is_named;
    }

    static Response refused() {
        return {403,
                {{"Content-Type", "text/plain; charset=utf-8"}, {"Vary", "Origin"}},
                "This page may not call this server; --cors-origin names those that may.\n"};
    }

    static HeadDecision preflight(const RequestHead& head, const std::string& reader) {
        Response response{204, {}, {}};
        allow(response, reader);
        response.headers.push_back({"Access-Control-Allow-Methods", std::string(kMethods)});
        const std::string_view fields = head.headers.get("access-control-request-headers");
        if (!fields.empty() && is_field_list(fields)) {
            response.headers.push_back({"Access-Control-Allow-Headers", std::string(fields)});
        }
        response.headers.push_back({"Access-Control-Max-Age", std::string(kPreflightSeconds)});
        return response;
    }

    static void allow(Response& response, const std::string& reader) {
        // The answer differs by origin, whether this one is allowed or not.
        response.headers.push_back({"Vary", "Origin"});
        if (reader.empty()) return;
        response.headers.push_back({"Access-Control-Allow-Origin", reader});
        response.headers.push_back({"Access-Control-Expose-Headers", std::string(kReadable)});
    }

    const CorsOptions options_;
    const std::shared_ptr<Application> inner_;
};

}  // namespace

Status check_origin(std::string_view origin) {
    if (origin == "*") return {};
    std::string_view authority;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.starts_with(scheme)) authority = origin.substr(scheme.size());
    }
    const bool is_sound = !authority.empty() && std::ranges::all_of(authority, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_' || c == ':' || c == '[' || c == ']';
    });
    if (is_sound) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "A page's origin looks like https://dash.example or http://localhost:3000, in lower "
        "case and without a path: " +
            std::string(origin));
}

std::shared_ptr<Application> with_cors(CorsOptions options, std::shared_ptr<Application> inner) {
    return std::make_shared<CorsApplication>(std::move(options), std::move(inner));
}

}  // namespace sky::http
