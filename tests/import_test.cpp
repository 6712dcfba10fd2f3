// Measurements made elsewhere, as a user meets them: from a file to verdict, comparison and report.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "imports/testing/replication_file.h"
#include "program.h"

namespace espalier::tests {
namespace {

using imports::testing::Plant;
using imports::testing::text_of;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class ForeignMeasurements : public testing::Test {
  protected:
    std::string file(const std::string& name, const imports::testing::ReplicationFile& description) const {
        write(folder_ / name, text_of(description));
        return (folder_ / name).string();
    }
    Outcome run(const std::string& arguments) const {
        return run_program(arguments + " --store " + (folder_ / "lab.db").string());
    }

    TemporaryFolder folder_;
};

TEST_F(ForeignMeasurements, AreAStudyForEveryCommandThatReadsOne) {
    const Outcome imported = run("import --json --name paper " + file("table.csv", {}));
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
    const json document = json::parse(imported.out);
    EXPECT_EQ(document["format"], "replication");
    EXPECT_EQ(document["repetitions"], 10);
    EXPECT_EQ(document["artefacts"], 0);
    EXPECT_THAT(run("list").out, HasSubstr("paper"));
    EXPECT_THAT(run("show").out, HasSubstr("imported  paper (replication), 10 repetitions"));
    const Outcome verdict = run("verdict");
    EXPECT_EQ(verdict.exit_code, 0) << verdict.err;
    EXPECT_THAT(verdict.out, HasSubstr("the machine on which paper was measured, batch size unknown"));
    EXPECT_THAT(verdict.out, HasSubstr("nvidia-smi: GPU board"));
    EXPECT_THAT(run("compare baseline compile --all").out, HasSubstr("unknown"));
    EXPECT_EQ(run("status").exit_code, 0);
    const std::string report = (folder_ / "r.md").string();
    EXPECT_EQ(run("report -o " + report).exit_code, 0);
    EXPECT_THAT(content_of(report), HasSubstr("Measured elsewhere and imported"));
    EXPECT_EQ(run("report -o " + (folder_ / "r.html").string()).exit_code, 0);
    const Outcome audit = run("audit");
    EXPECT_EQ(audit.exit_code, 0) << audit.out;
    EXPECT_THAT(audit.out, HasSubstr("No artefact found in study"));
}

TEST_F(ForeignMeasurements, AreAuditedWithExitCodeFour) {
    const std::string planted = file("bad.csv", {.plants = {Plant::kIdleGpu}});
    const Outcome audit = run("audit " + planted);
    EXPECT_EQ(audit.exit_code, 4);
    EXPECT_THAT(audit.out, HasSubstr("idle-device  impossible"));
    EXPECT_THAT(audit.out, HasSubstr("GPU utilization 0 %"));
    EXPECT_EQ(json::parse(run("audit --json " + planted).out)["artefacts"][0]["code"], "idle-device");
    ASSERT_EQ(run("import " + planted).exit_code, 0);
    EXPECT_EQ(run("audit").exit_code, 4);
    EXPECT_THAT(run("verdict").out, HasSubstr("the audit found 2 artefacts (idle-device)"));
}

TEST_F(ForeignMeasurements, LeaveTheStoreAloneWhenTheyAreRefused) {
    write(folder_ / "cut.csv", text_of({.runs = 1}).substr(0, 2000));
    const Outcome cut = run("import " + (folder_ / "cut.csv").string());
    EXPECT_EQ(cut.exit_code, 2);
    EXPECT_THAT(cut.err, HasSubstr("cut.csv line "));
    const std::string good = file("table.csv", {.runs = 2});
    EXPECT_EQ(run("import -n " + good).exit_code, 0);
    EXPECT_FALSE(fs::exists(folder_ / "lab.db"));
    EXPECT_EQ(run("import " + good).exit_code, 0);
    const std::string before = content_of(folder_ / "lab.db");
    const Outcome twice = run("import " + good);
    EXPECT_EQ(twice.exit_code, 2);
    EXPECT_THAT(twice.err, HasSubstr("was imported before, as study"));
    EXPECT_EQ(content_of(folder_ / "lab.db"), before);
    EXPECT_EQ(run("import --again " + good).exit_code, 0);
    EXPECT_EQ(run("import").exit_code, 2);
    EXPECT_EQ(run("audit --study 7c1e " + good).exit_code, 2);
}

}  // namespace
}  // namespace espalier::tests
