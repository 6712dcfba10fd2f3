// Studies over several runtimes, as a user starts them, with workers that behave and workers that do not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace espalier::tests {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

const std::string kModel = zoo_model("resnet-mini").string();
const std::string kImages = zoo_images().string();

/// The options that make a runtime of the fake worker with that fault.
std::string worker(const std::string& name, const std::string& fault = "''") {
    return " --worker \"" + name + "=" + ESPALIER_FAKE_WORKER + " " + fault + "\"";
}

/// A small study in a store of its own.
class Study {
  public:
    Outcome run(const std::string& options) const {
        return run_program(
            "run --store " + store() + " --model " + kModel + " --data " + kImages +
            " --images 20 --blocks 2 --window 0.02s --idle 0.01s --warmup-cap 0.05s --threads 1 "
            "--progress none " +
            options);
    }
    json shown() const { return json::parse(run_program("show --store " + store() + " --json").out); }
    std::string store() const { return (folder_ / "s.db").string(); }

  private:
    TemporaryFolder folder_;
};

/// runtime/tactic of the variants of a study.
std::vector<std::string> variants_of(const json& shown) {
    std::vector<std::string> names;
    for (const auto& variant : shown.at("variants")) {
        names.push_back(variant.at("runtime").get<std::string>() + "/" +
                        variant.at("tactic").get<std::string>());
    }
    return names;
}

TEST(Runtimes, ShareOneStudyAndItsReferenceIsTheFirstOnesBaseline) {
    const Study study;
    const Outcome outcome = study.run("--runtime mine,native --tactics compile --json" + worker("mine"));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("Left out: mine/compile: the fake has no compile"));
    const json verdict = json::parse(outcome.out);
    EXPECT_EQ(verdict.at("recommendation"), "mine/baseline");
    const json shown = study.shown();
    EXPECT_EQ(variants_of(shown),
              (std::vector<std::string>{"mine/baseline", "native/baseline", "native/compile"}));
    EXPECT_EQ(shown.at("environment").at("runtimes").at("mine").at("libraries").at("fakelib"), "3.4");
    // The same command finds its study again.
    EXPECT_THAT(study.run("--runtime mine,native --tactics compile" + worker("mine")).err,
                HasSubstr("Carrying on"));
    // Other variants are told apart by their runtime.
    const Outcome compared =
        run_program("compare --store " + study.store() + " mine/baseline native/baseline");
    EXPECT_THAT(compared.out, AllOf(HasSubstr("mine/baseline"), HasSubstr("native/baseline")));
    const Outcome report = run_program("report --store " + study.store() + " -o " + study.store() + ".csv");
    EXPECT_EQ(report.exit_code, 0) << report.err;
    EXPECT_THAT(content_of(study.store() + ".csv"), HasSubstr("native/compile"));
}

TEST(Runtimes, GoOnWhenAWorkerFails) {
    for (const auto& [fault, why] : {std::pair{"exits-at-run", "out of luck"},
                                     {"crashes-at-optimize", "signal 6"},
                                     {"wrong-shape", "expected [1, 20]"},
                                     {"says-nan", "not finite"},
                                     {"babbles-at-run", "no JSON object"},
                                     {"endless-line-at-run", "more than 1048576 bytes"},
                                     {"lies-in-evidence", "11 of 10 parameters"}}) {
        const Study study;
        const Outcome outcome = study.run("--runtime native,bad --tactics baseline" + worker("bad", fault));
        EXPECT_EQ(outcome.exit_code, 5) << fault << "\n" << outcome.err;
        const json shown = study.shown();
        int done = 0;
        for (const auto& trial : shown.at("trials")) {
            done += trial.at("state") == "done" ? 1 : 0;
            if (trial.at("state") == "failed") {
                EXPECT_THAT(trial.at("error").get<std::string>(), HasSubstr(why)) << fault;
            }
        }
        EXPECT_EQ(done, 2) << fault;
    }
}

