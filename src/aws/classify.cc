// SPDX-License-Identifier: Apache-2.0
#include "aws/classify.h"

#include <algorithm>
#include <array>

#include "aws/authenticate.h"
#include "aws/sigv4.h"

namespace sky::aws {
namespace {

constexpr auto kRestServices = std::to_array<std::string_view>(
    {"application-signals", "evidently", "oam", "rum", "synthetics", "xray"});

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool contains_ignoring_case(std::string_view text, std::string_view wanted) {
    return !std::ranges::search(text, wanted, {}, lower, lower).empty();
}

std::optional<std::string> form_value(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        const std::size_t end = std::min(form.find('&'), form.size());
        const std::string_view pair = form.substr(0, end);
        form.remove_prefix(std::min(end + 1, form.size()));
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
        return sigv4::uri_decode(pair.substr(equals + 1));
    }
    return std::nullopt;
}

// .../service/{S}/operation/{O}; S may carry a namespace.
bool read_cbor_path(std::string_view path, Classification& out) {
    std::array<std::string_view, 4> parts;
    for (std::size_t i = parts.size(); i-- > 0;) {
        const std::size_t slash = path.rfind('/');
        if (slash == std::string_view::npos) return false;
        parts[i] = path.substr(slash + 1);
        path = path.substr(0, slash);
    }
    if (parts[0] != "service" || parts[2] != "operation" || parts[1].empty() || parts[3].empty()) {
        return false;
    }
    const std::size_t dot = parts[1].rfind('.');
    out.service = dot == std::string_view::npos ? parts[1] : parts[1].substr(dot + 1);
    out.operation = parts[3];
    return true;
}

}  // namespace

std::optional<Classification> classify(const http::RequestHead& head, std::string_view path) {
    Classification out;
    const auto target = head.headers.find("x-amz-target");
    const std::string_view content_type = head.headers.get("content-type");
    const bool post = head.method == "POST";

    if (post && head.headers.get("smithy-protocol") == "rpc-v2-cbor" && read_cbor_path(path, out)) {
        out.protocol = Protocol::kCbor;
        if (target) out.contradiction = "X-Amz-Target does not belong to the protocol rpc-v2-cbor.";
        return out;
    }
    if (post && target) {
        // The content type is often missing or carries a charset; only 1.0 must be told apart.
        out.protocol = contains_ignoring_case(content_type, "x-amz-json-1.0") ? Protocol::kJson10
                                                                              : Protocol::kJson11;
        const std::size_t dot = target->rfind('.');
        out.service = dot == std::string_view::npos ? std::string_view{} : target->substr(0, dot);
        out.operation = dot == std::string_view::npos ? *target : target->substr(dot + 1);
        return out;
    }
    const auto scope = read_scope(head);
    if (scope) out.service = scope->service;
    if (path == "/" || path.empty()) {
        const bool form =
            post && contains_ignoring_case(content_type, "application/x-www-form-urlencoded");
        QueryNames names = query_names(head, {});
        if (form || !names.action.empty()) {
            out.protocol = Protocol::kQuery;
            out.operation = std::move(names.action);
            out.version = std::move(names.version);
            return out;
        }
        if (post && contains_ignoring_case(content_type, "x-amz-json-")) {
            out.protocol = contains_ignoring_case(content_type, "x-amz-json-1.0")
                               ? Protocol::kJson10
                               : Protocol::kJson11;
            return out;
        }
    }
    out.protocol = Protocol::kRestJson;
    if (scope && std::ranges::find(kRestServices, scope->service) != kRestServices.end())
        return out;
    if (scope && !(path == "/" && head.method == "GET")) return out;
    return std::nullopt;
}

QueryNames query_names(const http::RequestHead& head, std::string_view body) {
    const auto value = [&](std::string_view name) {
        if (auto found = form_value(body, name)) return std::move(*found);
        return form_value(head.query(), name).value_or("");
    };
    return {value("Action"), value("Version")};
}

}  // namespace sky::aws
