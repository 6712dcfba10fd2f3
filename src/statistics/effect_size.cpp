#include "statistics/effect_size.h"

#include <cmath>
#include <vector>

#include "base/error.h"
#include "statistics/summary.h"

namespace espalier::statistics {

double cliffs_delta(const Repetitions& first, const Repetitions& second) {
    if (first.size() == 0 || second.size() == 0) fail("an effect size needs two samples that are not empty");
    double balance = 0;
    for (const double a : first.values()) {
        for (const double b : second.values()) balance += a > b ? 1.0 : a < b ? -1.0 : 0.0;
    }
    return balance / (static_cast<double>(first.size()) * static_cast<double>(second.size()));
}

double a12(const Repetitions& first, const Repetitions& second) {
    return 0.5 * (cliffs_delta(first, second) + 1);
}

std::string_view magnitude(double delta) {
    const double size = std::fabs(delta);
    if (size < 0.147) return "negligible";
    if (size < 0.33) return "small";
    return size < 0.474 ? "medium" : "large";
}

double hodges_lehmann(const PairedRepetitions& sample) {
    const std::vector<double> differences = sample.differences();
    std::vector<double> averages;
    for (std::size_t i = 0; i < differences.size(); ++i) {
        for (std::size_t j = i; j < differences.size(); ++j) {
            averages.push_back(0.5 * (differences[i] + differences[j]));
        }
    }
    return median(averages);
}

double hodges_lehmann(const Repetitions& first, const Repetitions& second) {
    std::vector<double> shifts;
    for (const double a : first.values()) {
        for (const double b : second.values()) shifts.push_back(b - a);
    }
    return median(shifts);
}

}  // namespace espalier::statistics
