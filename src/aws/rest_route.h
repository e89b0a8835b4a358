// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/rest_route.h - which REST operation a method and a path name.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/codec.h"
#include "aws/shape.h"

namespace sky::aws {

struct RouteMatch {
    const OperationModel* operation;
    std::vector<PathLabel> labels;
};

/// The routes of one service. Immutable; any thread.
class RouteTable {
public:
    explicit RouteTable(std::span<const OperationModel> operations);

    /// `path` and `query` are raw. A slash at the end makes no difference, which clients do not
    /// agree on (clients.md trap 25). Where several routes fit, the one with more literal parts
    /// wins.
    std::optional<RouteMatch> find(std::string_view method, std::string_view path,
                                   std::string_view query) const;

private:
    struct Part {
        enum class Kind : unsigned char { kLiteral, kLabel, kGreedy };
        Kind kind;
        std::string_view text;  // The literal, or the label's name.
    };
    struct Route {
        const OperationModel* operation;
        std::vector<Part> parts;
        std::vector<std::string_view> query;  // Literal pairs that must be there.
        std::size_t literals;
    };

    static std::optional<std::vector<PathLabel>> labels_of(const Route& route,
                                                           std::span<const std::string_view> path);

    std::vector<Route> routes_;  // Most literal parts first.
};

}  // namespace sky::aws
