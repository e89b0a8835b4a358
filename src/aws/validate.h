// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/validate.h - the constraints of shape tables, with the service's own texts.

#include <string>

#include "aws/codec.h"
#include "aws/shape.h"
#include "aws/violation.h"
#include "base/result.h"

namespace sky::aws {

/// Checks required members, lengths, ranges, patterns and enums of a decoded struct and everything
/// below.
Violations find_violations(const Shape& shape, const void* value, const MissingMembers& missing);

/// The same as an error: kInvalidArgument with classic_text().
Status validate(const Shape& shape, const void* value, const MissingMembers& missing);

/// Compiles the patterns of a shape and everything below, so that a pattern which RE2 cannot read
/// is found at start and not by the first request. Error: kInternal, naming shape and pattern.
Status check_patterns(const Shape& shape);

/// A value as the texts above show it: strings and numbers as they are, lists and structures the
/// Java way, [MetricTransformation(metricName=a, unit=null)].
std::string render_java(const Shape& shape, const void* value);

}  // namespace sky::aws
