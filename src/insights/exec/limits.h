// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/exec/limits.h - bounds of a running query, with sources.

#include <cstddef>
#include <cstdint>

namespace sky::insights {

/// Rows and text of one pass through the operators, between two looks at the stop token.
/// Source: store.md 3.4.
constexpr std::size_t kPassRowsMax = 4'096;
constexpr std::size_t kPassTextBytesMax = 1 << 20;
/// Rows that a step behind the scan takes between two looks at the stop token. Ours: some
/// milliseconds.
constexpr std::size_t kStepRowsMax = 16'384;
/// Rows of a result when neither the query nor the API says how many. Source:
/// logs-insights-ql.md 1.7.
constexpr std::uint64_t kResultRowsDefault = 10'000;
constexpr std::uint64_t kResultRowsMax = 100'000;
/// Text of a rendered result. Source: store.md 3.4.
constexpr std::uint64_t kResultBytesMax = 100ULL << 20;
/// A regex is tried on each text of a slot, or each number of digits, where those are few, in
/// number and beside the rows: one search of a line is as dear as so many steps of its machine.
/// Ours.
constexpr std::size_t kFilterEntriesMax = 256;
constexpr std::size_t kFilterStepsARow = 32;
/// Rows of a family for which values in a question's way are sought: about as many trials as it
/// has slots, each as dear as a few lines. Ours.
constexpr std::size_t kCleanRowsMin = 64;
/// Layouts of families that a worker keeps: a block has at most 1,024 families, and blocks of one
/// group have many in common. A layout is about as large as a line. Ours.
constexpr std::size_t kLayoutsMax = 2'048;
/// Texts of which a message must have one, asked of every chunk's header. Ours: as a filter with so
/// many alternatives passes nearly every chunk.
constexpr std::size_t kRequiredTextsMax = 64;
/// Groups of one morsel that are kept for the next run, at most; a set of morsels whose groups are
/// larger is as soon read again. Ours.
constexpr std::uint64_t kPartialBytesMax = 4 << 20;
/// Stretches of one morsel whose groups are kept apart where a range cuts it. Ours: a window that
/// moves on reads an eighth of a morsel, and what is kept is a few times one morsel's.
constexpr std::uint64_t kStretchesMax = 8;
/// Texts of queries that are remembered, so that the second run of one keeps its groups, and their
/// length. Ours: a hundred dashboards of ten panels; StartQuery's longest text.
constexpr std::size_t kPartialQueriesMax = 1'000;
constexpr std::size_t kPartialQueryBytesMax = 10'000;
/// Workers of one execution. Ours.
constexpr unsigned kThreadsMax = 64;
/// Morsels that one worker reads one after the other where groups go on as soon as they are whole,
/// as long as each worker has its turn so many times. Ours: with four, few groups have rows in two
/// workers' morsels; more would fill the processor's cache with their groups.
constexpr std::size_t kRunLengthMax = 4;
constexpr std::size_t kRunsAWorker = 8;
/// Times whose groups are collected apart (homes.h), and the rows that one has at least. Ours: a
/// morsel whose rows are spread over all of them is cut into so many pieces.
constexpr std::size_t kHomesMax = 64;
constexpr std::size_t kHomeRowsMin = 32'768;
/// @ptr as clients hand it back. Source: logs-insights-ql.md 9.
constexpr std::size_t kPointerBytesMax = 512;

/// Keys that need more memory than there is are shared out among so many scans of the same chunks,
/// at most: a query that needs more of them is too wide for its memory. Ours: bounds how often
/// chunks are read.
constexpr std::uint32_t kKeySharesMax = 64;
/// Rows so far are shown while the run has this part of its memory at most, with as much again.
/// Ours: beyond, the counters alone are.
constexpr std::uint64_t kLookPart = 4;
/// A query in parentheses. Source: logs-insights-ql.md 6.15.
constexpr std::int64_t kSubqueryRunMsMax = 30'000;
/// Rows that unnest, join and fillmissing may make. Ours: bounds one column's memory.
constexpr std::size_t kMadeRowsMax = 4'000'000;
/// Texts of one family's templates, and of the values that stand for each class of a slot's: with
/// more of them the lines themselves are no dearer. Ours: bounds their memory.
constexpr std::size_t kTemplateBytesMax = 4 << 20;
/// A word whose digits do not matter: shorter than a number beyond all doubles. Ours.
constexpr std::size_t kDigitsWordBytesMax = 256;
/// Templates are made for a whole family where at least one of this many of its rows is looked at
/// in a pass; else for those lines alone. Ours.
constexpr std::size_t kTemplateRowsShare = 64;
/// Templates that pattern compares with one another, the most frequent first; rarer ones are
/// patterns of their own. Ours: bounds its time.
constexpr std::size_t kPatternTemplatesMax = 50'000;
/// Patterns of one first word that a template is compared with. Ours, likewise.
constexpr std::size_t kPatternCandidatesMax = 1'000;

// Ours, the service does not say: a pattern is an anomaly when its count is so many standard
// deviations (of a Poisson process) from that of the time before, and so many times as high or low.
inline constexpr double kAnomalyDeviationsMin = 3;
inline constexpr double kAnomalyChangeMin = 2;

}  // namespace sky::insights
