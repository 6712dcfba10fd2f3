#pragma once

namespace espalier::statistics {

/// A confidence interval with the level it was made for.
struct Interval {
    double low = 0.0;
    double high = 0.0;
    double level = 0.95;

    bool contains(double value) const { return low <= value && value <= high; }
};

}  // namespace espalier::statistics
