// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/plan/scope.h - the names that one point of a query can see.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "insights/plan/plan.h"

namespace sky::insights {

/// Names of the rows at one point of the pipeline. Before the first stats every name means
/// something (an automatic or discovered field); behind it only the columns of stats do.
class Scope {
public:
    struct Named {
        std::uint32_t slot = 0;
        bool ephemeral = false;  // Defined by the query: may not be defined again.
        bool time_bin = false;   // Values of bin().
    };
    /// What a name means: a slot, and below it the path that is left of the name.
    struct Found {
        Named named;
        std::string path;
    };

    explicit Scope(bool events) : events_(events) {}
    bool events() const { return events_; }
    void define(std::string name, Named named) { names_[std::move(name)] = named; }
    /// The column `name`, without alias, is found again under its printed expression.
    void define_expression(std::string printed, std::string name) {
        expressions_.try_emplace(std::move(printed), std::move(name));
    }

    /// Names of the left side of a join may be written with its alias in front.
    void set_alias(std::string alias) { alias_ = std::move(alias); }
    /// `name` without the alias, unless a column has the whole name.
    std::string_view plain(std::string_view name) const {
        const bool aliased = !alias_.empty() && name.size() > alias_.size() + 1 &&
                             name.starts_with(alias_) && name[alias_.size()] == '.';
        return aliased && !find(name) ? name.substr(alias_.size() + 1) : name;
    }
    /// Another slot holds the column from here on; an alias that shared its slot keeps the old
    /// values. False: there is no such column.
    bool replace_slot(std::string_view name, std::uint32_t to) {
        const auto at = names_.find(name);
        if (at == names_.end()) return false;
        at->second.slot = to;
        return true;
    }

    const Named* column(std::string_view name) const {
        const auto at = names_.find(name);
        return at == names_.end() ? nullptr : &at->second;
    }
    bool has_expressions() const { return !expressions_.empty(); }
    const Named* expression(std::string_view printed) const {
        const auto at = expressions_.find(printed);
        return at == expressions_.end() ? nullptr : column(at->second);
    }
    /// A defined name, or a defined name and a path below it ("j.status" where j is defined).
    std::optional<Found> find(std::string_view name) const {
        if (const Named* whole = column(name)) return Found{*whole, {}};
        for (std::size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0;
             dot = name.rfind('.', dot - 1)) {
            const Named* base = column(name.substr(0, dot));
            if (base != nullptr && base->ephemeral) {
                return Found{*base, std::string(name.substr(dot + 1))};
            }
        }
        return std::nullopt;
    }

private:
    bool events_;
    std::string alias_;
    std::map<std::string, Named, std::less<>> names_;
    std::map<std::string, std::string, std::less<>> expressions_;  // To names.
};

}  // namespace sky::insights
