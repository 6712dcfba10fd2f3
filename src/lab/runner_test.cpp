#include "lab/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "lab/control.h"
#include "lab/design.h"
#include "store/lock.h"
#include "store/notes.h"
#include "store/studies.h"
#include "store/trials.h"

namespace espalier::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = TrialOutcome::Kind;

constexpr int kVariants = 3;
constexpr int kBlocks = 4;

TrialResult result_of(const std::string& predictions) {
    TrialResult result;
    result.measured.phases.push_back(
        {.name = "measure", .start_s = 0.0, .end_s = 1.0, .calls = 1, .images = 1});
    result.measured.predictions_sha256 = predictions;
    result.measured.evidence = "{}";
    result.measured.environment = "{}";
    return result;
}

class Runner : public testing::Test {
  protected:
    void SetUp() override {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(testing::TempDir()) /
                  ("runner-" + std::to_string(::getpid()) + "-" + test->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        path_ = folder_ / "lab.db";
        store::Database database(path_, store::Access::kWrite);
        run_.study = planned();
        store::Studies(database).add(run_.study);
        for (const auto& variant : run_.study.variants) {
            run_.requests.push_back({.model = "m", .tactic = variant.tactic, .runtime = "native"});
        }
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    static store::StudyRecord planned() {
        store::StudyRecord study{.plan_hash = "p", .plan = "{}", .seed = 1, .blocks = kBlocks};
        study.tool_version = "0";
        study.created_at = "t";
        study.environment = "{}";
        study.dataset = {"d", "csv", "s", 1, {"a"}};
        study.models.push_back(
            {.name = "m", .path = "m", .architecture = "vit", .sha256 = "s", .info = "{}"});
        for (const char* tactic : {"baseline", "compile", "local-pruning:0.3"}) {
            study.variants.push_back({.tactic = tactic, .runtime = "native", .device = "cpu"});
        }
        for (const Cell& cell : make_design(kVariants, kBlocks, 5)) {
            store::TrialRecord trial{
                .variant_id = cell.variant, .block = cell.block, .position = cell.position};
            study.trials.push_back(trial);
        }
        return study;
    }

    RunSummary carry_on_with(const Execute& execute, RunOptions options = {}) {
        store::Database database(path_, store::Access::kWrite);
        return carry_on(database, run_, execute, options, clock_);
    }

    store::StudyRecord stored() {
        store::Database database(path_, store::Access::kRead);
        return store::read_study(database, run_.study.id);
    }

    /// A program that behaves as `espalier trial` would, given this shell text for its body.
    std::string program(const std::string& body) {
        const auto path = folder_ / "trial.sh";
        std::ofstream(folder_ / "result.json") << write_result(result_of("same"));
        std::ofstream(path) << "#!/bin/sh\ncat > /dev/null\necho $$ >> " << (folder_ / "pids").string()
                            << "\n"
                            << body << "\ncat " << (folder_ / "result.json").string() << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path.string();
    }

    std::filesystem::path folder_;
    std::filesystem::path path_;
    StudyRun run_;
    MonotonicClock clock_;
};

TEST_F(Runner, MakesEveryTrialInTheOrderOfTheDesign) {
    std::vector<std::string> made;
    const auto summary = carry_on_with([&](const TrialRequest& request, const auto&) {
        made.push_back(request.tactic);
        return TrialOutcome{Kind::kDone, result_of("same"), ""};
    });
    EXPECT_EQ(summary.progress.done, kVariants * kBlocks);
    std::vector<std::string> planned_order;
    for (const auto& cell : make_design(kVariants, kBlocks, 5)) {
        planned_order.push_back(run_.requests[static_cast<std::size_t>(cell.variant)].tactic);
    }
    EXPECT_EQ(made, planned_order);
}

// Requirement 29.
TEST_F(Runner, AsksForPredictionsOncePerVariantAndNoticesWhenTheyChange) {
    int asked = 0;
    int made = 0;
    carry_on_with([&](const TrialRequest& request, const auto&) {
        asked += request.keep_predictions ? 1 : 0;
        return TrialOutcome{Kind::kDone, result_of(++made == kVariants * kBlocks ? "other" : "same"), ""};
    });
    EXPECT_EQ(asked, kVariants);
    const auto study = stored();
    ASSERT_EQ(study.notes.size(), 1u);
    EXPECT_EQ(study.notes[0].code, "predictions-differ");
}

TEST_F(Runner, RetriesCrashesThenGoesOn) {
    int tries = 0;
    const auto summary = carry_on_with([&](const TrialRequest& request, const auto&) {
        if (request.tactic == "compile" && ++tries <= 4) return TrialOutcome{Kind::kCrashed, {}, "signal 11"};
        return TrialOutcome{Kind::kDone, result_of("same"), ""};
    });
    // Three tries of the first trial, and one of the second before it works.
    EXPECT_EQ(summary.progress.failed, 1);
    EXPECT_EQ(summary.progress.done, kVariants * kBlocks - 1);
    for (const auto& trial : stored().trials) {
        if (trial.state == store::TrialState::kFailed) {
            EXPECT_EQ(trial.attempts.size(), 3u);
            EXPECT_EQ(trial.error, "signal 11");
        }
    }
}

TEST_F(Runner, DoesNotRepeatWhatCannotWork) {
    int tries = 0;
    const auto summary = carry_on_with([&](const TrialRequest& request, const auto&) {
        if (request.tactic != "compile") return TrialOutcome{Kind::kDone, result_of("same"), ""};
        ++tries;
        return TrialOutcome{Kind::kFailed, {}, "no such layer"};
    });
    EXPECT_EQ(tries, 2);
    EXPECT_EQ(summary.progress.failed, kBlocks);
}

TEST_F(Runner, EndsTheStudyWhereAMeterThatWasNamedIsGone) {
    int made = 0;
    const auto execute = [&](const TrialRequest&, const auto&) {
        if (++made == 3) return TrialOutcome{Kind::kNoMeter, {}, "the meter shelly2://h cannot be used"};
        return TrialOutcome{Kind::kDone, result_of("same"), ""};
    };
    try {
        carry_on_with(execute);
        FAIL() << "nothing takes the place of a meter that was named";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kCannotMeasure);
        EXPECT_THAT(error.what(), HasSubstr("shelly2://h"));
    }
    EXPECT_EQ(made, 3);
    const auto summary = carry_on_with(execute);
    EXPECT_EQ(summary.progress.done, kVariants * kBlocks) << "the trial stayed planned";
}

TEST_F(Runner, StopsAfterTheTrialItIsIn) {
    int made = 0;
    RunOptions options;
    options.stop_requests = [&] { return made >= 2 ? 1 : 0; };
    const auto execute = [&](const TrialRequest&, const auto&) {
        ++made;
        return TrialOutcome{Kind::kDone, result_of("same"), ""};
    };
    auto summary = carry_on_with(execute, options);
    EXPECT_TRUE(summary.interrupted);
    EXPECT_EQ(summary.progress.done, 2);
    summary = carry_on_with(execute);
    EXPECT_FALSE(summary.interrupted);
    EXPECT_EQ(made, kVariants * kBlocks);
}

TEST_F(Runner, ATrialEndedAtOnceIsPlannedAgain) {
    RunOptions options;
    options.stop_requests = [] { return 2; };
    int asked = 0;
    options.stop_requests = [&] { return asked++ > 0 ? 2 : 0; };
    const auto summary = carry_on_with(
        [&](const TrialRequest&, const std::function<bool()>& now) {
            return now() ? TrialOutcome{Kind::kInterrupted, {}, "user"} : TrialOutcome{};
        },
        options);
    EXPECT_TRUE(summary.interrupted);
    EXPECT_EQ(summary.progress.planned, kVariants * kBlocks);
}

TEST_F(Runner, BeginsNothingBeyondItsBudget) {
    RunOptions options;
    options.budget = Seconds(0.0);
    const auto summary = carry_on_with([](const auto&, const auto&) { return TrialOutcome{}; }, options);
    EXPECT_TRUE(summary.out_of_budget);
    EXPECT_FALSE(summary.interrupted);
    EXPECT_EQ(summary.progress.done, 0);
}

TEST_F(Runner, ReadsWhatATrialsProcessSays) {
    const auto never = [] { return false; };
    const TrialRequest request;
    EXPECT_EQ(in_own_process(program("true"), Seconds(60))(request, never).kind, Kind::kDone);
    EXPECT_EQ(in_own_process(program("kill -SEGV $$"), Seconds(60))(request, never).kind, Kind::kCrashed);
    EXPECT_EQ(in_own_process(program("sleep 60"), Seconds(0.1))(request, never).kind, Kind::kTimedOut);
    EXPECT_THAT(in_own_process(program("echo garbage; exit 0"), Seconds(60))(request, never).detail,
                HasSubstr("cannot be read"));
    EXPECT_THAT(in_own_process(program("echo why >&2; exit 9"), Seconds(60))(request, never).detail,
                HasSubstr("exit code 9; it wrote: why"));
    const auto failing = program("true");
    TrialResult failed;
    failed.error = "no such layer";
    std::ofstream(folder_ / "result.json") << write_result(failed);
    const auto outcome = in_own_process(failing, Seconds(60))(request, never);
    EXPECT_EQ(outcome.kind, Kind::kFailed);
    EXPECT_EQ(outcome.detail, "no such layer");
    failed.lacks_meter = true;
    std::ofstream(folder_ / "result.json") << write_result(failed);
    EXPECT_EQ(in_own_process(failing, Seconds(60))(request, never).kind, Kind::kNoMeter);
}

TEST_F(Runner, RemovesWhatATrialThatIsEndedLeavesInTemporaryFolders) {
    const auto told = folder_ / "told";
    const auto leaving =
        program("mkdir $TMPDIR/torchinductor && echo $TMPDIR > " + told.string() + " && sleep 60");
    const auto outcome = in_own_process(leaving, Seconds(2))(TrialRequest(), [] { return false; });
    EXPECT_EQ(outcome.kind, Kind::kTimedOut);
    std::string folder;
    std::getline(std::ifstream(told) >> std::ws, folder);
    ASSERT_NE(folder.find("espalier-"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(Runner, ATrialNeedsNoTemporaryFolder) {
    const auto fine = program("true");
    const char* before = ::getenv("TMPDIR");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("TMPDIR", "/no/such/folder", 1);
    const auto outcome = in_own_process(fine, Seconds(60))(TrialRequest(), [] { return false; });
    kept.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
    EXPECT_EQ(outcome.kind, Kind::kDone) << outcome.detail;
}

bool alive(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    return (file >> number >> name >> state) && state != "Z";
}

/// Waits until no process whose number the trials wrote down is left; false after five seconds.
bool all_gone(const std::filesystem::path& pids) {
    MonotonicClock clock;
    for (int i = 0; i < 500; ++i) {
        std::ifstream file(pids);
        bool any = false;
        for (pid_t pid = 0; file >> pid;) any = any || alive(pid);
        if (!any) return true;
        clock.sleep(Seconds(0.01));
    }
    return false;
}

std::vector<store::Id> schedule(const store::StudyRecord& study) {
    std::vector<store::Id> variants;
    for (const auto& trial : study.trials) variants.push_back(trial.variant_id);
    return variants;
}

// Requirement 28.
TEST_F(Runner, RunsTheControlAtTheStartAtTheEndAndBetween) {
    run_.control = control_request(1, {});
    run_.control_every = 5;
    std::string order;
    double time = 1.0;
    const auto summary = carry_on_with([&](const TrialRequest& request, const auto&) {
        order += is_control(request) ? 'c' : 't';
        TrialResult result = result_of("same");
        result.measured.phases[0].latency_s = {static_cast<float>(time)};
        if (is_control(request)) time += 0.02;
        return TrialOutcome{Kind::kDone, result, ""};
    });
    EXPECT_EQ(order, "ctttttctttttcttc");
    EXPECT_EQ(summary.progress.done, kVariants * kBlocks);
    const auto study = stored();
    ASSERT_EQ(study.controls.size(), 4u);
    EXPECT_EQ(study.controls[1].after_trials, 5);
    EXPECT_EQ(study.controls[3].after_trials, 12);
    ASSERT_EQ(study.notes.size(), 1u);
    EXPECT_EQ(study.notes[0].code, "control-drift");
}

TEST_F(Runner, AControlThatFailsTakesNothingFromTheStudy) {
    run_.control = control_request(1, {});
    run_.control_every = 5;
    const auto summary = carry_on_with([&](const TrialRequest& request, const auto&) {
        return is_control(request) ? TrialOutcome{Kind::kCrashed, {}, "no"}
                                   : TrialOutcome{Kind::kDone, result_of("same"), ""};
    });
    EXPECT_EQ(summary.progress.done, kVariants * kBlocks);
    EXPECT_TRUE(stored().controls.empty());
}

// Requirement 23.
TEST_F(Runner, EveryTrialLearnsTheTemperatureAtWhichTheFirstBegan) {
    std::vector<std::optional<double>> told;
    carry_on_with([&](const TrialRequest& request, const auto&) {
        told.push_back(request.start_temperature_c);
        TrialResult result = result_of("same");
        result.measured.environment =
            fmt::format(R"({{"before":{{"temperature_c":{}}}}})", 40 + static_cast<int>(told.size()));
        return TrialOutcome{Kind::kDone, result, ""};
    });
    EXPECT_EQ(told.front(), std::nullopt);
    EXPECT_EQ(told[1], 41.0);
    EXPECT_EQ(told.back(), 41.0);
}

// Requirement 26.
TEST_F(Runner, LeavesATrialOutForAPreregisteredCauseAndKeepsWhatItMeasured) {
    run_.exclude = {"throttled"};
    int made = 0;
    carry_on_with([&](const TrialRequest&, const auto&) {
        TrialResult result = result_of("same");
        if (++made == 2) result.notes.push_back({0, "throttled", "heat held the cores down", ""});
        if (made == 3) result.notes.push_back({0, "warm-up", "not steady", ""});
        return TrialOutcome{Kind::kDone, result, ""};
    });
    const auto study = stored();
    EXPECT_EQ(store::excluded_trials(study), std::set<store::Id>{study.trials[1].id});
    EXPECT_EQ(study.trials[1].state, store::TrialState::kDone);
    EXPECT_EQ(study.trials[1].phases.size(), 1u);
}

// Requirement 27.
TEST_F(Runner, SurvivesBeingKilledAtAnyMoment) {
    const auto trial = program("sleep 0.01");
    const auto order = schedule(stored());
    Random random(20261123);
    std::int64_t done = 0;
    for (int kill = 0; kill < 10; ++kill) {
        const pid_t runner = ::fork();
        if (runner == 0) {
            const store::Lock lock(path_);
            carry_on_with(in_own_process(trial, Seconds(60)));
            ::_exit(0);
        }
        clock_.sleep(Seconds(0.08 * random.uniform()));
        ::kill(runner, SIGKILL);
        ::waitpid(runner, nullptr, 0);
        EXPECT_TRUE(all_gone(folder_ / "pids"));
        const auto study = stored();
        std::int64_t now = 0;
        for (const auto& one : study.trials) {
            const bool is_done = one.state == store::TrialState::kDone;
            now += is_done ? 1 : 0;
            EXPECT_EQ(one.phases.size(), is_done ? 1u : 0u);
        }
        EXPECT_GE(now, done);
        EXPECT_EQ(schedule(study), order);
        done = now;
    }
    const store::Lock lock(path_);
    EXPECT_EQ(carry_on_with(in_own_process(trial, Seconds(60))).progress.done, kVariants * kBlocks);
    EXPECT_EQ(schedule(stored()), order);
}

// Requirement 27.
TEST_F(Runner, SurvivesTrialsBeingKilled) {
    // Every third process dies, so that no trial dies three times in a row.
    const auto trial =
        program("test $(( $(wc -l < " + (folder_ / "pids").string() + ") % 3 )) -ne 0 || kill -KILL $$");
    const auto summary = carry_on_with(in_own_process(trial, Seconds(60)));
    EXPECT_EQ(summary.progress.done, kVariants * kBlocks);
    EXPECT_EQ(summary.progress.failed, 0);
}

}  // namespace
}  // namespace espalier::lab
