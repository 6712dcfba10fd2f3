#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "imports/audit/audit.h"
#include "imports/format.h"
#include "imports/study.h"
#include "imports/testing/replication_file.h"
#include "lab/plan.h"
#include "lab/runner.h"
#include "lab/verdict.h"
#include "store/studies.h"
#include "store/totals.h"

namespace espalier::imports {
namespace {

using ::testing::HasSubstr;
using testing::Plant;
using testing::ReplicationFile;
using testing::text_of;

constexpr const char* kNow = "2026-01-01T00:00:00Z";

class Import : public ::testing::Test {
  protected:
    Measurements read(const std::string& name, const std::string& text, const ReadOptions& options = {}) {
        return read_files({{folder_.write(name, text), ""}}, options);
    }

    /// Imported and read back.
    store::StudyRecord imported(const Measurements& measurements, bool again = false) {
        auto study = study_of(measurements, audit(measurements), {}, kNow);
        store::Database database(folder_ / "lab.db", store::Access::kWrite);
        write_study(database, study, again);
        return store::read_study(database, study.id);
    }

    std::string problem_of(const std::string& name, const std::string& text) {
        try {
            read(name, text);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kUsage);
            return error.what();
        }
        return "";
    }

    lab::StudyVerdict judge(const store::StudyRecord& study) {
        const auto plan = lab::plan_from_text(study.plan);
        return lab::judge(study, plan.limits, plan.costs, {.resamples = 500});
    }

