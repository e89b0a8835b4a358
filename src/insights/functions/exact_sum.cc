// SPDX-License-Identifier: Apache-2.0
#include "insights/functions/exact_sum.h"

#include <array>
#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>

namespace sky::insights {
namespace {

using boost::multiprecision::cpp_int;

constexpr int kWideScale = 36;      // Squares of 18 decimals.
constexpr int kBinaryBits = 74;     // Unit 2^-74: 48 decimals' worth below 2^40 without rounding.
constexpr int kBinaryTopBit = 114;  // Leaves 2^13 additions before the fast form overflows.
constexpr double kWholeMax = 4611686018427387904.0;  // 2^62.
constexpr int kMantissaBits = 53;
constexpr int kExponentMin = -1074;  // Of the smallest double's unit.

constexpr auto kPowers = [] {
    std::array<Int128, 38> powers{};
    Int128 power = 1;
    for (Int128& entry : powers) {
        entry = power;
        power *= 10;
    }
    return powers;
}();

cpp_int to_big(Int128 value) {
    const bool negative = value < 0;
    const auto magnitude = negative ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
    cpp_int out = static_cast<std::uint64_t>(magnitude >> 64);
    out <<= 64;
    out += static_cast<std::uint64_t>(magnitude);
    return negative ? cpp_int(-out) : out;
}

cpp_int big_power_of_ten(int exponent) {
    return boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent));
}

/// Fixed point over every double and every square of one, two's complement.
class BinaryAccumulator {
public:
    /// Adds magnitude * 2^exponent.
    void add(Uint128 magnitude, int exponent, bool negative) {
        const auto position = static_cast<unsigned>(exponent + kPointBits);
        const unsigned limb = position / 64;
        const unsigned shift = position % 64;
        const Uint128 low = static_cast<Uint128>(static_cast<std::uint64_t>(magnitude)) << shift;
        const Uint128 high = static_cast<Uint128>(static_cast<std::uint64_t>(magnitude >> 64))
                             << shift;
        const std::uint64_t words[3] = {
            static_cast<std::uint64_t>(low),
            static_cast<std::uint64_t>(low >> 64) + static_cast<std::uint64_t>(high),
            static_cast<std::uint64_t>(high >> 64)};
        // low's upper half has `shift` bits at most and high's lower half none of them: no carry.
        unsigned carry = 0;
        for (unsigned i = limb; i < kLimbs; ++i) {
            const std::uint64_t word = i - limb < 3 ? words[i - limb] : 0;
            if (i - limb >= 3 && carry == 0) break;
            const Uint128 before = limbs_[i];
            const Uint128 after = negative ? before - word - carry : before + word + carry;
            limbs_[i] = static_cast<std::uint64_t>(after);
            carry = static_cast<std::uint64_t>(after >> 64) != 0 ? 1 : 0;
        }
    }
    void add(const BinaryAccumulator& other) {
        Uint128 carry = 0;
        for (unsigned i = 0; i < kLimbs; ++i) {
            carry += static_cast<Uint128>(limbs_[i]) + other.limbs_[i];
            limbs_[i] = static_cast<std::uint64_t>(carry);
            carry >>= 64;
        }
    }
    /// The sum times 2^kPointBits.
    cpp_int value() const {
        const bool negative = (limbs_[kLimbs - 1] >> 63) != 0;
        cpp_int out = 0;
        for (unsigned i = kLimbs; i-- > 0;) {
            out <<= 64;
            out += negative ? ~limbs_[i] : limbs_[i];
        }
        return negative ? cpp_int(-out - 1) : out;
    }
    static constexpr int kPointBits = 34 * 64;  // Squares reach down to 2^-2148.

private:
    static constexpr unsigned kLimbs = 34 + 34;  // And up to 2^2048, with 128 bits for carries.
    std::uint64_t limbs_[kLimbs] = {};
};

