// SPDX-License-Identifier: Apache-2.0
#include "insights/exec/key_shares.h"

#include <algorithm>
#include <numeric>

#include "insights/exec/limits.h"
#include "insights/exec/value_dictionary.h"

namespace sky::insights {
namespace {

constexpr std::uint64_t kShareSeed = 0xE7037ED1A0B428DBULL;

}  // namespace

bool halve(const KeyShare& share, const std::optional<Period>& period,
           std::vector<KeyShare>& halves) {
    if (share.times && period) {
        const auto [begin_ms, end_ms] = *share.times;
        const std::int64_t middle_ms = ceil_to(*period, std::midpoint(begin_ms, end_ms));
        if (begin_ms < middle_ms && middle_ms <= end_ms) {
            halves.push_back({share.part, share.of, store::TimeRange{middle_ms, end_ms}});
            halves.push_back({share.part, share.of, store::TimeRange{begin_ms, middle_ms - 1}});
            return true;
        }
    }
    if (2 * share.of > kKeySharesMax) return false;
    halves.push_back({share.part + share.of, 2 * share.of, share.times});
    halves.push_back({share.part, 2 * share.of, share.times});
    return true;
}

void hash_keys(EvalContext& context, std::span<const Vector* const> keys, std::uint64_t* hashes) {
    std::fill_n(hashes, context.rows, kShareSeed);
    std::vector<std::uint64_t> entries;
    for (const Vector* key : keys) {
        if (key->is_constant()) {
            const std::uint64_t hash = ValueDictionary::hash_of(key->constant_value());
            for (std::size_t i = 0; i < context.rows; ++i) {
                hashes[i] = mix_hash(hashes[i] ^ hash, kShareSeed);
            }
            continue;
        }
        const bool coded = key->codes() != nullptr && key->present_bytes() == nullptr &&
                           key->dictionary()->entries.size() <= context.rows;
        entries.clear();
        if (coded) {
            for (const std::string_view text : key->dictionary()->entries) {
                entries.push_back(ValueDictionary::hash_of(Value::of_text(text)));
            }
        }
        for (std::size_t i = 0; i < context.rows; ++i) {
            const std::uint64_t hash =
                coded ? entries[key->codes()[i]] : ValueDictionary::hash_of(key->at(i));
            hashes[i] = mix_hash(hashes[i] ^ hash, kShareSeed);
        }
    }
}

void select_share(const KeyShare& share, Frame& frame, std::vector<const Vector*>& keys,
                  const std::uint64_t* hashes) {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < frame.rows(); ++i) {
        if (share.has(hashes[i])) rows.push_back(i);
    }
    if (rows.size() == frame.rows()) return;
    for (const Vector*& key : keys) key = key->gather(frame.context().arena, rows);
    frame.select(rows);
}

}  // namespace sky::insights
