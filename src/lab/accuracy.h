#pragma once

#include <cstdint>
#include <optional>

#include "statistics/proportions.h"
#include "store/records.h"

namespace espalier::lab {

/// A share of images with Wilson's 95 % interval.
struct Share {
    double value = 0.0;
    statistics::Interval interval;
};

/// Share of images whose true class is among the first `places`. Nothing for an empty record, or one that
/// does not tell.
std::optional<Share> accuracy(const store::PredictionRecord& prediction, int places);

/// What the images say about a loss of top-1 accuracy.
enum class AccuracyVerdict {
    kNotWorse,  ///< the interval of the difference lies above -limit
    kNotShown,  ///< it contains -limit, and no loss beyond the limit was seen: more images would tell
    kWorse,     ///< the observed loss exceeds the limit, or the whole interval lies below -limit
};

/// A variant against the baseline on the same images.
struct AccuracyComparison {
    statistics::PairedOutcomes outcomes;  ///< top-1
    double baseline = 0.0;                ///< top-1 shares
    double treated = 0.0;
    double difference = 0.0;        ///< treated - baseline
    statistics::Interval interval;  ///< of the difference, Newcombe's paired method
    double p_value = 1.0;           ///< McNemar, exact; adjusted by the caller
    double limit = 0.01;            ///< permitted loss
    AccuracyVerdict verdict = AccuracyVerdict::kNotShown;
    std::int64_t equal_predictions = 0;  ///< images given the same class by both, right or wrong
    /// Images that would probably settle kNotShown; a rough figure from the share of discordant images.
    std::optional<double> images_needed;
};

/// Nothing when the two did not classify the same images.
std::optional<AccuracyComparison> compare_accuracy(const store::PredictionRecord& baseline,
                                                   const store::PredictionRecord& treated, double limit);

}  // namespace espalier::lab