/// numerator / denominator (positive) as the nearest double, ties to even.
double nearest_double(cpp_int numerator, const cpp_int& denominator) {
    if (numerator == 0) return 0;
    const bool negative = numerator < 0;
    if (negative) numerator = -numerator;
    // The quotient gets 64 or 65 bits; what is left over only breaks ties.
    const int shift = 64 - (static_cast<int>(boost::multiprecision::msb(numerator)) -
                            static_cast<int>(boost::multiprecision::msb(denominator)));
    cpp_int quotient;
    cpp_int remainder;
    if (shift >= 0) {
        boost::multiprecision::divide_qr(cpp_int(numerator << shift), denominator, quotient,
                                         remainder);
    } else {
        boost::multiprecision::divide_qr(numerator, cpp_int(denominator << -shift), quotient,
                                         remainder);
    }
    const int bits = static_cast<int>(boost::multiprecision::msb(quotient)) + 1;
    const int dropped = std::max(bits - kMantissaBits, kExponentMin + shift);
    if (dropped > bits + 1) return negative ? -0.0 : 0.0;
    cpp_int kept = quotient >> dropped;
    const cpp_int half = cpp_int(1) << (dropped - 1);
    const cpp_int rest = quotient - (kept << dropped);
    const bool sticky = remainder != 0;
    const bool up = rest > half || (rest == half && (sticky || (kept & 1) != 0));
    if (up) ++kept;
    const double value =
        std::ldexp(static_cast<double>(static_cast<std::uint64_t>(kept)), dropped - shift);
    return negative ? -value : value;
}

struct Parts {
    std::uint64_t mantissa;  // value = mantissa * 2^exponent, without the sign.
    int exponent;
};

Parts parts_of(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const auto biased = static_cast<int>(bits >> 52 & 0x7FF);
    const std::uint64_t fraction = bits & ((1ULL << 52) - 1);
    Parts parts =
        biased == 0 ? Parts{fraction, kExponentMin} : Parts{fraction | 1ULL << 52, biased - 1075};
    // Without trailing zeros more values meet the fast form.
    if (parts.mantissa != 0) {
        const int zeros = std::countr_zero(parts.mantissa);
        parts.mantissa >>= zeros;
        parts.exponent += zeros;
    }
    return parts;
}

}  // namespace

struct ExactSum::Wide {
    cpp_int decimal;  // Times 10^kWideScale.
    BinaryAccumulator binary;
};

void ExactSum::WideDeleter::operator()(Wide* wide) const { delete wide; }

std::uint64_t ExactSum::wide_bytes() { return sizeof(Wide) + 64; }

bool ExactSum::make_wide() {
    if (wide_ != nullptr) return false;
    wide_.reset(new Wide);
    return true;
}

bool ExactSum::add_decimal_slowly(Int128 scaled, int scale) {
    // Either side is brought to the larger scale, as long as 128 bits hold it.
    Int128 value = scaled;
    if (scale < scale_) {
        if (!__builtin_mul_overflow(value, kPowers[static_cast<std::size_t>(scale_ - scale)],
                                    &value) &&
            !__builtin_add_overflow(decimal_, value, &value)) {
            decimal_ = value;
            return false;
        }
    } else {
        Int128 sum = 0;
        if (!__builtin_mul_overflow(decimal_, kPowers[static_cast<std::size_t>(scale - scale_)],
                                    &sum) &&
            !__builtin_add_overflow(sum, scaled, &sum)) {
            decimal_ = sum;
            scale_ = scale;
            return false;
        }
    }
    const bool grew = make_wide();
    wide_->decimal += to_big(decimal_) * big_power_of_ten(kWideScale - scale_);
    decimal_ = scaled;
    scale_ = scale;
    return grew;
}

bool ExactSum::add_binary(Uint128 magnitude, int exponent, bool negative) {
    const int shift = exponent + kBinaryBits;
    const auto high = static_cast<std::uint64_t>(magnitude >> 64);
    const int width = high != 0 ? 128 - std::countl_zero(high)
                                : 64 - std::countl_zero(static_cast<std::uint64_t>(magnitude));
    if (shift >= 0 && width + shift <= kBinaryTopBit) {
        const auto value = static_cast<Int128>(magnitude << shift);
        if (!__builtin_add_overflow(binary_, negative ? -value : value, &binary_)) return false;
        // The wrapped sum is put right by taking the value out again.
        binary_ = static_cast<Int128>(static_cast<Uint128>(binary_) -
                                      static_cast<Uint128>(negative ? -value : value));
    }
    const bool grew = make_wide();
    wide_->binary.add(magnitude, exponent, negative);
    return grew;
}

