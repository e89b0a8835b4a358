// SPDX-License-Identifier: Apache-2.0
// The executor on random plans: the bytes choose a query and events; the answer is the same
// however events fall into morsels, threads and forms, and as the row-at-a-time interpreter's.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/assert.h"
#include "insights/exec/query.h"
#include "insights/exec/random_grammar.h"
#include "insights/exec/random_run.h"
#include "insights/exec/reference_interpreter.h"
#include "insights/exec/test_snapshot.h"

namespace {

using namespace sky::insights;
using sky::insights::testing::Cut;
using sky::insights::testing::Form;
using sky::insights::testing::TestEvent;

/// Choices out of the input; behind its end the first one, so that everything ends.
class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
    std::uint64_t below(std::uint64_t bound) { return at_ == end_ ? 0 : *at_++ % bound; }

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

std::string answer(const std::shared_ptr<const CompiledQuery>& query,
                   const std::vector<TestEvent>& events, Cut cut, unsigned threads, Form form) {
    const auto rows = sky::insights::testing::rows_as_text(query, events, cut, threads, form);
    SKY_ASSERT(rows.has_value(), "small data, no deadline: every plan ends well");
    return *rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sky::insights::testing::Grammar grammar(Bytes(data, size));
    const std::string text = grammar.query();
    const std::vector<TestEvent> events = grammar.events();
    const auto query = compile(text);
    if (!query) return 0;
    const std::string plain = answer(*query, events, Cut::kOneMorsel, 1, Form::kText);
    SKY_ASSERT(answer(*query, events, Cut::kRowByRow, 1, Form::kText) == plain, "row by row");
    SKY_ASSERT(answer(*query, events, Cut::kScattered, 2, Form::kShaped) == plain, "shaped");
    SKY_ASSERT(answer(*query, events, Cut::kOneMorsel, 1, Form::kShapedCut) == plain, "cut blocks");
    if (const auto expected = sky::insights::testing::reference::answer(text, events)) {
        SKY_ASSERT(*expected == plain, "the interpreter agrees");
    }
    return 0;
}
