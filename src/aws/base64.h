// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/aws/base64.h - blobs in JSON and XML (RFC 4648 section 4).

#include <optional>
#include <string>
#include <string_view>

namespace sky::aws {

std::string base64_encode(std::string_view bytes);
/// Needs the padding; nullopt on anything that encode would not have written.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace sky::aws
