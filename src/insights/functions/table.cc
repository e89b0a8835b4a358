// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/spelling.h"
#include "insights/functions/aggregate.h"
#include "insights/functions/kernels.h"

namespace sky::insights {
namespace {

using namespace kernels;
using enum FunctionTrait;

// Examples hold for @timestamp 2026-01-01 00:01:30.500 and now() 1767225690.
constexpr auto kFunctions = std::to_array<FunctionDef>({
    {"abs", 1, 1, kNone, abs_kernel, "Magnitude of a number.", "abs(-2) = 2"},
    {"bin", 1, 1, kTakesTimestamp | kTakesPeriod, bin_kernel,
     "Start of the period that holds @timestamp.", "bin(1m) = 2026-01-01 00:01:00.000"},
    {"case", 2, kArgsUnbounded, kNone, case_kernel,
     "The value after the first true condition, else the last argument.",
     "case(0, 'a', 1, 'b', 'c') = b"},
    {"ceil", 1, 1, kNone, ceil_kernel, "Smallest whole number not below.", "ceil(1.2) = 2"},
    {"coalesce", 1, kArgsUnbounded, kNone, coalesce_kernel, "The first argument that is present.",
     "coalesce(jsonParse('no'), 'x') = x"},
    {"concat", 1, kArgsUnbounded, kNone, concat_kernel,
     "All arguments joined; a missing one is empty.", "concat('a', 1, 'b') = a1b"},
    {"dateceil", 2, 2, kTakesPeriod, dateceil_kernel, "The instant rounded up to a period's start.",
     "dateceil(fromMillis(1767225690500), 1h) = 2026-01-01 01:00:00.000"},
    {"datefloor", 2, 2, kTakesPeriod, datefloor_kernel,
     "The instant rounded down to a period's start.",
     "datefloor(fromMillis(1767225690500), 1mo) = 2026-01-01 00:00:00.000"},
    {"floor", 1, 1, kNone, floor_kernel, "Largest whole number not above.", "floor(-1.2) = -2"},
    {"fromMillis", 1, 1, kNone, from_millis_kernel, "The instant of an epoch in milliseconds.",
     "fromMillis(1767225690500) = 2026-01-01 00:01:30.500"},
    {"greatest", 1, kArgsUnbounded, kNone, greatest_kernel, "Largest of its numbers.",
     "greatest(1, 3, 2) = 3"},
    {"if", 2, 3, kNone, if_kernel, "The second argument if the first is true, else the third.",
     "if(1, 'yes', 'no') = yes"},
    {"isblank", 1, 1, kNone, isblank_kernel, "1 if missing, empty or only blanks.",
     "isblank('  ') = 1"},
    {"isempty", 1, 1, kNone, isempty_kernel, "1 if missing or empty.", "isempty(' ') = 0"},
    {"isIpInSubnet", 2, 2, kNone, is_ip_in_subnet_kernel,
     "1 if the address is in the CIDR range; either version.",
     "isIpInSubnet('10.1.2.3', '10.0.0.0/8') = 1"},
    {"isIpv4InSubnet", 2, 2, kNone, is_ipv4_in_subnet_kernel,
     "1 if the IPv4 address is in the CIDR range.",
     "isIpv4InSubnet('192.168.1.1', '192.168.2.0/23') = 0"},
    {"isIpv6InSubnet", 2, 2, kNone, is_ipv6_in_subnet_kernel,
     "1 if the IPv6 address is in the CIDR range.",
     "isIpv6InSubnet('2001:db8::1', '2001:db8::/33') = 1"},
    {"ispresent", 1, 1, kNone, ispresent_kernel, "1 if the field is there.", "ispresent('') = 1"},
    {"isValidIp", 1, 1, kNone, is_valid_ip_kernel, "1 if it is an IPv4 or IPv6 address.",
     "isValidIp('::1') = 1"},
    {"isValidIpV4", 1, 1, kNone, is_valid_ipv4_kernel, "1 if it is an IPv4 address.",
     "isValidIpV4('256.0.0.1') = 0"},
    {"isValidIpV6", 1, 1, kNone, is_valid_ipv6_kernel, "1 if it is an IPv6 address.",
     "isValidIpV6('fe80::1') = 1"},
    {"jsonParse", 1, 1, kNone, json_parse_kernel, "The MAP or LIST that the text holds.",
     "jsonParse('{ \"a\": [1, 2] }') = {\"a\":[1,2]}"},
    {"jsonStringify", 1, 1, kNone, json_stringify_kernel, "JSON text of a value.",
     "jsonStringify(jsonParse('[1, {}]')) = [1,{}]"},
    {"least", 1, kArgsUnbounded, kNone, least_kernel, "Smallest of its numbers.",
     "least(1, 3, -2) = -2"},
    {"log", 1, 1, kNone, log_kernel, "Natural logarithm.", "log(10) = 2.3026"},
    {"ltrim", 1, 2, kNone, ltrim_kernel, "Without the set's characters on the left.",
     "ltrim('xyZxyfooxyZ', 'xyZ') = fooxyZ"},
    {"md5", 1, 1, kNone, md5_kernel, "MD5 in lower-case hex.",
     "md5('') = d41d8cd98f00b204e9800998ecf8427e"},
    {"now", 0, 0, kNone, now_kernel, "Start of the query's run, epoch seconds.",
     "now() = 1767225690"},
    {"replace", 3, 3, kNone, replace_kernel, "Every occurrence replaced.",
     "replace('a.b.c', '.', '::') = a::b::c"},
    {"rtrim", 1, 2, kNone, rtrim_kernel, "Without the set's characters on the right.",
     "rtrim('xyZfooxyxyZ', 'xyZ') = xyZfoo"},
    {"sha256", 1, 1, kNone, sha256_kernel, "SHA-256 in lower-case hex.",
     "sha256('abc') = ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"sqrt", 1, 1, kNone, sqrt_kernel, "Square root.", "sqrt(2.25) = 1.5"},
    {"strcontains", 2, 2, kNone, strcontains_kernel, "1 if the second text is part of the first.",
     "strcontains('user-list', 'list') = 1"},
    {"strlen", 1, 1, kNone, strlen_kernel, "Length in code points.", "strlen('año') = 3"},
    {"substr", 2, 3, kNone, substr_kernel, "Part of a text from a 0-based start.",
     "substr('xyZfooxyZ', 3, 3) = foo"},
    {"tolower", 1, 1, kNone, tolower_kernel, "Lower case.", "tolower('ÀÉ-X') = àé-x"},
    {"toMillis", 1, 1, kNone, to_millis_kernel, "An instant's epoch in milliseconds.",
     "toMillis(fromMillis(1642195111000)) = 1642195111000"},
    {"toupper", 1, 1, kNone, toupper_kernel, "Upper case.", "toupper('жük') = ЖÜK"},
    {"trim", 1, 2, kNone, trim_kernel, "Without the set's characters on both sides.",
     "trim('  a b ') = a b"},
    {"unmask", 1, 1, kUnmasks, unmask_kernel, "The field without masking.", "unmask('x') = x"},
});

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr int compare_folded(std::string_view a, std::string_view b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return lower(a[i]) < lower(b[i]) ? -1 : 1;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

constexpr bool strictly_sorted() {
    for (std::size_t i = 1; i < kFunctions.size(); ++i) {
        if (compare_folded(kFunctions[i - 1].name, kFunctions[i].name) >= 0) return false;
    }
    return true;
}
static_assert(strictly_sorted(), "sorted by lower-case name, no duplicates");

}  // namespace

std::span<const FunctionDef> functions() { return kFunctions; }

const FunctionDef* find_function(std::string_view name) {
    const auto* const at = std::lower_bound(
        kFunctions.begin(), kFunctions.end(), name,
        [](const FunctionDef& f, std::string_view n) { return compare_folded(f.name, n) < 0; });
    return at != kFunctions.end() && compare_folded(at->name, name) == 0 ? at : nullptr;
}

std::string_view nearest_function_name(std::string_view name) {
    NearestName nearest(name);
    for (const FunctionDef& function : kFunctions) nearest.consider(function.name);
    for (const AggregateDef& aggregate : aggregates()) nearest.consider(aggregate.name);
    return nearest.name();
}

const Vector* call(const FunctionDef& function, EvalContext& context, kernels::Args args) {
    const bool constant =
        std::all_of(args.begin(), args.end(), [](const Vector* arg) { return arg->is_constant(); });
    if (!constant) return function.kernel(context, args);
    std::vector<const Vector*> single;
    single.reserve(args.size());
    for (const Vector* const arg : args) {
        single.push_back(Vector::constant(context.arena, 1, arg->constant_value()));
    }
    const std::size_t rows = context.rows;
    context.rows = 1;
    const Value value = function.kernel(context, single)->at(0);
    context.rows = rows;
    return Vector::constant(context.arena, rows, value);
}

}  // namespace sky::insights
