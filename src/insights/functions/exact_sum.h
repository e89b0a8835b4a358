// SPDX-License-Identifier: Apache-2.0
#pragma once  // src/insights/functions/exact_sum.h - sums without rounding, so that no order of
              // adding shows.

#include <cstdint>
#include <memory>

namespace sky::insights {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

/// An exact sum of decimals and doubles. Decimals stay decimals (0.1 + 0.2 is 0.3), doubles count
/// with the binary value that they have.
class ExactSum {
public:
    ExactSum() = default;
    ExactSum(ExactSum&&) noexcept = default;
    ExactSum& operator=(ExactSum&&) noexcept = default;
    ~ExactSum() = default;

    /// Adds scaled / 10^scale, scale in 0..36. True when this took memory (wide_bytes()).
    bool add_decimal(Int128 scaled, int scale) {
        if (scale == scale_ && !__builtin_add_overflow(decimal_, scaled, &decimal_)) return false;
        return add_decimal_slowly(scaled, scale);
    }
    /// Adds a finite double.
    bool add_double(double value);
    /// Adds the square of a finite double, exactly.
    bool add_square(double value);
    bool add(const ExactSum& other);

    /// sum / divisor, rounded once, ties to even. Not finite when it is beyond the doubles.
    double divided_by(std::uint64_t divisor) const;
    /// Sample standard deviation of `count` (at least 2) values with these sums: the exact variance
    /// rounded once, then its root.
    static double deviation(const ExactSum& sum, const ExactSum& squares, std::uint64_t count);

    /// What a sum takes that has left its fast form.
    static std::uint64_t wide_bytes();

private:
    struct Wide;
    struct WideDeleter {
        void operator()(Wide* wide) const;
    };
    bool add_decimal_slowly(Int128 scaled, int scale);
    bool add_binary(Uint128 magnitude, int exponent, bool negative);
    bool make_wide();
    struct Fraction;
    Fraction fraction() const;

    // The sum is decimal_ / 10^scale_ + binary_ / 2^kBinaryBits + wide_.
    Int128 decimal_ = 0;
    Int128 binary_ = 0;
    std::unique_ptr<Wide, WideDeleter> wide_;
    int scale_ = 0;
};

}  // namespace sky::insights
