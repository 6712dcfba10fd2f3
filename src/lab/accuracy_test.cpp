#include "lab/accuracy.h"

#include <gtest/gtest.h>

namespace espalier::lab {
namespace {

/// `images` images; those from `wrong_from` on, `wrong` of them, are misclassified.
store::PredictionRecord predictions(int images, int wrong_from, int wrong) {
    store::PredictionRecord record;
    for (int i = 0; i < images; ++i) {
        const bool right = i < wrong_from || i >= wrong_from + wrong;
        record.labels.push_back(0);
        record.predicted.push_back(right ? 0 : 1);
        record.ranks.push_back(right ? 0 : 3);
    }
    return record;
}

AccuracyComparison compared(int images, int baseline_wrong, int treated_wrong, double limit) {
    return *compare_accuracy(predictions(images, 0, baseline_wrong), predictions(images, 0, treated_wrong),
                             limit);
}

TEST(Accuracy, CountsPlaces) {
    const auto record = predictions(200, 0, 20);
    EXPECT_DOUBLE_EQ(accuracy(record, 1)->value, 0.9);
    EXPECT_DOUBLE_EQ(accuracy(record, 5)->value, 1.0);
    // Wilson's interval of 180 of 200, by its closed form.
    EXPECT_NEAR(accuracy(record, 1)->interval.low, 0.8506, 5e-4);
    EXPECT_NEAR(accuracy(record, 1)->interval.high, 0.9343, 5e-4);
    EXPECT_FALSE(accuracy({}, 1));
}

TEST(Accuracy, TellsOnlyThePlacesThatAreKnown) {
    auto record = predictions(200, 0, 20);
    record.ranks[3] = store::PredictionRecord::kUnknownRank;
    EXPECT_DOUBLE_EQ(accuracy(record, 1)->value, 0.9);
    EXPECT_FALSE(accuracy(record, 5));
}

TEST(Accuracy, ManyEqualImagesShowThatNothingIsLost) {
    const auto comparison = compared(2000, 200, 200, 0.01);
    EXPECT_EQ(comparison.verdict, AccuracyVerdict::kNotWorse);
    EXPECT_EQ(comparison.equal_predictions, 2000);
    EXPECT_FALSE(comparison.images_needed);
}

TEST(Accuracy, FewImagesShowNothing) {
    const auto comparison = compared(50, 5, 5, 0.01);
    EXPECT_EQ(comparison.verdict, AccuracyVerdict::kNotShown);
    EXPECT_GT(*comparison.images_needed, 50.0);
    EXPECT_LT(*comparison.images_needed, 10'000.0);
}

TEST(Accuracy, ALossOfExactlyTheLimitIsPermitted) {
    EXPECT_EQ(compared(100, 14, 15, 0.01).verdict, AccuracyVerdict::kNotShown);
    EXPECT_EQ(compared(100, 14, 16, 0.01).verdict, AccuracyVerdict::kWorse);
}

TEST(Accuracy, AGreatLossIsWorse) {
    const auto comparison = compared(2000, 200, 300, 0.01);
    EXPECT_EQ(comparison.verdict, AccuracyVerdict::kWorse);
    EXPECT_LT(comparison.interval.high, -0.01);
    EXPECT_LT(comparison.p_value, 1e-6);
}

// Requirement 29.
TEST(Accuracy, OfOtherImagesIsNotCompared) {
    EXPECT_FALSE(compare_accuracy(predictions(10, 0, 1), predictions(11, 0, 1), 0.01));
    EXPECT_FALSE(compare_accuracy({}, {}, 0.01));
}

}  // namespace
}  // namespace espalier::lab