bool ExactSum::add_double(double value) {
    if (std::abs(value) < kWholeMax && value == std::trunc(value)) {
        return add_decimal(static_cast<std::int64_t>(value), 0);
    }
    const Parts parts = parts_of(value);
    return add_binary(parts.mantissa, parts.exponent, value < 0);
}

bool ExactSum::add_square(double value) {
    const Parts parts = parts_of(value);
    return add_binary(static_cast<Uint128>(parts.mantissa) * parts.mantissa, 2 * parts.exponent,
                      false);
}

bool ExactSum::add(const ExactSum& other) {
    bool grew = add_decimal(other.decimal_, other.scale_);
    Int128 binary = 0;
    if (!__builtin_add_overflow(binary_, other.binary_, &binary)) {
        binary_ = binary;
    } else {
        const bool negative = other.binary_ < 0;
        const auto magnitude =
            negative ? -static_cast<Uint128>(other.binary_) : static_cast<Uint128>(other.binary_);
        grew = add_binary(magnitude, -kBinaryBits, negative) || grew;
    }
    if (other.wide_ != nullptr) {
        grew = make_wide() || grew;
        wide_->decimal += other.wide_->decimal;
        wide_->binary.add(other.wide_->binary);
    }
    return grew;
}

struct ExactSum::Fraction {
    cpp_int numerator, denominator;
};

ExactSum::Fraction ExactSum::fraction() const {
    Fraction out{to_big(decimal_), big_power_of_ten(scale_)};
    if (wide_ != nullptr) {
        out.numerator = out.numerator * big_power_of_ten(kWideScale - scale_) + wide_->decimal;
        out.denominator = big_power_of_ten(kWideScale);
    }
    cpp_int binary = to_big(binary_);
    int bits = kBinaryBits;
    if (wide_ != nullptr) {
        binary = (binary << (BinaryAccumulator::kPointBits - kBinaryBits)) + wide_->binary.value();
        bits = BinaryAccumulator::kPointBits;
    }
    if (binary != 0) {
        out.numerator = (out.numerator << bits) + binary * out.denominator;
        out.denominator <<= bits;
    }
    return out;
}

double ExactSum::divided_by(std::uint64_t divisor) const {
    constexpr Int128 kExactMax = Int128{1} << kMantissaBits;
    constexpr int kExactScaleMax = 15;
    if (wide_ == nullptr && binary_ == 0 && scale_ <= kExactScaleMax && decimal_ <= kExactMax &&
        decimal_ >= -kExactMax && divisor <= static_cast<std::uint64_t>(kExactMax)) {
        const Int128 denominator =
            kPowers[static_cast<std::size_t>(scale_)] * static_cast<Int128>(divisor);
        // Both are exact doubles: the one division rounds once.
        if (denominator <= kExactMax) {
            return static_cast<double>(static_cast<std::int64_t>(decimal_)) /
                   static_cast<double>(static_cast<std::int64_t>(denominator));
        }
    }
    const Fraction sum = fraction();
    return nearest_double(sum.numerator, sum.denominator * divisor);
}

double ExactSum::deviation(const ExactSum& sum, const ExactSum& squares, std::uint64_t count) {
    const Fraction s = sum.fraction();
    const Fraction q = squares.fraction();
    const cpp_int s_denominator_squared = s.denominator * s.denominator;
    const cpp_int numerator =
        q.numerator * s_denominator_squared * count - s.numerator * s.numerator * q.denominator;
    const cpp_int denominator = q.denominator * s_denominator_squared * count * (count - 1);
    if (numerator == 0) return 0;
    // The variance may be beyond the doubles where its root is not: an even power is set aside.
    const int magnitude = static_cast<int>(boost::multiprecision::msb(numerator)) -
                          static_cast<int>(boost::multiprecision::msb(denominator));
    const int half = magnitude / 2;
    const double scaled = half >= 0 ? nearest_double(numerator, denominator << (2 * half))
                                    : nearest_double(numerator << (-2 * half), denominator);
    return std::ldexp(std::sqrt(scaled), half);
}

}  // namespace sky::insights
