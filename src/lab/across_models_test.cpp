#include "lab/across_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "lab/verdict.h"

namespace espalier::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A variant whose time is `ratio` of the baseline's, as shown as can be.
VariantFindings variant(const std::string& tactic, double ratio) {
    VariantFindings findings;
    findings.tactic = tactic;
    Comparison time;
    time.baseline = 10;
    time.treated = 10 * ratio;
    time.ratio = ratio;
    time.interval = {ratio * 0.99, ratio * 1.01, 0.95};
    time.p_value = 0.001;
    findings.time = time;
    return findings;
}

ModelVerdict model(const std::string& name, double compile, double int8) {
    ModelVerdict verdict;
    verdict.model = name;
    verdict.variants = {variant("compile", compile), variant("dynamic-quantization", int8)};
    verdict.recommendation = compile < int8 ? "compile" : "dynamic-quantization";
    return verdict;
}

const std::vector<ModelVerdict>& four() {
    static const std::vector<ModelVerdict> models = {model("vit", 0.9, 0.5), model("deit", 0.9, 0.4),
                                                     model("resnet", 0.5, 0.7), model("odd", 0.5, 0.9)};
    return models;
}

const std::vector<std::string> kArchitectures = {"vit", "deit", "resnet", "onnx"};

TEST(AcrossModels, SaysWhichTacticForWhichFamily) {
    const auto across = *compare_models(four(), kArchitectures, 0.02);
    ASSERT_EQ(across.families.size(), 3u);
    EXPECT_EQ(across.families[0].family, "convolution");
    EXPECT_EQ(across.families[0].best, "compile");
    EXPECT_EQ(across.families[1].family, "onnx");
    EXPECT_EQ(across.families[2].family, "transformer");
    EXPECT_THAT(across.families[2].models, ElementsAre("vit", "deit"));
    EXPECT_EQ(across.families[2].best, "dynamic-quantization");
    EXPECT_NEAR(across.families[2].tactics[0].ratio, std::sqrt(0.5 * 0.4), 1e-12);
    EXPECT_FALSE(across.by_energy);
    EXPECT_EQ(across.tactics[0].models, 4u);
    EXPECT_FALSE(across.tactics[0].interval);
    EXPECT_FALSE(across.contest.omnibus);
    EXPECT_THAT(describe(across, false),
                HasSubstr("transformer (2 models): dynamic-quantization, -55 % time"));
}

TEST(AcrossModels, ATacticMustSaveAndBeAdmissibleInEveryModelOfTheFamily) {
    auto models = four();
    models[0].variants[1].rejected = "top-1 -3.0 pt";
    EXPECT_EQ(compare_models(models, kArchitectures, 0.02)->families[2].best, "compile");
    models[1].variants[0].time->p_value = 0.5;
    const auto across = *compare_models(models, kArchitectures, 0.02);
    EXPECT_EQ(across.families[2].best, "");
    EXPECT_EQ(across.families[2].tactics[0].admissible, 1u);
    EXPECT_THAT(describe(across, false),
                HasSubstr("no tactic saves in all of them without being ruled out by accuracy"));
}

TEST(AcrossModels, AModelIsOneObservation) {
    std::vector<ModelVerdict> models;
    for (int i = 0; i < 12; ++i)
        models.push_back(model("m" + std::to_string(i), 0.8 + 0.01 * i, 0.5 + 0.01 * i));
    const auto across = *compare_models(models, std::vector<std::string>(12, "vit"), 0.02);
    EXPECT_EQ(across.contest.omnibus->used, 12u);
    EXPECT_EQ(across.contest.omnibus->treatments, 3u);
    EXPECT_EQ(across.contest.ranking[0].tactic, "dynamic-quantization");
    EXPECT_EQ(across.contest.ranking[2].group, 3u);
    EXPECT_TRUE(across.tactics[0].interval->contains(across.tactics[0].ratio));
    const auto json = to_json(across);
    EXPECT_EQ(json["families"][0]["best"], "dynamic-quantization");
    EXPECT_EQ(json["omnibus"]["units"], 12);
}

TEST(AcrossModels, NeedTwoModelsAndTheirArchitectures) {
    EXPECT_FALSE(compare_models({four()[0]}, {"vit"}, 0.02));
    EXPECT_THROW(compare_models(four(), {"vit"}, 0.02), Error);
}

}  // namespace
}  // namespace espalier::lab
