#include "cli/doctor_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/version.h"

namespace espalier::cli {
namespace {

using meters::CheckState;
using testing::HasSubstr;

meters::Diagnosis diagnosis() {
    meters::Diagnosis result;
    result.environment.system = "Debian GNU/Linux 12";
    result.environment.cpu.model = "Xeon";
    result.environment.cpu.logical_cpus = 8;
    result.environment.memory = Bytes{16'000'000'000};
    result.checks = {
        {"rapl", "energy", "CPU energy (RAPL)", CheckState::kFail, "readable by root only", "run the\nscript",
         "x"},
        {"governor", "noise", "Frequency governor", CheckState::kWarn, "powersave on 8", "cpupower", "y"},
        {"wall", "energy", "Whole machine", CheckState::kAbsent, "no external meter", "", ""}};
    result.can = {"measure time", "measure memory"};
    result.cannot = {"measure energy"};
    return result;
}

TEST(DoctorText, GroupsChecksAndSumsUp) {
    const std::string text = doctor_text(diagnosis());
    EXPECT_THAT(text, HasSubstr("Debian GNU/Linux 12 · Xeon (8 processors) · 16 GB\n"));
    EXPECT_THAT(text, HasSubstr("\nEnergy\n  [fail] CPU energy (RAPL)            readable by root only\n"));
    EXPECT_THAT(text, HasSubstr("\nNoise\n  [warn] Frequency governor"));
    EXPECT_THAT(text, HasSubstr("         -> cpupower\n"));
    EXPECT_THAT(text, HasSubstr("You can: measure time; measure memory.\nYou cannot: measure energy.\n"));
    EXPECT_THAT(text, HasSubstr("1 problem, 1 warning.\n"));
}

TEST(DoctorText, SaysUnknownWhereTheMachineIsSilent) {
    EXPECT_THAT(doctor_text({}), HasSubstr("unknown system · unknown processor"));
}

TEST(DoctorPlain, OneLinePerCheck) {
    EXPECT_THAT(doctor_plain(diagnosis()), HasSubstr("rapl\tfail\treadable by root only\trun the script\n"));
}

TEST(DoctorJson, HasItsSchema) {
    const auto json = nlohmann::json::parse(doctor_json(diagnosis()));
    EXPECT_EQ(json["schema"], "espalier.doctor/1");
    EXPECT_EQ(json["version"], kVersion);
    EXPECT_EQ(json["checks"][0]["state"], "fail");
    EXPECT_EQ(json["problems"], 1);
    EXPECT_EQ(json["warnings"], 1);
}

TEST(DoctorJson, SurvivesNamesThatAreNotText) {
    auto broken = diagnosis();
    broken.environment.cpu.model = "\xff\xfe";
    EXPECT_NO_THROW(doctor_json(broken));
}

}  // namespace
}  // namespace espalier::cli
