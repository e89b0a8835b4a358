// SPDX-License-Identifier: Apache-2.0
#include "aws/shape.h"

#include <algorithm>

namespace sky::aws {

const OperationModel* ServiceModel::find_operation(std::string_view operation) const {
    const auto at = std::ranges::lower_bound(operations, operation, {}, &OperationModel::name);
    return at != operations.end() && at->name == operation ? &*at : nullptr;
}

const Shape* ServiceModel::find_error(std::string_view error) const {
    const auto at = std::ranges::lower_bound(errors, error, {}, &Shape::name);
    return at != errors.end() && (*at)->name == error ? *at : nullptr;
}

bool ServiceModel::speaks(Protocol protocol) const {
    return std::ranges::find(protocols, protocol) != protocols.end();
}

}  // namespace sky::aws
