// SPDX-License-Identifier: Apache-2.0
#include "ec2/api/shapes/describe_regions.h"

#include <algorithm>
#include <set>

#include "ec2/api/operations.h"

namespace sky::ec2::api {
namespace {

constexpr std::string_view kOptIn = "opt-in-not-required";

// '*' stands for any text and '?' for one character, as in all of EC2's filters.
bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool passes(const Region& region, const std::vector<Filter>& filters) {
    return std::ranges::all_of(filters, [&](const Filter& filter) {
        const std::optional<std::string>& field = *filter.name == "region-name" ? region.region_name
                                                  : *filter.name == "endpoint"
                                                      ? region.endpoint
                                                      : region.opt_in_status;
        return filter.values && std::ranges::any_of(*filter.values, [&](const std::string& value) {
                   return matches(value, *field);
               });
    });
}

}  // namespace

// DescribeRegions names the regions that this server surely serves: its own and the caller's. Any
// other name is served as well, but nobody would want a list of all names.
aws::Reply<DescribeRegionsResult> describe_regions(Service& service,
                                                   const aws::CallContext& context,
                                                   const DescribeRegionsRequest& in) {
    const std::vector<Filter> filters = in.filters.value_or(std::vector<Filter>{});
    for (const Filter& filter : filters) {
        const std::string name = filter.name.value_or("");
        if (name != "region-name" && name != "endpoint" && name != "opt-in-status") {
            return aws::fault("InvalidParameterValue", "The filter '" + name + "' is invalid");
        }
    }
    if (in.dry_run.value_or(false)) {
        auto dry =
            aws::fault("DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
        dry.error().http_status = 412;
        return dry;
    }
    const std::set<std::string> known = {service.region, context.region};
    const std::set<std::string> wanted =
        in.region_names && !in.region_names->empty()
            ? std::set<std::string>(in.region_names->begin(), in.region_names->end())
            : known;
    DescribeRegionsResult out;
    std::vector<Region>& regions = out.regions.emplace();
    for (const std::string& name : wanted) {
        if (!known.contains(name)) {
            return aws::fault("InvalidParameterValue",
                              "Invalid region(s) provided: '" + name + "'");
        }
        Region region;
        region.region_name = name;
        region.endpoint = "ec2." + name + ".amazonaws.com";
        region.opt_in_status = std::string(kOptIn);
        if (passes(region, filters)) regions.push_back(std::move(region));
    }
    return out;
}

}  // namespace sky::ec2::api
