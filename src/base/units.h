#pragma once

#include <compare>
#include <cstdint>

namespace espalier {

/// A quantity of one physical dimension. Only quantities of the same dimension add and compare;
/// products and quotients across dimensions are the ones declared below, so that Joules + Watts does not
/// compile.
template <typename Dimension>
class Quantity {
  public:
    constexpr Quantity() = default;
    constexpr explicit Quantity(double value) : value_(value) {}

    /// The number in the unit the type is named after.
    constexpr double value() const { return value_; }

    constexpr Quantity operator+(Quantity other) const { return Quantity(value_ + other.value_); }
    constexpr Quantity operator-(Quantity other) const { return Quantity(value_ - other.value_); }
    constexpr Quantity operator-() const { return Quantity(-value_); }
    constexpr Quantity operator*(double factor) const { return Quantity(value_ * factor); }
    constexpr Quantity operator/(double divisor) const { return Quantity(value_ / divisor); }
    constexpr double operator/(Quantity other) const { return value_ / other.value_; }
    constexpr Quantity& operator+=(Quantity other) {
        value_ += other.value_;
        return *this;
    }
    constexpr auto operator<=>(const Quantity&) const = default;

  private:
    double value_ = 0.0;
};

template <typename Dimension>
constexpr Quantity<Dimension> operator*(double factor, Quantity<Dimension> quantity) {
    return quantity * factor;
}

using Joules = Quantity<struct EnergyDimension>;
using Watts = Quantity<struct PowerDimension>;
using Seconds = Quantity<struct TimeDimension>;

constexpr Joules operator*(Watts power, Seconds time) { return Joules(power.value() * time.value()); }
constexpr Joules operator*(Seconds time, Watts power) { return power * time; }
constexpr Watts operator/(Joules energy, Seconds time) { return Watts(energy.value() / time.value()); }
constexpr Seconds operator/(Joules energy, Watts power) { return Seconds(energy.value() / power.value()); }

/// A size in memory or on disk.
struct Bytes {
    std::int64_t value = 0;
    constexpr auto operator<=>(const Bytes&) const = default;
};

}  // namespace espalier
