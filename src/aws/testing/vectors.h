// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/testing/vectors.h - conformance data that lives outside of the repository.

#include <optional>
#include <string>

#include "json/document.h"

namespace sky::aws::testing {

/// A zstd-compressed JSON file of $SKYWATCH_SHARED/data; nullopt, with a line that says so, when
/// the data is absent. A file that is there but broken aborts.
std::optional<json::Document> shared_json(const std::string& name);

}  // namespace sky::aws::testing
