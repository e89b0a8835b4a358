// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/message.h - requests and responses as plain values.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sky::http {

struct Header {
    std::string name;   // As received.
    std::string value;  // Leading and trailing blanks removed.
};

/// Case-insensitive on names; keeps arrival order and duplicates, which SigV4 needs.
class Headers {
public:
    void add(std::string name, std::string value) {
        list_.push_back({std::move(name), std::move(value)});
    }
    /// First value of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    std::string_view get(std::string_view name) const {
        return find(name).value_or(std::string_view{});
    }
    const std::vector<Header>& list() const { return list_; }

private:
    std::vector<Header> list_;
};

/// What is known before the body is read.
struct RequestHead {
    std::string method;
    std::string target;  // Raw, as on the request line: path and query, undecoded.
    Headers headers;
    std::string remote_ip;
    std::optional<std::uint64_t> content_length;  // Absent for chunked bodies.
    /// What the application found out from this head (Admit::decided); the server only carries it.
    std::shared_ptr<const void> decided = {};
    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
    std::string_view query() const {
        const auto at = target.find('?');
        return at == std::string::npos ? std::string_view{}
                                       : std::string_view(target).substr(at + 1);
    }
};

struct Request {
    RequestHead head;
    std::string body;  // Transfer coding removed, Content-Encoding still applied: what SigV4 signs.
    std::string body_sha256;  // Lower-case hex of `body`, hashed while it arrived.
};

class StreamBody;  // http/stream.h

struct Response {
    int status = 200;
    std::vector<Header>
        headers;  // Without Date, Content-Length, Connection: the server adds those.
    std::string body;
    /// A body that is made while it is sent; `body` is ignored then.
    std::shared_ptr<StreamBody> stream = {};
};

}  // namespace sky::http
