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
#include "insights/exec/reference_interpreter.h"
#include "insights/exec/test_snapshot.h"

namespace {

using namespace sky::insights;
using sky::insights::testing::Cut;
using sky::insights::testing::Form;
using sky::insights::testing::TestEvent;
using sky::insights::testing::TestSnapshot;

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
    sky::store::GroupInfo group;
    group.id = 1;
    group.tenant = {"123456789012", "us-east-1"};
    group.name = "/random";
    RunOptions options;
    options.sources.push_back(
        {std::make_shared<TestSnapshot>(group, events, cut, 1, form), "123456789012:/random"});
    options.range = {0, 4'102'444'800'000};
    options.now_s = 1'767'225'600;
    options.threads = threads;
    Execution execution(query, std::move(options));
    const auto result = execution.run();
    SKY_ASSERT(result.has_value(), "small data, no deadline: every plan ends well");
    std::string out;
    for (const Row& row : result->rows) {
        for (const Cell& cell : row) {
            if (cell.field != "@ptr") out += cell.field + "=" + cell.value + "\t";
        }
        out += "\n";
    }
    return out;
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
