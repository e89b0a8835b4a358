// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/json_layout.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "insights/exec/random_layouts.h"

using namespace sky;
using namespace sky::insights;
using sky::insights::testing::LayoutCase;

namespace {

/// `*` is a slot.
shapes::Family family_of(std::string_view text) {
    shapes::Family family;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t star = std::min(text.find('*', at), text.size());
        family.add_constant(text.substr(at, star - at));
        if (star < text.size()) family.add_slot();
        at = star + 1;
    }
    return family;
}

/// Pieces with * for slots; the roles of all slots behind it; or what the lines are.
std::string layout_of(std::string_view text, std::string_view name) {
    const std::vector<std::string> names = {std::string(name)};
    const Discovery discovery(names);
    const shapes::Family family = family_of(text);
    const JsonLayout layout = JsonLayout::of(family, discovery.json_paths(), discovery.has_index());
    if (layout.lines() == JsonLayout::Lines::kUnknown) return "unknown";
    if (layout.lines() == JsonLayout::Lines::kNoJson) return "no JSON";
    std::string out = layout.place(0).type == json::Type::kNone ? "none" : "";
    for (const symbolic::Piece& piece : layout.place(0).pieces) {
        out += piece.is_constant() ? piece.text : "*" + std::to_string(piece.slot);
    }
    for (std::uint32_t slot = 0; slot < family.slots; ++slot) {
        out += slot == 0 ? " " : "";
        out += "s#e"[static_cast<std::size_t>(layout.role(slot))];
    }
    return out;
}

}  // namespace

TEST_CASE("layouts: where a family's lines hold a field, and what its slots are") {
    struct Case {
        std::string_view text, name, expected;
    };
    static constexpr Case kCases[] = {
        {R"({"a":*,"b":"*"})", "a", "*0 #s"},
        {R"({"a":*,"b":"*"})", "b", "*1 #s"},
        {R"({"a":*,"b":"*"})", "c", "none #s"},
        {R"( { "a" : * , "b":"x*y*"})", "b", "x*1y*2 #ss"},
        {R"({"a":{"b":"*","c":1},"d":[*]})", "a", R"({"b":"*0","c":1} se)"},
        {R"({"a":{"b":"*","c":1},"d":[*]})", "a.b", "*0 se"},
        {R"({"a":{"b":"*","c":1},"d":[*]})", "d", "[*1] se"},
        {R"({"a":{"b":"*","c":1},"d":[*]})", "d.0", "unknown"},
        {R"({"a":{"b":"*","c":1},"d":["*"]})", "d.0", "*1 ss"},
        {R"({"a":[1,*, *]})", "a", "[1,*0, *1] ##"},
        {R"({"a":1,"a":*})", "a", "1 #"},
        {R"({"a":*,"a":1})", "a", "*0 #"},
        {R"({"*":1,"a":2})", "a", "unknown"},
        {R"({"x*":1,"a":2})", "a", "unknown"},
        {R"({"*" :1,"a":2})", "a", "unknown"},
        {R"({"a":-*})", "a", "unknown"},
        {R"({"a":*0})", "a", "unknown"},
        {R"({"a":**})", "a", "unknown"},
        {R"({"a":"\*"})", "a", "unknown"},
        {R"({"a":"\u12*"})", "a", "unknown"},
        {R"({"a":"\u12ab*"})", "a", R"(\u12ab*0 s)"},
        {R"({"a":"\\*"})", "a", R"(\\*0 s)"},
        {R"({"a":1*})", "a", "unknown"},
        {R"({"a":1 *})", "a", "unknown"},
        {R"({"a":1,*})", "a", "unknown"},
        {R"({"a":"x")", "a", "unknown"},
        {R"({"a":*} tail)", "a", "unknown"},
        {R"(*{"a":1})", "a", "unknown"},
        {R"( *{"a":1})", "a", "unknown"},
        {R"([{"a":*}])", "a", "no JSON"},
        {R"(text {"a":*})", "a", "no JSON"},
        {R"()", "a", "no JSON"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        CAPTURE(c.name);
        CHECK(layout_of(c.text, c.name) == c.expected);
    }
}

TEST_CASE("layouts: values that fit") {
    const std::vector<std::string> names = {"a"};
    const Discovery discovery(names);
    const JsonLayout layout =
        JsonLayout::of(family_of(R"({"a":*})"), discovery.json_paths(), discovery.has_index());
    struct Case {
        JsonRole role;
        std::string_view value;
        bool fits;
    };
    static constexpr Case kCases[] = {
        {JsonRole::kString, "", true},           {JsonRole::kString, "a\\\"b", true},
        {JsonRole::kString, "a\"b", false},      {JsonRole::kString, "a\\", false},
        {JsonRole::kString, "tab\there", false}, {JsonRole::kString, "\\u00e9", true},
        {JsonRole::kString, "\\u00g9", false},   {JsonRole::kScalar, "1.50", true},
        {JsonRole::kScalar, "01", false},        {JsonRole::kScalar, " 1", false},
        {JsonRole::kScalar, "", false},          {JsonRole::kScalar, "null", true},
        {JsonRole::kScalar, "\"x\"", false},     {JsonRole::kScalar, "[]", false},
        {JsonRole::kElements, "", true},         {JsonRole::kElements, "1, \"]\"", true},
        {JsonRole::kElements, "1],[2", false},   {JsonRole::kElements, "1,", false},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.value);
        CHECK(layout.fits(c.role, c.value) == c.fits);
    }
    // As deep as lines are read, and one more.
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK(layout.fits(JsonRole::kElements, nested(126)));
    CHECK_FALSE(layout.fits(JsonRole::kElements, nested(127)));
}

