// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/syntax/texts.h - what people read when their query is refused; every
              // text once.

#include <string_view>

namespace sky::insights::texts {

// The place is added behind each (lexer.h, locate()); "{}" are filled with fmt.

// Words and marks.
inline constexpr std::string_view kUnexpected = "unexpected symbol found {}";
inline constexpr std::string_view kUnexpectedExpected = "unexpected symbol found {}, expected {}";
inline constexpr std::string_view kRegexOperator =
    "unexpected symbol found ~=; a regular expression is matched with =~";
inline constexpr std::string_view kParameter =
    "the parameter {} has no value; parameters are filled in by saved queries";
inline constexpr std::string_view kUnfinishedString = "unfinished string";
inline constexpr std::string_view kUnfinishedName = "unfinished field name";
inline constexpr std::string_view kUnfinishedRegex = "unfinished regular expression";
inline constexpr std::string_view kEmptyName = "empty field name";
inline constexpr std::string_view kQueryTooLong = "a query has at most {} characters";
inline constexpr std::string_view kNesting = "more than {} levels of nesting";
inline constexpr std::string_view kDepth = "an expression of more than {} levels";

// Commands.
inline constexpr std::string_view kUnknownCommand = "unknown command {}";
inline constexpr std::string_view kUnknownCommandNear = "unknown command {}; did you mean {}?";
inline constexpr std::string_view kSourceFirst = "SOURCE stands in front of every other command";
inline constexpr std::string_view kReserved = "the reserved word {} needs backticks";
inline constexpr std::string_view kFieldNeeded = "a field name is needed";
inline constexpr std::string_view kLimit = "a limit is a whole number from 1 to {}, not {}";
inline constexpr std::string_view kWholeNumber = "a whole number from {} to {} is needed, not {}";
inline constexpr std::string_view kPeriodNeeded = "a period such as 30s or 5m is needed";
inline constexpr std::string_view kDistinct = "count(distinct x) is written count_distinct(x)";
inline constexpr std::string_view kListBrackets =
    "a list stands in brackets, in [1, 2]; in parentheses a query is expected";
inline constexpr std::string_view kOption = "unknown option {}; {} takes {}";
inline constexpr std::string_view kOptionValue = "{} is {}, not {}";
inline constexpr std::string_view kIndexCondition =
    "filterIndex takes field = value and field in [...], joined with and";
inline constexpr std::string_view kAutoregress =
    "p is a number from 1 to {} or a range such as 1-4";
inline constexpr std::string_view kCommandNeedsField = "{} needs a field";

// SOURCE.
inline constexpr std::string_view kSourceArgument =
    "unknown argument {} of logGroups; it takes namePrefix, logGroupIdentifier, class, "
    "accountIdentifiers and tags";
inline constexpr std::string_view kSourceClass = "a class is STANDARD or INFREQUENT_ACCESS, not {}";
inline constexpr std::string_view kSourceTooMany = "SOURCE takes at most {} {}";
inline constexpr std::string_view kSourceTime =
    "a time is epoch milliseconds, now, or a period such as -1d";
inline constexpr std::string_view kSourceTimes = "the SOURCE stages name different times";

// Names and functions.
inline constexpr std::string_view kUnknownFunction = "unknown function {}";
inline constexpr std::string_view kUnknownFunctionNear = "unknown function {}; did you mean {}?";
inline constexpr std::string_view kArity = "the function {} takes {}, not {}";
inline constexpr std::string_view kAggregateOutside =
    "the aggregate function {} is allowed in stats only";
inline constexpr std::string_view kStar = "* is allowed in count(*) only";
inline constexpr std::string_view kPercentile = "a percentile is a number from 0 to 100";
inline constexpr std::string_view kRanges = "histogram takes a whole number of ranges from 1 to {}";
inline constexpr std::string_view kDefined = "Ephemeral field is already defined: {}";
inline constexpr std::string_view kNumberRange = "the number {} is out of range";
inline constexpr std::string_view kBadPeriod = "{} is no usable period";
inline constexpr std::string_view kPeriodValue = "the period {} is no value of its own";
inline constexpr std::string_view kNoAggregate = "{} is no aggregate; name it behind by";
inline constexpr std::string_view kStatsItem =
    "{} is neither an aggregate nor the alias of an earlier item of stats";
inline constexpr std::string_view kStatsNeedsAggregate =
    "an item of stats needs an aggregate function";
inline constexpr std::string_view kMixedFilter =
    "a filter behind stats names columns of stats or fields of events, not both";
inline constexpr std::string_view kColumnsMax = "a query has at most {} columns";
inline constexpr std::string_view kExpression = "unexpected expression";

// What a command needs of the ones in front of it.
inline constexpr std::string_view kWildcards = "parse has {} wildcards and {} aliases";
inline constexpr std::string_view kGroups = "parse has {} groups and {} aliases";
inline constexpr std::string_view kNamedGroup =
    "parse needs a named group such as (?<name>...) or 'as'";
inline constexpr std::string_view kOneAlias = "parse logfmt takes one alias, not {}";
inline constexpr std::string_view kBehind = "{} needs {} in front of it";
inline constexpr std::string_view kOffset =
    "offset needs the query's first stats, with a bin, and a period of fixed length";
inline constexpr std::string_view kJoinKey =
    "a condition of join names a field of each side, such as {}.id = {}.id";
inline constexpr std::string_view kStructure = "a MAP or LIST cannot be {}";
inline constexpr std::string_view kSubqueryNested = "a subquery cannot hold another one";
inline constexpr std::string_view kSubqueriesMax = "a query holds at most {} queries";

}  // namespace sky::insights::texts