    TemporaryFolder folder_;
};

TEST_F(Import, ReplicationRunsBecomeRepetitionsAndNeverImages) {
    const auto study = imported(read("r.csv", text_of({})));
    EXPECT_EQ(study.models.size(), 2U);
    EXPECT_EQ(study.variants.size(), 8U);
    EXPECT_EQ(study.blocks, 10);
    EXPECT_EQ(study.trials.size(), 80U);
    EXPECT_EQ(study.dataset.images, 60);
    EXPECT_EQ(study.dataset.path, "imagenet-v2");
    EXPECT_EQ(study.dataset.names.front(), "image_00000.jpg");
    EXPECT_EQ(study.variants[1].tactic, "compile");
    EXPECT_EQ(study.variants[1].device, "gpu");
    EXPECT_EQ(study.variants[1].batch, 0);
    const auto* window = store::find_phase(study.trials[0], "measure");
    ASSERT_NE(window, nullptr);
    EXPECT_EQ(window->images, 60);
    EXPECT_EQ(window->latency_s.size(), 60U);
    const auto totals = store::energy_totals(*window, "gpu");
    ASSERT_EQ(totals.size(), 1U);
    EXPECT_EQ(totals[0].tier, "C");
    EXPECT_EQ(totals[0].scope, "GPU board");
    EXPECT_NEAR(*totals[0].joules, window->duration_s() * 180.0, window->duration_s() * 12.0);
    EXPECT_EQ(study.trials[0].evidence, "");
}

TEST_F(Import, TheVerdictComparesRepetitionsAndClaimsNoEvidence) {
    const auto verdict = judge(imported(read("r.csv", text_of({}))));
    ASSERT_EQ(verdict.models.size(), 2U);
    const auto& model = verdict.models[0];
    EXPECT_TRUE(model.by_energy);
    EXPECT_EQ(model.source.tier, "C");
    ASSERT_EQ(model.variants.size(), 3U);
    const auto& compile = model.variants[0];
    ASSERT_TRUE(compile.energy);
    EXPECT_EQ(compile.energy->blocks, 10U);
    EXPECT_NEAR(compile.energy->ratio, 0.8, 0.02);
    ASSERT_TRUE(compile.accuracy);
    EXPECT_EQ(compile.accuracy->outcomes.images(), 60);
    EXPECT_NEAR(model.baseline_top1->value, 0.9, 1e-12);
    EXPECT_THAT(compile.happened, HasSubstr("unknown"));
    EXPECT_THAT(lab::describe(verdict, false),
                HasSubstr("the machine on which r.csv was measured, batch size unknown"));
}

TEST_F(Import, OneRepetitionInfersNothing) {
    ReplicationFile file;
    file.plants = {Plant::kOneRun};
    const auto verdict = judge(imported(read("r.csv", text_of(file))));
    EXPECT_EQ(verdict.models[0].decision, lab::Decision::kNone);
    EXPECT_THAT(verdict.models[0].because, HasSubstr("complete blocks: 1 of"));
}

TEST_F(Import, RepetitionsWithoutNumbersAreToldByTheImagesThatComeAgain) {
    std::string text = "Experiment,Optimization,Model,Image ID,Total Time\n";
    for (int run = 0; run < 3; ++run) {
        for (int image = 0; image < 4; ++image)
            text += fmt::format("gpu,none,vit,i{},0.0{}{}\n", image, run + 1, image);
    }
    const auto study = imported(read("r.csv", text));
    EXPECT_EQ(study.blocks, 3);
    EXPECT_EQ(store::find_phase(study.trials[2], "measure")->images, 4);
}

TEST_F(Import, IsRefusedTwiceUnlessTold) {
    const auto measurements = read("r.csv", text_of({.runs = 2}));
    const auto first = imported(measurements);
    EXPECT_THROW(imported(measurements), Error);
    const auto again = imported(measurements, true);
    EXPECT_NE(first.key, again.key);
    EXPECT_EQ(again.repeat, 1);
    store::Database database(folder_ / "lab.db", store::Access::kRead);
    EXPECT_EQ(store::Studies(database).list().size(), 2U);
    EXPECT_EQ(store::Studies(database).list()[0].imported, "r.csv");
}

TEST_F(Import, LeavesTheStoreAsItWasWhenItFails) {
    const auto measurements = read("r.csv", text_of({.runs = 2}));
    auto study = study_of(measurements, {}, {}, kNow);
    study.trials.back().phases.push_back(study.trials.back().phases.front());
    study.trials.back().phases.back().readings.push_back(
        {"model size", "", 1.0});  // a second of the same name
    store::Database database(folder_ / "lab.db", store::Access::kWrite);
    EXPECT_THROW(write_study(database, study, false), Error);
    EXPECT_TRUE(store::Studies(database).list().empty());
    EXPECT_FALSE(store::Studies(database).find_import(measurements.files[0].sha256));
}

TEST_F(Import, HasNothingToRun) {
    lab::StudyRun run;
    run.study = imported(read("r.csv", text_of({.runs = 2})));
    store::Database database(folder_ / "lab.db", store::Access::kWrite);
    const MonotonicClock clock;
    EXPECT_THROW(lab::carry_on(database, run, {}, {}, clock), Error);
}

TEST_F(Import, EnergiBridgeIsACounterOfTierB) {
    const auto study = imported(read(
        "e.csv",
        "Delta,Time,PACKAGE_ENERGY (J),DRAM_ENERGY (J),GPU0_ENERGY (mJ),GPU0_USAGE\n"
        "0,1700000000000,100,5,50000,0\n200,1700000000200,110,6,52000,0\n200,1700000000400,130,7,60000,0\n",
        {.images = 10}));
    const auto* window = store::find_phase(study.trials.at(0), "measure");
    EXPECT_NEAR(window->duration_s(), 0.4, 1e-6);
    EXPECT_EQ(window->images, 10);
    const auto cpu = store::energy_totals(*window, "cpu");
    ASSERT_EQ(cpu.size(), 1U);
    EXPECT_EQ(cpu[0].tier, "B");
    EXPECT_EQ(cpu[0].scope, "CPU package");
    EXPECT_DOUBLE_EQ(*cpu[0].joules, 30.0);
    EXPECT_DOUBLE_EQ(*store::energy_totals(*window, "gpu").at(0).joules, 10.0);
}

TEST_F(Import, LogsOfSeveralTacticsBecomeVariants) {
    const std::string heading = "timestamp, power.draw [W], utilization.gpu [%]\n";
    const auto log = [&](const char* name, const char* watts) {
        std::string text = heading;
        for (int i = 0; i < 3; ++i) text += fmt::format("2026/05/09 03:57:4{}.000, {} W, 80 %\n", i, watts);
        return folder_.write(name, text);
    };
    const auto study = imported(read_files({{log("a.csv", "300"), "baseline"},
                                            {log("b.csv", "200"), "torch.compile"},
                                            {log("c.csv", "210"), "compile"}},
                                           {.model = "vit", .images = 100}));
    ASSERT_EQ(study.variants.size(), 2U);
    EXPECT_EQ(study.variants[1].tactic, "compile");
    EXPECT_EQ(study.models[0].name, "vit");
    EXPECT_EQ(study.trials.size(), 3U);
    EXPECT_DOUBLE_EQ(
        *store::energy_totals(*store::find_phase(study.trials[0], "measure"), "gpu").at(0).joules, 600.0);
}

TEST_F(Import, CodecarbonIsAnEstimateAndNeverTestedAsEnergy) {
    std::string text =
        "project_name,duration,cpu_energy,gpu_energy,ram_energy,energy_consumed,gpu_count,pue\n";
    for (int run = 0; run < 12; ++run) {
        text += fmt::format("baseline,36,0.0010{:02},0,0,0.0010{:02},0,1\n", run, run);
        text += fmt::format("compile,36,0.0005{:02},0,0,0.0005{:02},0,1\n", run, run);
    }
    const auto study = imported(read("c.csv", text, {.images = 10}));
    const auto verdict = judge(study).models.at(0);
    EXPECT_FALSE(verdict.by_energy);
    EXPECT_EQ(verdict.source.tier, "E");
    EXPECT_FALSE(verdict.variants.at(0).energy);
    EXPECT_NEAR(*verdict.baseline_estimate_j, 0.0010055 * 3.6e6 / 10, 0.01 * 0.001 * 3.6e5);
}

TEST_F(Import, TimmTablesHaveOneRepetitionOfEachModel) {
    const auto study = imported(read("b.csv",
                                     "model,infer_samples_per_sec,infer_step_time,infer_batch_size\n"
                                     "resnet18,2023.5,126.5,256\nvit,1000,256,256\n"));
    EXPECT_EQ(study.models.size(), 2U);
    EXPECT_EQ(study.variants[0].batch, 256);
    EXPECT_EQ(judge(study).models.at(0).because, "only the baseline was studied");
}

TEST_F(Import, UnknownHeadingsAreAnsweredWithTheFormatsAndTheNearest) {
    const std::string text =
        problem_of("x.csv", "Experiment,Optimization,Model,Image ID,Duration\n1,2,3,4,5\n");
    EXPECT_THAT(text, HasSubstr("x.csv line 1"));
    EXPECT_THAT(text,
                HasSubstr("replication, energibridge, nvidia-smi, codecarbon, timm-benchmark, timm-results"));
    EXPECT_THAT(text, HasSubstr("The nearest is replication, which has the columns \"Total Time\" as well"));
    EXPECT_THAT(problem_of("x.csv", "a,b\n1,2\n"), HasSubstr("no known format"));
}

TEST_F(Import, NamesTheLineOfWhatItCannotUnderstand) {
    const std::string heading = "Experiment,Optimization,Model,Image ID,Total Time,Correct Prediction\n";
    EXPECT_THAT(problem_of("x.csv", heading), HasSubstr("no row below"));
    EXPECT_THAT(problem_of("x.csv", heading + "1,none,vit,a,fast,True\n"),
                HasSubstr("line 2: column \"Total Time\" holds \"fast\""));
    EXPECT_THAT(problem_of("x.csv", heading + "1,none,vit,a,1,True\n1,none,vit,b,1,perhaps\n"),
                HasSubstr("line 3: column \"Correct Prediction\""));
    EXPECT_THAT(problem_of("x.csv", heading + "1,none,vit,a,1\n"), HasSubstr("line 2: 5 fields"));
    EXPECT_THAT(problem_of("x.csv", heading + "1,none,vit,,1,True\n"),
                HasSubstr("line 2: the column \"Image ID\" is empty"));
    EXPECT_THAT(problem_of("n.csv", "timestamp, power.draw [W]\nyesterday, 3 W\n"),
                HasSubstr("line 2: the timestamp"));
}

TEST_F(Import, TakesFilesOfOneFormatOnly) {
    const auto a = folder_.write("a.csv", text_of({.runs = 1}));
    const auto b = folder_.write("b.csv", "model,top1,top5\nvit,80,95\n");
    const auto copy = folder_.write("copy.csv", text_of({.runs = 1}));
    EXPECT_THROW(read_files({{a, ""}, {b, ""}}, {}), Error);
    EXPECT_THROW(read_files({{a, ""}, {copy, ""}}, {}), Error);
    EXPECT_THROW(read_files({{a, ""}}, {.format = "codecarbon"}), Error);
    EXPECT_THROW(read_files({{a, ""}}, {.format = "codecarbn"}), Error);
}

}  // namespace
}  // namespace espalier::imports
