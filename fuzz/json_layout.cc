// SPDX-License-Identifier: Apache-2.0
// JSON lines with slots anywhere: the fields that a layout tells are those that the lines have.
#include <cstddef>
#include <cstdint>

#include "insights/exec/random_layouts.h"

namespace {

/// Choices out of the input; behind its end the first one, so that everything ends.
class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
    std::uint64_t below(std::uint64_t bound) { return at_ == end_ ? 0 : *at_++ % bound; }

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sky::insights::testing::LayoutCase one{Bytes(data, size)};
    static_cast<void>(one.check());
    return 0;
}
