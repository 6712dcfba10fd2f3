// Tactics that look at images, as a user meets them: evaluation, export, a study and its resumption, and what
// is said where the images are missing, damaged, or among those that are evaluated.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "program.h"

namespace espalier::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string kModel = zoo_model("resnet-mini").string();
const std::string kImages = zoo_images().string();
const std::string kCalibration = (fs::path(ESPALIER_SOURCE_DIR) / "zoo/images/calibration").string();
const std::string kTactic = " --tactic compile+static-quantization";

json evaluated(const std::string& arguments) {
    const Outcome outcome = run_program("evaluate --json --data " + kImages + " " + arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.exit_code == 0 ? json::parse(outcome.out) : json();
}

TEST(Calibration, KeepsTheAccuracyOfEveryZooModel) {
    for (const char* name : {"resnet-mini", "mobilenet_v2-mini", "vit-mini", "convnext-mini"}) {
        const std::string model = "--model " + zoo_model(name).string();
        const json baseline = evaluated(model);
        const json treated = evaluated(model + kTactic + " --calibration " + kCalibration);
        // 1000 images: two percentage points are 20 answers.
        EXPECT_GT(treated.at("top1").get<double>(), baseline.at("top1").get<double>() - 0.02) << name;
        EXPECT_GT(treated.at("evidence").at("macs_share").at("int8").get<double>(), 0.5) << name;
        const json& origin = treated.at("evidence").at("calibration");
        EXPECT_EQ(origin.at("source"), kCalibration);
        EXPECT_EQ(origin.at("images"), 200);
        EXPECT_EQ(origin.at("evaluated"), 0);
    }
}

TEST(Calibration, TakesImagesThatAreNotEvaluatedOrWarns) {
    const std::string command = "evaluate --model " + kModel + " --data " + kImages + kTactic;
    const Outcome apart = run_program(command + " --images 100");
    EXPECT_EQ(apart.exit_code, 0);
    EXPECT_THAT(apart.out, HasSubstr("calibrated on 256 images of " + kImages));
    EXPECT_THAT(apart.err, Not(HasSubstr("evaluated")));
    const Outcome overlapping = run_program(command);
    EXPECT_EQ(overlapping.exit_code, 0);
    EXPECT_THAT(overlapping.err, HasSubstr("256 of them are also evaluated"));
    EXPECT_THAT(overlapping.err, HasSubstr("--calibration"));
}

TEST(Calibration, ThatIsMissingOrDamagedIsNamed) {
    const TemporaryFolder folder;
    const std::string model = " --model " + kModel + kTactic;
    const Outcome none = run_program("export" + model + " -o " + (folder / "out").string());
    EXPECT_EQ(none.exit_code, 2);
    EXPECT_THAT(none.err, HasSubstr("static-quantization looks at calibration images"));
    EXPECT_THAT(none.err, HasSubstr("--calibration"));
    const auto problem_with = [&](const fs::path& data, int exit_code) {
        const Outcome outcome = run_program("export" + model + " --calibration " + data.string() + " -o " +
                                            (folder / "out").string());
        EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
        return outcome.err;
    };
    EXPECT_THAT(problem_with("/nowhere", 2), HasSubstr("/nowhere"));
    fs::create_directories(folder / "empty");
    EXPECT_THAT(problem_with(folder / "empty", 2), HasSubstr("empty"));
    const fs::path some_class = *fs::directory_iterator(kCalibration);
    fs::create_directories(folder / "images" / some_class.filename());
    write(folder / "images" / some_class.filename() / "broken.png", "no image at all");
    EXPECT_THAT(problem_with(folder / "images", 1), HasSubstr("broken.png"));
    EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(Calibration, IsKeptInWhatIsExported) {
    const TemporaryFolder folder;
    const std::string with = kTactic + " --calibration " + kCalibration;
    const auto predictions = [&](const std::string& variant) {
        const fs::path file = folder / "p.json";
        const Outcome outcome = run_program("evaluate --model " + variant + " --data " + kImages +
                                            " --images 200 --predictions " + file.string());
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        return json::parse(content_of(file)).at("predictions");
    };
    const json expected = predictions(kModel + with);
    for (const std::string format : {"espalier", "onnx"}) {
        const std::string target = (folder / format).string();
        const Outcome outcome =
            run_program("export --model " + kModel + with + " --format " + format + " -o " + target);
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
        EXPECT_EQ(predictions(target), expected) << format;
        const fs::path provenance =
            fs::path(target) / (format == "onnx" ? "provenance.json" : "espalier.json");
        EXPECT_THAT(content_of(provenance), HasSubstr(kCalibration));
    }
}

TEST(Calibration, OfAStudyIsNotedAndResumed) {
    const TemporaryFolder folder;
    write(folder / "plan.toml",
          "models = [\"" + kModel + "\"]\ndata = \"" + kImages + "\"\ncalibration = \"" + kCalibration +
              "\"\ntactics = [\"static-quantization\"]\nimages = 60\nblocks = 2\n" +
              "threads = 1\n[protocol]\nidle = \"0s\"\nwindow = \"1ms\"\nwarmup-cap = \"1ms\"\n");
    const std::string store = " --store " + (folder / "lab.db").string();
    const std::string run = "run -q " + (folder / "plan.toml").string() + store;
    EXPECT_EQ(run_program(run + " --budget 0s").exit_code, 75);
    const Outcome carried_on = run_program(run);
    ASSERT_EQ(carried_on.exit_code, 0) << carried_on.err;
    // Complete: the same study is found again, and its images are gone.
    EXPECT_EQ(run_program(run).out, carried_on.out);
    EXPECT_THAT(run_program("list --json" + store).out, Not(HasSubstr("},{")));
    const Outcome report = run_program("report -o -" + store + " --format json");
    EXPECT_THAT(report.out, HasSubstr("calibrated on 200 images of " + kCalibration)) << report.err;
    for (const auto& entry : fs::directory_iterator(folder / "lab.db.cache")) {
        EXPECT_NE(entry.path().extension(), ".pixels") << entry.path();
    }
}

TEST(Calibration, BenchTakesNoiseAndSaysSo) {
    const Outcome outcome =
        run_program("bench --random-weights --min-time 0 --warmup 1 --threads 1 --model " + kModel + kTactic);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("seeded noise"));
}

TEST(Calibration, InspectTellsWhatTheTacticFindsWithoutImages) {
    const Outcome outcome = run_program("inspect --json --tactics " + kModel);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    std::vector<std::string> applicable;
    const json document = json::parse(outcome.out);
    for (const auto& row : document.at("tactics")) {
        if (row.at("applies").get<bool>()) applicable.push_back(row.at("tactic"));
    }
    EXPECT_THAT(applicable, testing::Contains("static-quantization:mse"));
}

}  // namespace
}  // namespace espalier::tests
