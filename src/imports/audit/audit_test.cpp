#include "imports/audit/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/temporary_folder.h"
#include "imports/format.h"
#include "imports/kinds.h"
#include "imports/study.h"
#include "imports/testing/replication_file.h"

namespace espalier::imports {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Plant;
using testing::ReplicationFile;
using testing::text_of;

Measurements measurements(const ReplicationFile& file) {
    const TemporaryFolder folder;
    return read_files({{folder.write("results.csv", text_of(file)), ""}}, {});
}

std::vector<std::string> codes(const Artefacts& artefacts) {
    std::vector<std::string> all;
    for (const auto& artefact : artefacts) all.emplace_back(artefact.kind->code);
    return all;
}

std::vector<std::string> codes_of(const std::string& name, const std::string& text) {
    const TemporaryFolder folder;
    return codes(audit(read_files({{folder.write(name, text), ""}}, {})));
}

struct Planted {
    Plant plant;
    const Kind* kind;
};

constexpr Planted kPlanted[] = {
    {Plant::kDuplicateRow, &kind::kDuplicateRows},
    {Plant::kContradictoryCorrect, &kind::kContradictoryCorrect},
    {Plant::kContradictoryLabel, &kind::kContradictoryLabel},
    {Plant::kNotANumber, &kind::kImpossibleValue},
    {Plant::kNegativeTime, &kind::kImpossibleValue},
    {Plant::kShrunkenInt8, &kind::kSizeBeyondType},
    {Plant::kShrunkenPruned, &kind::kSizeOfPruned},
    {Plant::kIdleGpu, &kind::kIdleDevice},
    {Plant::kZeroPower, &kind::kNoEnergy},
    {Plant::kNegativePower, &kind::kNoEnergy},
    {Plant::kHugePower, &kind::kPowerBeyondBoard},
    {Plant::kGuessing, &kind::kAccuracyAtChance},
    {Plant::kShortWindow, &kind::kWindowTooShort},
    {Plant::kMissingImage, &kind::kUnpairedImages},
    {Plant::kMissingRun, &kind::kUnbalanced},
    {Plant::kOneRun, &kind::kImagesAsRepetitions},
    {Plant::kCopiedTime, &kind::kCopiedValue},
    {Plant::kCopiedRun, &kind::kCopiedRepetition},
    {Plant::kQuantizedOnGpu, &kind::kCannotRunThere},
};

/// A file with the plant; the tactics that it needs are in it, on a device that can execute them.
ReplicationFile with(Plant plant) {
    ReplicationFile file;
    file.plants = {plant};
    if (plant == Plant::kShrunkenInt8) file.condition = "cpu";
    if (plant == Plant::kShrunkenInt8 || plant == Plant::kQuantizedOnGpu)
        file.tactics.emplace_back("dynamic quantization");
    return file;
}

TEST(Audit, FindsNothingInACleanFile) {
    EXPECT_THAT(codes(audit(measurements({}))), IsEmpty());
    ReplicationFile cpu;
    cpu.condition = "cpu";
    cpu.tactics.emplace_back("dynamic quantization");
    cpu.separator = ';';
    cpu.line_end = "\r\n";
    cpu.byte_order_mark = true;
    EXPECT_THAT(codes(audit(measurements(cpu))), IsEmpty());
}

TEST(Audit, FindsEachPlantAndNothingElse) {
    for (const auto& planted : kPlanted) {
        const auto artefacts = audit(measurements(with(planted.plant)));
        EXPECT_FALSE(artefacts.empty()) << planted.kind->code;
        for (const auto& artefact : artefacts) {
            EXPECT_EQ(artefact.kind, planted.kind)
                << artefact.kind->code << " for " << planted.kind->code << ": " << artefact.figures;
            EXPECT_FALSE(artefact.where.empty());
            EXPECT_FALSE(artefact.figures.empty());
        }
    }
}

TEST(Audit, FindsAllPlantsTogether) {
    ReplicationFile file;
    file.tactics.emplace_back("dynamic quantization");
    file.plants = {Plant::kDuplicateRow, Plant::kContradictoryCorrect,
                   Plant::kShrunkenInt8, Plant::kIdleGpu,
                   Plant::kZeroPower,    Plant::kGuessing,
                   Plant::kMissingImage, Plant::kQuantizedOnGpu};
    const auto found = codes(audit(measurements(file)));
    for (const auto* kind :
         {&kind::kDuplicateRows, &kind::kContradictoryCorrect, &kind::kSizeBeyondType, &kind::kIdleDevice,
          &kind::kNoEnergy, &kind::kAccuracyAtChance, &kind::kUnpairedImages, &kind::kCannotRunThere})
        EXPECT_THAT(found, ::testing::Contains(std::string(kind->code)));
}

TEST(Audit, NamesTheLinesOfARow) {
    const auto artefacts = audit(measurements(with(Plant::kDuplicateRow)));
    ASSERT_EQ(artefacts.size(), 1U);
    // Heading, 5 runs of 2 x 4 variants of 60 rows, then row 8 of the baseline and its copy.
    EXPECT_NE(artefacts[0].where.find("results.csv line 2410"), std::string::npos) << artefacts[0].where;
    const auto document = to_json(artefacts, measurements(with(Plant::kDuplicateRow)));
    EXPECT_EQ(document["artefacts"][0]["code"], "duplicate-rows");
    EXPECT_EQ(document["artefacts"][0]["severity"], "suspicious");
}

constexpr const char* kBridge = "Delta,Time,PACKAGE_ENERGY (J),DRAM_ENERGY (J),GPU0_USAGE\n";

TEST(Audit, OfCountersThatFall) {
    EXPECT_THAT(
        codes_of("a.csv", std::string(kBridge) + "0,1700000000000,100,5,0\n200,1700000000200,120,6,0\n"),
        IsEmpty());
    EXPECT_THAT(
        codes_of("a.csv", std::string(kBridge) + "0,1700000000000,262130,5,0\n200,1700000000200,10,6,0\n"),
        ElementsAre("counter-wrapped"));
    EXPECT_THAT(
        codes_of("a.csv", std::string(kBridge) + "0,1700000000000,100,5,0\n200,1700000000200,10,6,0\n"),
        ElementsAre("counter-fell"));
    EXPECT_THAT(
        codes_of("a.csv", std::string(kBridge) + "0,1700000000000,100,5,0\n200,1700000000200,100,6,0\n"),
        ElementsAre("no-energy"));
    EXPECT_THAT(
        codes_of("a.csv", std::string(kBridge) + "0,1700000000000,100,5,0\n200,1699999999000,101,6,0\n"),
        ElementsAre("time-runs-back"));
}

TEST(Audit, OfNvidiaSmi) {
    const std::string heading = "timestamp, power.draw [W], utilization.gpu [%], power.limit [W]\n";
    const auto rows = [&](const std::string& watts) {
        std::string text = heading;
        for (int i = 0; i < 4; ++i)
            text += "2026/05/09 03:57:4" + std::to_string(i) + ".161, " + watts + " W, 50 %, 450.00 W\n";
        return text;
    };
    EXPECT_THAT(codes_of("n.csv", rows("310.5")), IsEmpty());
    EXPECT_THAT(codes_of("n.csv", rows("0.00")), ElementsAre("no-energy"));
    EXPECT_THAT(codes_of("n.csv", rows("620.0")), ElementsAre("power-beyond-board"));
    EXPECT_THAT(
        codes_of(
            "n.csv",
            heading +
                "2026/05/09 03:57:40.000, 300 W, 9 %, 450 W\n2026/05/09 03:57:40.050, 300 W, 9 %, 450 W\n"),
        ElementsAre("window-too-short"));
}

TEST(Audit, OfCodecarbon) {
    const std::string heading =
        "timestamp,project_name,run_id,duration,cpu_power,gpu_power,cpu_energy,gpu_energy,ram_energy,energy_"
        "consumed,gpu_count,pue\n";
    // 300 W of the GPU in 36 s are 0.003 kWh; 42.5 W are 0.000425 kWh.
    const std::string clean = heading +
                              "t,resnet,1,36,41.2,300,0.000425,0.003,0.0001,0.003525,1,1.0\n"
                              "t,resnet,2,36,43.1,300,0.000427,0.00301,0.0001,0.003537,1,1.0\n";
    EXPECT_THAT(codes_of("c.csv", clean), IsEmpty());
    EXPECT_THAT(codes_of("c.csv", heading + "t,resnet,1,36,42.5,300,0.000425,0,0.0001,0.000525,1,1.0\n"),
                ElementsAre("no-energy"));
    EXPECT_THAT(codes_of("c.csv", heading + "t,resnet,1,36,42.5,300,0.000425,0.003,0.0001,0.0176,1,1.0\n"),
                ElementsAre("parts-not-sum"));
    EXPECT_THAT(codes_of("c.csv", heading + "t,resnet,1,36,42.5,900,0.000425,0.003,0.0001,0.003525,1,1.0\n"),
                ElementsAre("power-time-energy"));
    EXPECT_THAT(
        codes_of("c.csv", heading + "t,resnet,1,36,42.5,300,0.000425,0.003,0.0001,0.003525,1,1.0\n"
                                    "t,resnet,2,36,42.5,300,0.000425,0.00301,0.0001,0.003535,1,1.0\n"),
        ElementsAre("modelled-energy"));
    EXPECT_THAT(codes_of("c.csv", heading + "t,resnet,1,36,42.5,300,0.000425,0.003,0.0001,0.003525,1,1.5\n"),
                ElementsAre("overhead-in-energy"));
}

TEST(Audit, OfTimm) {
    const std::string heading =
        "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count\n";
    EXPECT_THAT(codes_of("b.csv", heading + "resnet18,224,126.5,7.907,1,11.69\n"), IsEmpty());
    EXPECT_THAT(codes_of("b.csv", heading + "resnet18,224,12650,7.907,1,11.69\n"), ElementsAre("throughput"));
    EXPECT_THAT(codes_of("r.csv", "model,top1,top1_err,top5,top5_err\nresnet18,180.9,19,94,6\n"),
                ElementsAre("impossible-value"));
}

TEST(Audit, OfAStudyInAStoreSeesWhatIsLeftOfTheFile) {
    auto read = measurements(with(Plant::kShrunkenInt8));
    auto study = study_of(read, audit(read), {}, "2026-01-01T00:00:00Z");
    for (auto& trial : study.trials) trial.state = store::TrialState::kDone;
    for (std::size_t i = 0; i < study.models.size(); ++i) study.models[i].id = static_cast<store::Id>(i);
    for (std::size_t i = 0; i < study.variants.size(); ++i) study.variants[i].id = static_cast<store::Id>(i);
    EXPECT_THAT(codes(audit(measurements_of(study))), ElementsAre("size-beyond-type", "size-beyond-type"));
}

}  // namespace
}  // namespace espalier::imports
