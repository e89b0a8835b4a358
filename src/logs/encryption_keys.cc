// SPDX-License-Identifier: Apache-2.0
#include "logs/encryption_keys.h"

namespace sky::logs {
namespace {

class None final : public EncryptionKeys {
public:
    bool is_usable(const store::Tenant&, std::string_view) const override { return false; }
};

}  // namespace

const EncryptionKeys& no_encryption_keys() {
    static const None none;
    return none;
}

}  // namespace sky::logs
