// Repair as a user meets it: trained models that pruning broke answer again, and what is said about it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace espalier::tests {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

const std::string kImages = zoo_images().string();
const std::string kCalibration = (fs::path(ESPALIER_SOURCE_DIR) / "zoo/images/calibration").string();

json evaluated(const std::string& model, const std::string& tactic) {
    const Outcome outcome = run_program("evaluate --json --model " + zoo_model(model).string() + " --data " +
                                        kImages + " --calibration " + kCalibration + " --tactic " + tactic);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.exit_code == 0 ? json::parse(outcome.out) : json{{"top1", 0.0}};
}

TEST(Repair, GivesPrunedModelsTheirAccuracyBack) {
    struct Case {
        const char* model;
        const char* tactic;
        double
            gain;  ///< at least, in top-1; the standard error of a difference on 1000 images is at most 0.02
    };
    for (const Case& c :
         {Case{"resnet-mini", "local-pruning:0.8", 0.1}, Case{"mobilenet_v2-mini", "local-pruning:0.7", 0.1},
          Case{"vit-mini", "local-pruning:0.8", 0.1}, Case{"convnext-mini", "local-pruning:0.8", 0.1},
          Case{"mobilenet_v2-mini", "channel-pruning:0.3", 0.1}}) {
        const double pruned = evaluated(c.model, c.tactic).at("top1");
        const json mended = evaluated(c.model, std::string(c.tactic) + "+repair");
        EXPECT_GT(mended.at("top1").get<double>(), pruned + c.gain)
            << c.model << " " << c.tactic << " " << pruned;
    }
}

TEST(Repair, IsEvidentAndComposes) {
    const json plain = evaluated("resnet-mini", "global-pruning:0.7");
    const json mended = evaluated("resnet-mini", "global-pruning:0.7+repair+compile+static-quantization");
    EXPECT_EQ(mended.at("tactic"), "global-pruning:0.7+repair+compile+static-quantization:mse");
    const json& evidence = mended.at("evidence");
    EXPECT_THAT(evidence.at("passes"), Contains(HasSubstr("repair-pruned x")));
    EXPECT_THAT(evidence.at("notes"), Contains(HasSubstr("repair refitted")));
    EXPECT_EQ(evidence.at("calibration").at("source"), kCalibration);
    EXPECT_GT(mended.at("top1").get<double>(), plain.at("top1").get<double>());
}

TEST(Repair, AloneIsRefusedWithTheRemedy) {
    const Outcome outcome = run_program("evaluate --model " + zoo_model("resnet-mini").string() + " --data " +
                                        kImages + " --tactic compile+repair");
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("local-pruning:0.5+repair"));
    const Outcome inspected = run_program("inspect --tactics " + zoo_model("resnet-mini").string());
    EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
    EXPECT_THAT(inspected.out, HasSubstr("makes up for what pruning did"));
}

}  // namespace
}  // namespace espalier::tests