TEST_CASE("fields by slots are those that the lines have, whatever stands in the slots") {
    std::size_t told = 0;
    std::size_t all = 0;
    for (std::uint64_t seed = 1; seed <= 6'000; ++seed) {
        const LayoutCase one{SeededRandom(seed)};
        CAPTURE(seed);
        told += one.check();
        all += one.lines().size() * 3;
    }
    CHECK(told > all / 6);
    MESSAGE(told << " of " << all << " lines by their layout");
}

TEST_CASE("fields by slots of a damaged block: an error or other values, never more than that") {
    std::size_t read = 0;
    for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
        CAPTURE(seed);
        read += LayoutCase{SeededRandom(seed)}.read_damaged();
    }
    CHECK(read > 400);
}

TEST_CASE("lines that may have what a filter asks for: all that have it, few others") {
    struct Case {
        std::string_view name, text, line;
        bool may, has;  // What the field is equal to has both.
    };
    static constexpr Case kCases[] = {
        {"a", "x", R"({"a":"x"})", true, true},
        {"a", "x", "{ \"a\" :\t \"x\" , \"b\":1}", true, true},
        {"a", "x", R"({"a":"y","b":"x"})", false, false},
        {"a", "x", R"({"a":"xx"})", false, false},
        {"a", "x", R"({"a":["x"]})", false, false},
        {"a", "x", R"({"b":{"a":"x"}})", true, false},
        {"a", "x", R"({"ba":"x"})", false, false},
        {"a", "x", R"({"b":"a","c":"x"})", false, false},
        {"a", "x", R"({"b":"a\":\"x"})", false, false},
        {"a", "x", R"({"\u0061":"x"})", true, true},
        {"a", "x", R"({"a":"\u0078"})", true, true},
        {"a.b", "x", R"({"a":{"b":"x"}})", true, true},
        {"a.b", "x", R"({"a.b":"x"})", true, true},
        {"c.a.b", "x", R"({"c":{"a.b":"x"}})", true, true},
        {"a.b", "x", R"({"a":{"c":"x"}})", false, false},
        {"l[1]", "x", R"({"l":["y","x"]})", true, true},
        {"l.1.b", "x", R"({"l":[0,{"b":"x"}]})", true, true},
        {"a", "", R"({"a":""})", true, true},
        {"a", "", R"({"a":"y"})", false, false},
        {"a", "[1]", R"({"a":[1]})", true, true},
        {"a", R"({"b":1})", R"({"a":{"b":1}})", true, true},
        {"a", "x/y", R"({"a":"x\/y"})", true, true},
        {"a/b", "x", R"({"a\/b":"x"})", true, true},
        {"a", "é", R"({"a":"\u00e9"})", true, true},
        {"a", "l1\nl2", R"({"a":"l1\nl2"})", true, true},
        {"a", "C:\\x", R"({"a":"C:\\x"})", true, true},
        {"@@a", "x", R"({"@a":"x"})", true, true},
        {"dstPort", "x", "no JSON", true, false},  // A column of flow logs.
    };
    for (const Case& c : kCases) {
        CAPTURE(c.name);
        CAPTURE(c.line);
        const std::vector<std::string> names = {std::string(c.name)};
        const Discovery discovery(names);
        const std::vector<RequiredField> required = {{0, std::string(c.text)}};
        const std::vector<SymbolicSite> none;
        ShapedScan scan(none, &discovery, required);
        shapes::Shaping shaping;
        shaping.families.resize(1);
        shaping.families[0].add_slot();
        shaping.rows.resize(1);
        shaping.rows[0].slots = {{c.line}};
        shaping.family_of_row = {0};
        store::EventBatch events;
        events.timestamp_ms = {1};
        events.sequence = {1};
        auto block = shapes::ShapedBlock::open(shapes::encode_block(shaping), 1, c.line.size());
        REQUIRE(block);
        events.shaped = *std::move(block);
        REQUIRE(scan.open(events, "123456789012:g"));
        CHECK(scan.may_pass(c.line) == c.may);
        columnar::MemoryBudget budget(1 << 20);
        columnar::Arena arena(budget);
        EvalContext context{arena, 1, 0, std::nullopt};
        auto* const texts = arena.array<std::string_view>(1);
        texts[0] = c.line;
        const Vector* const found =
            discovery.resolve(context, "g", Vector::texts(arena, 1, texts))[0];
        CHECK((found->present(0) && found->at(0).text == c.text) == c.has);
    }
}
