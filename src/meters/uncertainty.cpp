#include "meters/uncertainty.h"

#include <cmath>

namespace espalier::meters {
namespace {

// The difference of two independent uniforms of width w has the variance 2 w^2 / 12 = w^2 / 6.
const double kTwoUniforms = std::sqrt(6.0);
const double kOneUniform = std::sqrt(12.0);
// A uniform of half the width w has the variance w^2 / 3.
const double kHalfUniform = std::sqrt(3.0);

}  // namespace

Joules Uncertainty::standard() const {
    double square = 0;
    for (const BudgetLine& line : lines) square += line.standard.value() * line.standard.value();
    return Joules(std::sqrt(square));
}

Joules Uncertainty::bound() const {
    Joules sum;
    for (const BudgetLine& line : lines) sum += line.bound;
    return sum;
}

BudgetLine refresh_edges(Watts power, Seconds refresh_period) {
    const Joules bound = power * refresh_period;
    return {"refresh edges", bound / kTwoUniforms, bound};
}

BudgetLine resolution_edges(Joules step) { return {"counter resolution", step / kTwoUniforms, step}; }

BudgetLine averaging_edges(Watts spread, Seconds averaging) {
    const Joules bound = spread * averaging;
    return {"averaging edges", bound / kTwoUniforms, bound};
}

BudgetLine between_samples(const PowerSeen& seen, Seconds refresh_period) {
    const Seconds unknown = seen.apart + refresh_period;
    return {"between samples", seen.moved_root * unknown / kOneUniform, seen.moved * unknown};
}

BudgetLine time_edges(Watts power, Seconds time_error) {
    const Joules bound = power * time_error * 2;
    return {"time of the readings", bound / kTwoUniforms, bound};
}

BudgetLine gain(Joules energy, double accuracy) {
    const Joules bound = energy * accuracy;
    return {"accuracy of the meter", bound / kHalfUniform, bound};
}

Uncertainty budget(const Description& description, const PowerSeen& seen, Seconds duration) {
    Uncertainty result;
    if (description.factor) {
        result.factor = description.factor;
        return result;
    }
    result.lines.push_back(refresh_edges(seen.peak, description.refresh_period));
    if (description.accuracy > 0) result.lines.push_back(gain(seen.mean * duration, description.accuracy));
    if (seen.time_error > Seconds(0)) result.lines.push_back(time_edges(seen.peak, seen.time_error));
    if (description.unit == UnitKind::kCumulativeEnergy) {
        result.lines.push_back(resolution_edges(Joules(description.resolution)));
        return result;
    }
    const Joules step = Watts(description.resolution) * duration;
    result.lines.push_back({"sensor resolution", step / kOneUniform, step / 2});
    result.lines.push_back(between_samples(seen, description.refresh_period));
    if (description.averaging > Seconds(0))
        result.lines.push_back(averaging_edges(seen.spread(), description.averaging));
    return result;
}

}  // namespace espalier::meters
