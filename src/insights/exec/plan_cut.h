// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/plan_cut.h - which steps of a plan see the scan's rows, and which
              // see what a sink keeps of them.

#include <cstdint>
#include <optional>

#include "insights/exec/key_shares.h"
#include "insights/exec/sink.h"
#include "insights/plan/plan.h"
#include "store/store.h"

namespace sky::insights {

/// How a plan is cut: steps[0, sink) run on the scan's rows, a sink takes them, steps[rest..] run
/// on what it keeps.
struct Cut {
    std::size_t sink = 0;
    std::size_t rest = 0;
    GroupSinkSpec groups;  // groups.stats is null: rows are kept.
    /// A stats over the groups that runs with them, steps [groups_rest, rest - 1) between.
    GroupSinkSpec second;  // second.stats is null: there is none.
    std::size_t groups_rest = 0;
    RowSinkSpec rows;
    std::optional<ShareSpec> shares;  // How keys that are too many are taken share by share.
};

/// `rows_max` rows of the result are wanted. Points into the plan, which outlives it.
Cut cut_plan(const Plan& plan, std::uint64_t rows_max);

/// Columns::kTimeless where neither the steps nor the sink look at times or the order of events.
store::Columns times_of(const Plan& plan, const Cut& cut);

}  // namespace sky::insights
