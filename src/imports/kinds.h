#pragma once

#include <array>

#include "imports/artefact.h"

/// Every kind of artefact that `espalier audit` knows; docs/import.md describes them for users.
namespace espalier::imports::kind {

// Found row by row.

inline constexpr Kind kDuplicateRows{"duplicate-rows", Severity::kSuspicious,
                                     "a row that equals an earlier one in every field was counted twice",
                                     "remove the copies; they are left out of an import"};
inline constexpr Kind kContradictoryCorrect{
    "contradictory-correct", Severity::kImpossible,
    "Correct Prediction says otherwise than y_pred and y_true",
    "compute the accuracy from y_pred and y_true, and find out where the column comes from"};
inline constexpr Kind kContradictoryLabel{
    "contradictory-label", Severity::kImpossible, "one image has two true classes",
    "check how image ids were given; images of several data sets need ids of their own"};
inline constexpr Kind kImpossibleValue{
    "impossible-value", Severity::kImpossible,
    "no measurement gives this value: NaN, infinite, negative, or beyond 100 %",
    "drop the repetition, or find the raw reading; a failed read is a gap, never a number"};
inline constexpr Kind kCounterFell{
    "counter-fell", Severity::kImpossible,
    "an energy counter only rises; it was reset, or wrapped at a range that cannot be told",
    "repeat the run; its energy is imported as a gap"};
inline constexpr Kind kCounterWrapped{
    "counter-wrapped", Severity::kSuspicious,
    "the counter fell where a 32-bit register of a usual unit wraps; last minus first is negative or far too "
    "low",
    "add the range for each wrap, as the import does; a wrap between two samples stays unseen"};
inline constexpr Kind kTimeRunsBack{
    "time-runs-back", Severity::kImpossible,
    "a row is older than the one before it: the clock was set, or files were joined",
    "split the file where the time falls, or record a monotonic clock"};

// Found on variants and repetitions.

inline constexpr Kind kSizeBeyondType{
    "size-beyond-type", Severity::kImpossible,
    "the stored model shrank by more than the change of element type allows (fp32 to int8: 4 times, to 16 "
    "bits: 2 times)",
    "measure the size of the file that is deployed; parameters that the count does not see are still in it"};
inline constexpr Kind kSizeOfPruned{
    "size-of-pruned", Severity::kSuspicious,
    "masks and zeros do not shrink a dense file, and compiling changes no weight, yet the model got smaller",
    "compare files written by the same routine; torch.nn.utils.prune even adds a mask until it is removed"};
inline constexpr Kind kIdleDevice{
    "idle-device", Severity::kImpossible, "the device is said to execute the model and was never busy",
    "check that the variant ran there at all; its power is that of an idle device"};
inline constexpr Kind kNoEnergy{
    "no-energy", Severity::kImpossible,
    "energy that is 0 or negative although time passed: a failed read stored as a number",
    "treat it as not measured; the import leaves a gap"};
inline constexpr Kind kPowerBeyondBoard{
    "power-beyond-board", Severity::kImpossible, "no device of this kind can draw that much",
    "check the unit (mW, mJ, kWh) and whether several devices were added"};
inline constexpr Kind kPowerTimeEnergy{"power-time-energy", Severity::kSuspicious,
                                       "mean power times time is not the energy, by more than a factor of 2",
                                       "find out which of the three is of another window or unit"};
inline constexpr Kind kPartsNotSum{
    "parts-not-sum", Severity::kImpossible, "the parts do not add up to the total of the same row",
    "use the parts; the total may hold the data centre's overhead or another device"};
inline constexpr Kind kMetersDisagree{"meters-disagree", Severity::kSuspicious,
                                      "two meters of the same device differ by more than half in one window",
                                      "check units and scopes, and use the one of the better tier"};
inline constexpr Kind kModelledEnergy{
    "modelled-energy", Severity::kSuspicious,
    "the same power in every run is a constant or a function of load, not a measurement",
    "treat it as an estimate (tier E); it cannot show that a variant saves energy"};
inline constexpr Kind kOverheadInEnergy{
    "overhead-in-energy", Severity::kSuspicious,
    "the energy of the device was multiplied by the data centre's overhead (PUE)",
    "divide by the PUE before devices are compared, as the import does"};
inline constexpr Kind kAccuracyAtChance{
    "accuracy-at-chance", Severity::kSuspicious,
    "the variant classifies no better than guessing while its baseline does: it is broken, so its energy "
    "says nothing",
    "check the preprocessing, the order of classes and whether the weights were loaded"};
inline constexpr Kind kWindowTooShort{"window-too-short", Severity::kImpossible,
                                      "the window ends before the sensor renews its value once",
                                      "repeat the work until the window spans at least 50 refresh periods"};
inline constexpr Kind kWindowShort{
    "window-short", Severity::kSuspicious,
    "the window spans fewer than 10 refresh periods of the sensor; its edges decide the result",
    "repeat the work until the window spans at least 50 refresh periods"};
inline constexpr Kind kUnpairedImages{
    "unpaired-images", Severity::kImpossible,
    "variants or repetitions that are compared were not given the same images",
    "compare on the images that all have; the import keeps those only for accuracy"};
inline constexpr Kind kUnbalanced{
    "unbalanced", Severity::kSuspicious, "variants of one model have different numbers of repetitions",
    "find the runs that are missing; only repetitions that all have are paired"};
inline constexpr Kind kImagesAsRepetitions{
    "images-as-repetitions", Severity::kImpossible,
    "there is one run and many images: a test over rows takes images for repetitions and finds everything "
    "significant",
    "repeat the whole run, at least 10 times; nothing is inferred from one"};
inline constexpr Kind kCopiedValue{
    "copied-value", Severity::kSuspicious,
    "a figure of the whole run stands on each of its rows as if it were the image's",
    "use it once for the run, as the import does; it has no scatter over images"};
inline constexpr Kind kCopiedRepetition{
    "copied-repetition", Severity::kImpossible,
    "two repetitions have the same time and energy to the last digit: one is a copy",
    "remove the copy; repetitions that are averages of one another carry no scatter"};
inline constexpr Kind kCannotRunThere{
    "cannot-run-there", Severity::kSuspicious, "the tactic has no kernels on the named device",
    "check which device executed it; PyTorch runs such a model on the processor or refuses it"};
inline constexpr Kind kThroughput{"throughput", Severity::kImpossible,
                                  "batch size over step time is not the throughput of the same row",
                                  "check the units; step times are milliseconds"};

inline constexpr std::array kAll = {
    &kDuplicateRows,  &kContradictoryCorrect, &kContradictoryLabel,  &kImpossibleValue, &kCounterFell,
    &kCounterWrapped, &kTimeRunsBack,         &kSizeBeyondType,      &kSizeOfPruned,    &kIdleDevice,
    &kNoEnergy,       &kPowerBeyondBoard,     &kPowerTimeEnergy,     &kPartsNotSum,     &kMetersDisagree,
    &kModelledEnergy, &kOverheadInEnergy,     &kAccuracyAtChance,    &kWindowTooShort,  &kWindowShort,
    &kUnpairedImages, &kUnbalanced,           &kImagesAsRepetitions, &kCopiedValue,     &kCopiedRepetition,
    &kCannotRunThere, &kThroughput,
};

}  // namespace espalier::imports::kind
