// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/http/body_digest.h - SHA-256 of a body, piece by piece as it arrives.

#include <memory>
#include <string>
#include <string_view>

namespace sky::http {

/// Belongs to one connection; reused for each of its requests.
class BodyDigest {
public:
    BodyDigest();
    ~BodyDigest();
    void update(std::string_view piece);
    void reset() { context_.reset(); }
    /// Lower-case hex; starts over.
    std::string finish();

private:
    struct Free {
        void operator()(void* context) const;
    };
    std::unique_ptr<void, Free> context_;  // EVP_MD_CTX; made by the first piece.
};

}  // namespace sky::http
