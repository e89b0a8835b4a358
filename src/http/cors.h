// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/cors.h - which web pages may call: an Application around another.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/server.h"

namespace sky::http {

/// What becomes of calls by pages that are not named.
enum class OtherPages : std::uint8_t {
    kUnanswered,  // Handled, for want of a signature in vain; the page may not read the answer.
    kTurnedAway,  // 403 before anything is done: nothing else protects this server.
};

struct CorsOptions {
    std::vector<std::string> origins;  // Each good for check_origin().
    OtherPages others = OtherPages::kUnanswered;
    std::function<bool(std::string_view path)> is_for_pages;  // Which routes pages may call at all.
};

/// "https://dash.example", "http://localhost:3000", or "*". Errors: kInvalidArgument.
Status check_origin(std::string_view origin);

/// Answers preflights (Fetch standard, section "CORS protocol") and lets the pages named read the
/// answers of `inner`. Requests without an Origin, which no page sends from elsewhere, pass
/// untouched; with kTurnedAway a browser's request must also be for a loopback name, because a
/// stranger's name may be made to point here (DNS rebinding). Credentials in cookies are never
/// allowed.
std::shared_ptr<Application> with_cors(CorsOptions options, std::shared_ptr<Application> inner);

}  // namespace sky::http
