// SPDX-License-Identifier: Apache-2.0
#include "http/status_text.h"

#include <boost/beast/http/status.hpp>

namespace sky::http {

std::string_view status_text(int status) {
    namespace beast_http = boost::beast::http;
    const auto text =
        beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(status)));
    return {text.data(), text.size()};
}

}  // namespace sky::http