TEST(Runtimes, EndAWorkerThatHangsWithItsTrial) {
    const Study study;
    const Outcome outcome = study.run("--runtime native,bad --tactics baseline --timeout 1s --attempts 1" +
                                      worker("bad", "hangs-at-run"));
    EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
    EXPECT_THAT(study.shown().dump(), HasSubstr("took longer than 1 s"));
}

TEST(Runtimes, ThatDoNotWorkHereEndACommandBeforeAnythingIsMeasured) {
    const Study study;
    const Outcome outcome = study.run("--runtime native,bad" + worker("bad", "dies-at-start"));
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("the worker 'bad'"), HasSubstr("exit code 3")));
    EXPECT_EQ(json::parse(run_program("list --store " + study.store() + " --json").out).at("studies").size(),
              0u);
    EXPECT_THAT(study.run("--runtime nativ").err, HasSubstr("Did you mean 'native'?"));
    EXPECT_EQ(study.run("--runtime nativ").exit_code, 2);
    EXPECT_THAT(study.run("--runtime mine --tactics complie" + worker("mine")).err,
                HasSubstr("no runtime of the study has 'complie'"));
    EXPECT_THAT(study.run("--device cuda").err, HasSubstr("not on 'cuda:0'"));
    EXPECT_THAT(study.run("--worker mine").err, HasSubstr("NAME=COMMAND"));
}

TEST(Runtimes, AreListedWithWhatTheyNeed) {
    const Outcome outcome = run_program("runtimes --json --python /nowhere/python" + worker("mine"));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json all = json::parse(outcome.out).at("runtimes");
    EXPECT_EQ(all.at(0).at("runtime"), "native");
    EXPECT_EQ(all.at(0).at("usable"), true);
    EXPECT_EQ(all.at(1).at("runtime"), "pytorch");
    EXPECT_EQ(all.at(1).at("usable"), false);
    EXPECT_THAT(all.at(1).at("problem").get<std::string>(),
                AllOf(HasSubstr("torch and transformers"), HasSubstr("--python")));
    EXPECT_EQ(all.back().at("version"), "1.2");
}

TEST(Runtimes, AreAmongWhatTheDoctorLooksAt) {
    const json checks = json::parse(run_program("doctor --json --python /nowhere/python").out).at("checks");
    const auto check = std::find_if(checks.begin(), checks.end(),
                                    [](const json& one) { return one.at("id") == "runtime-onnxruntime"; });
    ASSERT_NE(check, checks.end());
    EXPECT_EQ(check->at("state"), "absent");
    EXPECT_THAT(check->at("meaning").get<std::string>(), HasSubstr("/nowhere/python"));
    EXPECT_THAT(check->at("fix").get<std::string>(), HasSubstr("install onnxruntime and onnx"));
    EXPECT_THAT(run_program("doctor").out, HasSubstr("Runtimes"));
}

TEST(Runtimes, CheckTellsARuleThatIsBroken) {
    const std::string check = "runtimes check --model " + kModel + " -- " + ESPALIER_FAKE_WORKER;
    EXPECT_EQ(run_program(check).exit_code, 0);
    const Outcome broken = run_program(check + " wrong-shape");
    EXPECT_EQ(broken.exit_code, 1);
    EXPECT_THAT(broken.out, HasSubstr("BROKEN it writes finite logits"));
}

TEST(Runtimes, EvaluateAndBench) {
    const std::string model = " --model " + kModel + " --runtime mine" + worker("mine");
    const json evaluated =
        json::parse(run_program("evaluate --json --images 20 --data " + kImages + model).out);
    EXPECT_EQ(evaluated.at("runtime"), "mine");
    EXPECT_EQ(evaluated.at("images"), 20);
    const json timed = json::parse(run_program("bench --json --min-time 0" + model).out);
    EXPECT_GT(timed.at("median_ms"), 0);
    EXPECT_EQ(timed.at("evidence").at("weight_bytes"), nullptr);
    EXPECT_THAT(run_program("bench --tactic compile" + model).err, HasSubstr("the fake has no compile"));
    EXPECT_THAT(run_program("bench --profile" + model).err, HasSubstr("our own engine"));
}

}  // namespace
}  // namespace espalier::tests
