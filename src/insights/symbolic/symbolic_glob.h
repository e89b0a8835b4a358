// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/symbolic/symbolic_glob.h - globs and substrings over a whole family.

#include <string>
#include <string_view>

#include "insights/functions/glob.h"
#include "insights/symbolic/family.h"

namespace sky::insights::symbolic {

/// Binds each `*` once for all lines of the family. Source: store.md 5, "Glob criterion"; an
/// occurrence that begins in a slot has its first byte there, which the criterion leaves open.
Binding bind_glob(const Glob& glob, const Family& family);

/// Whether the lines contain the text, which is not empty: kMatch, kMiss or kSlow.
Verdict decide_contains(std::string_view text, const Family& family);

}  // namespace sky::insights::symbolic
