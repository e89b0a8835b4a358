// SPDX-License-Identifier: Apache-2.0
#include "aws/rest_route.h"

#include <algorithm>

namespace sky::aws {
namespace {

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> out;
    for (;;) {
        const std::size_t at = text.find(by);
        out.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

// Parts between the slashes; one slash at the end is dropped.
std::vector<std::string_view> path_parts(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    return split(path, '/');
}

bool has_pair(std::string_view query, std::string_view pair) {
    const std::string_view bare = pair.ends_with('=') ? pair.substr(0, pair.size() - 1) : pair;
    return std::ranges::any_of(split(query, '&'), [&](std::string_view one) {
        return one == pair || one == bare ||
               (one.starts_with(bare) && one.substr(bare.size()) == "=");
    });
}

}  // namespace

RouteTable::RouteTable(std::span<const OperationModel> operations) {
    for (const OperationModel& operation : operations) {
        Route route{&operation, {}, {}, 0};
        const std::size_t mark = std::min(operation.http_uri.find('?'), operation.http_uri.size());
        for (const std::string_view part : path_parts(operation.http_uri.substr(0, mark))) {
            if (!part.starts_with('{') || !part.ends_with('}')) {
                route.parts.push_back({Part::Kind::kLiteral, part});
                ++route.literals;
            } else if (part.ends_with("+}")) {
                route.parts.push_back({Part::Kind::kGreedy, part.substr(1, part.size() - 3)});
            } else {
                route.parts.push_back({Part::Kind::kLabel, part.substr(1, part.size() - 2)});
            }
        }
        if (mark < operation.http_uri.size()) {
            route.query = split(operation.http_uri.substr(mark + 1), '&');
            route.literals += route.query.size();
        }
        routes_.push_back(std::move(route));
    }
    std::ranges::stable_sort(routes_, std::greater{}, &Route::literals);
}

std::optional<std::vector<PathLabel>> RouteTable::labels_of(
    const Route& route, std::span<const std::string_view> path) {
    std::vector<PathLabel> labels;
    std::size_t at = 0;
    for (std::size_t i = 0; i < route.parts.size(); ++i) {
        const Part& part = route.parts[i];
        if (part.kind == Part::Kind::kGreedy) {
            // Takes all that the parts behind it leave; a route has at most one.
            const std::size_t behind = route.parts.size() - i - 1;
            if (path.size() < at + 1 + behind) return std::nullopt;
            std::string value(path[at++]);
            while (path.size() - at > behind) value.append("/").append(path[at++]);
            labels.push_back({part.text, std::move(value)});
            continue;
        }
        if (at == path.size()) return std::nullopt;
        if (part.kind == Part::Kind::kLiteral) {
            if (path[at] != part.text) return std::nullopt;
        } else {
            if (path[at].empty()) return std::nullopt;
            labels.push_back({part.text, std::string(path[at])});
        }
        ++at;
    }
    if (at != path.size()) return std::nullopt;
    return labels;
}

std::optional<RouteMatch> RouteTable::find(std::string_view method, std::string_view path,
                                           std::string_view query) const {
    const std::vector<std::string_view> parts = path_parts(path);
    for (const Route& route : routes_) {
        if (route.operation->http_method != method) continue;
        if (!std::ranges::all_of(route.query,
                                 [&](std::string_view pair) { return has_pair(query, pair); })) {
            continue;
        }
        if (auto labels = labels_of(route, parts)) {
            return RouteMatch{route.operation, std::move(*labels)};
        }
    }
    return std::nullopt;
}

}  // namespace sky::aws
