// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/status_text.h - the words beside a status, for people who read traces.

#include <string_view>

namespace sky::http {

/// "OK" for 200; "Unknown" for a status without a name.
std::string_view status_text(int status);

}  // namespace sky::http
