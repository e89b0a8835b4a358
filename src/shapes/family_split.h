// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/shapes/family_split.h - whether lines of one structure are of several kinds,
              // told by one of their words.

#include <optional>
#include <string_view>
#include <vector>

#include "shapes/string_pool.h"

namespace sky::shapes {

using TextColumns = std::vector<std::vector<std::string_view>>;

/// The column whose value tells most about the others, when lines divided by it would have much
/// more in common: the name of a log statement does, a method or a status does not. By mutual
/// information over an even sample.
std::optional<std::size_t> telling_column(const TextColumns& columns);

/// How many texts a column has, by an even sample; 0 when more than a handful.
std::size_t few_texts(const std::vector<std::string_view>& column);

}  // namespace sky::shapes
