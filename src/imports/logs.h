#pragma once

#include <cmath>
#include <map>
#include <optional>

#include "imports/format.h"

namespace espalier::imports {

/// Mean of the values that are there and finite.
class Mean {
  public:
    void add(const std::optional<double>& value) {
        if (!value || !std::isfinite(*value)) return;
        sum_ += *value;
        ++count_;
    }
    std::optional<double> value() const { return count_ > 0 ? std::optional(sum_ / count_) : std::nullopt; }

  private:
    double sum_ = 0.0;
    int count_ = 0;
};

/// Energy from samples of power, by trapezoids.
class Integral {
  public:
    void add(double time_s, double watts) {
        if (samples_ > 0) joules_ += 0.5 * (watts + watts_) * (time_s - time_s_);
        if (samples_ == 0) first_s_ = time_s;
        time_s_ = time_s;
        watts_ = watts;
        ++samples_;
    }
    /// Nothing for fewer than two samples.
    std::optional<double> joules() const { return samples_ > 1 ? std::optional(joules_) : std::nullopt; }
    double seconds() const { return time_s_ - first_s_; }
    int samples() const { return samples_; }

  private:
    int samples_ = 0;
    double first_s_ = 0.0;
    double time_s_ = 0.0;
    double watts_ = 0.0;
    double joules_ = 0.0;
};

/// Runs that know neither model nor tactic: a log for each. Files of one tactic are its repetitions, in the
/// order in which they were given.
class LogRuns {
  public:
    /// `fallback` names the model where the user names none.
    LogRuns(const ReadOptions& options, std::string fallback)
        : model_(options.model.empty() ? std::move(fallback) : options.model), images_(options.images) {}

    /// The run that `source` holds. Its variant, number and images are set here.
    void add(const Source& source, Repetition run);

    /// All runs. A variant is of the GPU where any of its runs kept one busy, else of the processor.
    Measurements finish();

  private:
    std::string model_;
    std::optional<std::int64_t> images_;
    Measurements measurements_;
    std::map<std::string, std::size_t> variants_;
    std::map<std::size_t, int> runs_;
};

}  // namespace espalier::imports
