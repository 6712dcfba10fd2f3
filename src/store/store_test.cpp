#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "store/calibrations.h"
#include "store/controls.h"
#include "store/database.h"
#include "store/lock.h"
#include "store/notes.h"
#include "store/predictions.h"
#include "store/schema/schema.h"
#include "store/studies.h"
#include "store/totals.h"
#include "store/trials.h"

namespace espalier::store {
namespace {

using testing::HasSubstr;

class StoreTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(testing::TempDir()) /
                  ("store-" + std::to_string(::getpid()) + "-" + test->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        path_ = folder_ / "lab.db";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// What opening the store says is wrong.
    std::string complaint(Access access = Access::kWrite) const {
        try {
            const Database database(path_, access);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

    std::filesystem::path folder_;
    std::filesystem::path path_;
};

StudyRecord small_study() {
    StudyRecord study;
    study.plan_hash = std::string(64, 'a');
    study.plan = R"({"blocks":2})";
    study.seed = 42;
    study.blocks = 2;
    study.tool_version = "0.1.0";
    study.created_at = "2026-11-23T00:00:00.000Z";
    study.environment = "{}";
    study.dataset = {"images", "csv", std::string(64, 'b'), 2, {"a.png", "b\xff.png"}};
    study.models.push_back({0, "vit", "models/vit", "vit", std::string(64, 'c'), 10, "{}"});
    for (const char* tactic : {"baseline", "compile"}) {
        VariantRecord variant;
        variant.tactic = tactic;
        variant.runtime = "native";
        variant.device = "cpu";
        variant.is_baseline = study.variants.empty();
        study.variants.push_back(variant);
    }
    for (int block = 0; block < 2; ++block) {
        for (int position = 0; position < 2; ++position) {
            TrialRecord trial;
            trial.block = block;
            trial.position = position;
            trial.variant_id = block ^ position;
            study.trials.push_back(trial);
        }
    }
    return study;
}

TrialRecord measured(TrialRecord trial) {
    PhaseRecord phase{.name = "measure", .start_s = 1.5, .end_s = 4.0, .calls = 3, .images = 6, .cpu_s = 4.5};
    phase.latency_s = {0.5F, 0.25F, 1.75F};
    phase.energies.push_back({"powercap", "package-0", 120.5, "B", "CPU package 0", true, 1.0, 1.0, ""});
    phase.energies.push_back(
        {"powercap", "core", std::nullopt, "B", "cores", false, 1.0, 1.0, "could not be read"});
    phase.energies.push_back({"nvml-energy", "GPU-1", 80.0, "B", "GPU board", true, 1.0, 1.0, "", "gpu"});
    phase.readings = {{"memory peak", "B", 1e9}, {"utilization", "1", std::nullopt}};
    trial.phases = {phase, {.name = "unload", .start_s = 4.0, .end_s = 4.1}};
    trial.traces.push_back({"powercap", "package-0", "W", {0.0, 0.1}, {10.0, 11.0}});
    trial.evidence = R"({"nodes_after":3})";
    trial.environment = R"({"load":0.1})";
    trial.predictions_sha256 = "d";
    return trial;
}

TEST_F(StoreTest, GivesBackWhatWasPutIn) {
    Id id = 0;
    {
        Database database(path_, Access::kWrite);
        StudyRecord study = small_study();
        Studies(database).add(study);
        id = study.id;
        Trials trials(database);
        EXPECT_EQ(trials.begin(study.trials[0].id, "2026-11-23T00:00:01.000Z"), 1);
        trials.finish(measured(study.trials[0]), "2026-11-23T00:00:03.500Z");
        Predictions(database).add(study.variants[0].id, study.trials[0].id, {{1, 2}, {1, 3}, {0, 4}});
        Predictions(database).add(study.variants[0].id, study.trials[0].id, {{9}, {9}, {9}});
        Notes(database).add(id, {0, "governor", "powersave", "now"});
        Notes(database).add(id, {0, "governor", "powersave", "later"});
        Notes(database).add(id, {study.trials[0].id, "steal", "2 %", "now"});
        Studies(database).set_verdict(id, "{}", "now");
        Studies(database).set_verdict(id, R"({"decision":"adopt"})", "now");
        EXPECT_NEAR(*trials.mean_seconds(id), 2.5, 1e-3);
    }
    Database database(path_, Access::kRead);
    const StudyRecord study = read_study(database, id);
    EXPECT_EQ(study.seed, 42);
    EXPECT_EQ(study.dataset.names.at(0), "a.png");
    EXPECT_EQ(study.models.at(0).classes, 10);
    EXPECT_TRUE(study.variants.at(0).is_baseline);
    EXPECT_EQ(study.variants.at(1).model_id, study.models.at(0).id);
    EXPECT_EQ(study.verdict, R"({"decision":"adopt"})");
    ASSERT_TRUE(study.variants.at(0).prediction);
    EXPECT_EQ(study.variants.at(0).prediction->predicted, (std::vector<std::int32_t>{1, 3}));
    EXPECT_FALSE(study.variants.at(1).prediction);
    EXPECT_EQ(study.notes.size(), 2u);
    const TrialRecord& trial = study.trials.at(0);
    EXPECT_EQ(trial.state, TrialState::kDone);
    EXPECT_EQ(trial.attempts.at(0).outcome, "done");
    EXPECT_EQ(trial.traces.at(0).samples, (std::vector<double>{10.0, 11.0}));
    const PhaseRecord& phase = *find_phase(trial, "measure");
    EXPECT_EQ(phase.latency_s, (std::vector<float>{0.5F, 0.25F, 1.75F}));
    EXPECT_DOUBLE_EQ(*phase.cpu_s, 4.5);
    EXPECT_FALSE(find_phase(trial, "unload")->cpu_s);
    EXPECT_DOUBLE_EQ(*find_reading(phase, "memory peak"), 1e9);
    EXPECT_FALSE(find_reading(phase, "utilization"));
    EXPECT_FALSE(phase.energies.at(1).joules);
    EXPECT_EQ(study.trials.at(1).state, TrialState::kPlanned);
}

// Requirement 39.
TEST_F(StoreTest, RefusesSamplesThatWereChangedAfterTheyWereRecorded) {
    Database database(path_, Access::kWrite);
    StudyRecord study = small_study();
    Studies(database).add(study);
    Trials(database).begin(study.trials[0].id, "then");
    TrialRecord trial = measured(study.trials[0]);
    trial.phases[0].readings.push_back({"not a number", "1", std::nan("")});
    Trials(database).finish(trial, "now");
    EXPECT_NO_THROW(read_study(database, study.id));
    const auto complaint_after = [&](const std::string& change, const std::string& back) {
        database.sql().exec(change);
        std::string text;
        try {
            read_study(database, study.id);
        } catch (const Error& error) {
            text = error.what();
        }
        database.sql().exec(back);
        EXPECT_NO_THROW(read_study(database, study.id));
        return text;
    };
    EXPECT_THAT(complaint_after("UPDATE energy SET factor_low = factor_low + 1",
                                "UPDATE energy SET factor_low = factor_low - 1"),
                HasSubstr("block 1, position 1"));
    EXPECT_THAT(
        complaint_after("UPDATE phase SET images = images + 1", "UPDATE phase SET images = images - 1"),
        HasSubstr("changed after they were recorded"));
    // One byte of the times of single calls.
    EXPECT_THAT(
        complaint_after("UPDATE phase SET latency = x'0000003f0000803e0000e03e' WHERE name = 'measure'",
                        "UPDATE phase SET latency = x'0000003f0000803e0000e03f' WHERE name = 'measure'"),
        HasSubstr("changed"));
}

TEST_F(StoreTest, KeepsControlsInTheOrderTheyWereMade) {
    Database database(path_, Access::kWrite);
    StudyRecord study = small_study();
    Studies(database).add(study);
    Controls controls(database);
    controls.add(study.id, {0, "first", 0.5, std::nullopt, std::nullopt, "", "", ""});
    controls.add(study.id, {4, "second", 0.6, 2.0, 10.0, "powercap", "B", "CPU package 0"});
    const auto read = read_study(database, study.id).controls;
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[0].made_at, "first");
    EXPECT_FALSE(read[0].energy_j);
    EXPECT_EQ(read[1].after_trials, 4);
    EXPECT_EQ(read[1].energy_j, 2.0);
    EXPECT_EQ(read[1].scope, "CPU package 0");
}

TEST_F(StoreTest, GivesTheNewestCalibrationOfAMachine) {
    Database database(path_, Access::kWrite);
    Calibrations calibrations(database);
    EXPECT_FALSE(calibrations.newest("a"));
    calibrations.add("a", "2026-11-25", "old");
    calibrations.add("a", "2026-11-26", "new");
    calibrations.add("b", "2026-11-26", "other");
    EXPECT_EQ(calibrations.newest("a"), "new");
}

TEST_F(StoreTest, KnowsWhichTrialsAreLeftOut) {
    StudyRecord study = small_study();
    study.notes = {{0, kExcluded, "of the study, which excludes nothing", ""},
                   {3, "steal", "2 %", ""},
                   {4, kExcluded, "hot", ""}};
    EXPECT_EQ(excluded_trials(study), std::set<Id>{4});
}

TEST_F(StoreTest, KeepsTheOrderOfTheDesign) {
    Database database(path_, Access::kWrite);
    StudyRecord study = small_study();
    Studies(database).add(study);
    const auto trials = Trials(database).list(study.id);
    ASSERT_EQ(trials.size(), 4u);
    EXPECT_EQ(trials[0].variant_id, study.variants[0].id);
    EXPECT_EQ(trials[1].variant_id, study.variants[1].id);
    EXPECT_EQ(trials[2].variant_id, study.variants[1].id);
    EXPECT_EQ(trials[3].variant_id, study.variants[0].id);
}

TEST_F(StoreTest, FindsStudiesByPlanAndByTheBeginningOfTheirName) {
    Database database(path_, Access::kWrite);
    Studies studies(database);
    EXPECT_THROW(studies.find(""), Error);
    StudyRecord first = small_study();
    studies.add(first);
    StudyRecord again = small_study();
    again.repeat = 1;
    studies.add(again);
    EXPECT_NE(first.key, again.key);
    EXPECT_EQ(studies.find(""), again.id);
    EXPECT_EQ(studies.find(first.key.substr(0, 6)), first.id);
    EXPECT_EQ(studies.find_plan(first.plan_hash), again.id);
    EXPECT_FALSE(studies.find_plan("other"));
    EXPECT_THROW(studies.find("zzzz"), Error);
    EXPECT_EQ(studies.list().size(), 2u);
    EXPECT_EQ(studies.list()[1].progress.planned, 4);
}

TEST_F(StoreTest, AFailedTrialKeepsItsAttempts) {
    Database database(path_, Access::kWrite);
    StudyRecord study = small_study();
    Studies(database).add(study);
    Trials trials(database);
    const Id trial = study.trials[1].id;
    trials.begin(trial, "t1");
    trials.give_up(trial, "crashed", "signal 11", TrialState::kPlanned, "t2");
    EXPECT_EQ(trials.begin(trial, "t3"), 2);
    trials.give_up(trial, "crashed", "signal 11", TrialState::kFailed, "t4");
    const auto read = read_study(database, study.id).trials[1];
    EXPECT_EQ(read.state, TrialState::kFailed);
    EXPECT_EQ(read.error, "signal 11");
    EXPECT_EQ(read.attempts.size(), 2u);
    EXPECT_EQ(trials.retry_failed(study.id), 1);
    EXPECT_EQ(trials.progress(study.id).planned, 4);
}

TEST_F(StoreTest, ATransactionIsAllOrNothing) {
    Database database(path_, Access::kWrite);
    StudyRecord study = small_study();
    EXPECT_THROW(database.transaction([&] {
        StudyRecord lost = study;
        Studies(database).add(lost);
        fail("in the middle");
    }),
                 Error);
    EXPECT_TRUE(Studies(database).list().empty());
    Studies(database).add(study);
    EXPECT_EQ(Studies(database).list().size(), 1u);
}

// Requirement 27.
TEST_F(StoreTest, WhatWasCommittedSurvivesKill) {
    const pid_t child = ::fork();
    if (child == 0) {
        Database database(path_, Access::kWrite);
        StudyRecord study = small_study();
        Studies(database).add(study);
        Trials(database).begin(study.trials[0].id, "t1");
        database.sql().exec("BEGIN IMMEDIATE");
        database.sql().exec("DELETE FROM study");
        ::kill(::getpid(), SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
    Database database(path_, Access::kWrite);
    const Id study = Studies(database).find("");
    EXPECT_EQ(Trials(database).progress(study).running, 1);
    EXPECT_EQ(Trials(database).recover(study, "t2"), 1);
    EXPECT_EQ(Trials(database).progress(study).planned, 4);
    EXPECT_EQ(read_study(database, study).trials[0].attempts.at(0).outcome, "interrupted");
}

TEST_F(StoreTest, OnlyOneProcessCarriesOutStudies) {
    EXPECT_FALSE(Lock::held(path_));
    {
        const Lock first(path_);
        EXPECT_TRUE(Lock::held(path_));
        try {
            const Lock second(path_);
            ADD_FAILURE() << "two locks were given";
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr("is in use: process " + std::to_string(::getpid())));
        }
    }
    EXPECT_FALSE(Lock::held(path_));
    const Lock third(path_);
}

TEST_F(StoreTest, ReadingNeedsAStore) {
    EXPECT_THAT(complaint(Access::kRead), HasSubstr("there is no store at"));
}

TEST_F(StoreTest, RefusesAFolder) {
    path_ = folder_;
    EXPECT_THAT(complaint(), HasSubstr("is a folder"));
}

TEST_F(StoreTest, RefusesAPlaceThatCannotBeWritten) {
    path_ = "/dev/null/lab.db";
    EXPECT_THAT(complaint(), HasSubstr("cannot make the folder"));
    EXPECT_THROW(Lock lock(path_), Error);
    path_ = "/proc/lab.db";
    EXPECT_NE(complaint(), "");
    EXPECT_THROW(Lock lock(path_), Error);
}

TEST_F(StoreTest, RefusesWhatIsNoDatabase) {
    std::ofstream(path_) << std::string(5000, 'x');
    EXPECT_THAT(complaint(), HasSubstr("is not a store of espalier"));
    EXPECT_THAT(complaint(Access::kRead), HasSubstr("is not a store of espalier"));
}

TEST_F(StoreTest, RefusesADatabaseOfAnotherProgram) {
    SQLite::Database(path_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE mine (a)");
    EXPECT_THAT(complaint(), HasSubstr("database of another program"));
}

TEST_F(StoreTest, RefusesANewerSchema) {
    EXPECT_EQ(complaint(), "");
    SQLite::Database(path_.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
    EXPECT_THAT(complaint(), HasSubstr("newer espalier (schema 99"));
    EXPECT_THAT(complaint(Access::kRead), HasSubstr("newer espalier"));
}

TEST_F(StoreTest, AnEmptyFileIsAStoreToBe) {
    std::ofstream{path_};
    EXPECT_THAT(complaint(Access::kRead), HasSubstr("is an empty file"));
    EXPECT_EQ(complaint(), "");
    EXPECT_EQ(complaint(Access::kRead), "");
}

TEST_F(StoreTest, NoticesDamage) {
    {
        Database database(path_, Access::kWrite);
        StudyRecord study = small_study();
        Studies(database).add(study);
    }
    std::filesystem::resize_file(path_, 5000);
    std::string message = complaint();
    try {
        Database database(path_, Access::kWrite);
        Studies(database).list();
    } catch (const Error& error) {
        message = error.what();
    }
    EXPECT_THAT(message, HasSubstr("damaged"));
}

TEST_F(StoreTest, SaysWhenThereIsNoSpace) {
    Database database(path_, Access::kWrite);
    StudyRecord study = small_study();
    Studies(database).add(study);
    database.sql().exec("PRAGMA max_page_count = 40");
    study.repeat = 1;
    study.plan = std::string(1 << 20, 'x');
    try {
        Studies(database).add(study);
        ADD_FAILURE() << "it fitted";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("no space left"));
    }
    EXPECT_EQ(Studies(database).list().size(), 1u);
}

TEST_F(StoreTest, EverySchemaStepBringsAStoreForward) {
    EXPECT_EQ(complaint(), "");
    Database database(path_, Access::kRead);
    EXPECT_EQ(database.sql().execAndGet("PRAGMA user_version").getInt(),
              static_cast<int>(schema_steps().size()));
    EXPECT_EQ(database.sql().execAndGet("PRAGMA application_id").getInt(), kApplicationId);
    EXPECT_EQ(std::string(database.sql().execAndGet("PRAGMA integrity_check").getText()), "ok");
}

TEST_F(StoreTest, EnergiesOfAnOlderStoreAreThoseOfTheProcessor) {
    {
        SQLite::Database old(path_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        old.exec(std::string(schema_steps()[0]));
        old.exec("PRAGMA foreign_keys = OFF");
        old.exec(
            "INSERT INTO energy VALUES (1, 0, 'powercap', 'package-0', 1.5, 'B', 'package', 1, 1, 1, NULL)");
        old.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
        old.exec("PRAGMA user_version = 1");
    }
    Database database(path_, Access::kRead);
    EXPECT_EQ(std::string(database.sql().execAndGet("SELECT device FROM energy").getText()), "cpu");
}

TEST(EnergyTotals, OfAnotherDeviceAreNotCompared) {
    PhaseRecord phase;
    phase.energies = {{"nvml-energy", "GPU-1", 9.0, "B", "GPU board", true, 1, 1, "", "gpu"},
                      {"powercap", "package-0", 10.0, "C", "package 0", true, 1, 1, "", "cpu"},
                      {"wall", "outlet", 30.0, "A", "outlet", true, 1, 1, "", "machine"}};
    EXPECT_EQ(energy_totals(phase).size(), 3u);
    const auto totals = energy_totals(phase, "cpu");
    ASSERT_EQ(totals.size(), 2u);
    EXPECT_EQ(totals[0].meter, "wall");
    EXPECT_EQ(totals[1].meter, "powercap");
    EXPECT_EQ(energy_totals(phase, "gpu").at(1).meter, "nvml-energy");
}

TEST(EnergyTotals, AddOnlyWhatIsDistinct) {
    PhaseRecord phase;
    phase.energies = {{"estimate", "cpu", 9.0, "E", "CPU", true, 0.4, 1.6, ""},
                      {"powercap", "package-0", 10.0, "B", "package 0", true, 1, 1, ""},
                      {"powercap", "core", 6.0, "B", "cores", false, 1, 1, ""},
                      {"powercap", "dram", 2.0, "B", "DRAM", true, 1, 1, ""}};
    auto totals = energy_totals(phase);
    ASSERT_EQ(totals.size(), 2u);
    EXPECT_EQ(totals[0].meter, "powercap");
    EXPECT_DOUBLE_EQ(*totals[0].joules, 12.0);
    EXPECT_EQ(totals[0].scope, "package 0 + DRAM");
    EXPECT_DOUBLE_EQ(totals[1].factor_high, 1.6);
    phase.energies[3].joules.reset();
    phase.energies[3].problem = "could not be read";
    totals = energy_totals(phase);
    EXPECT_FALSE(totals[0].joules);
    EXPECT_EQ(totals[0].problem, "dram: could not be read");
}

TEST(EnergyTotals, ZonesThatAreOnlyShownMakeAndSpoilNone) {
    PhaseRecord phase;
    phase.energies = {{"hwmon-energy", "sensor", 5.0, "B", "a sensor", false, 1, 1, "", "machine"},
                      {"powercap", "package-0", 10.0, "B", "package 0", true, 1, 1, ""},
                      {"powercap", "core", std::nullopt, "B", "cores", false, 1, 1, "could not be read"}};
    const auto totals = energy_totals(phase);
    ASSERT_EQ(totals.size(), 1u);
    EXPECT_EQ(totals[0].joules, 10.0);
    EXPECT_TRUE(totals[0].problem.empty());
}

}  // namespace
}  // namespace espalier::store
