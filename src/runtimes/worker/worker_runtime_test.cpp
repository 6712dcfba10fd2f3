#include "runtimes/worker/worker_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "models/load.h"
#include "models/save.h"
#include "runtimes/access.h"
#include "runtimes/worker/check.h"
#include "runtimes/worker/exchange.h"
#include "runtimes/worker/worker_evidence.h"

namespace espalier::runtimes {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// Short enough to wait for in a test, long enough for a busy machine.
constexpr WorkerPatience kPatience{Seconds(20), Seconds(20), Seconds(20), Seconds(5)};
constexpr WorkerPatience kImpatience{Seconds(0.3), Seconds(0.3), Seconds(0.3), Seconds(0.3)};

WorkerCommand fake(const std::string& fault = "") { return {"fake", {ESPALIER_FAKE_WORKER, fault}, ""}; }

VariantSpec spec(const std::string& tactic = "baseline") {
    return {.model = std::string(ESPALIER_SOURCE_DIR) + "/zoo/models/resnet-mini",
            .tactic = tactic,
            .runtime = "fake",
            .batch = 2,
            .threads = 1};
}

Tensor pixels(const ModelInfo& info, std::int64_t images, float value) {
    Tensor tensor = Tensor::allocate(DType::kF32, {images, info.channels, info.height, info.width});
    for (float& pixel : tensor.mutable_span<float>()) pixel = value;
    return tensor;
}

/// Everything that a trial does with a worker; returns what it says when something is wrong.
std::string trouble(const std::string& fault, const WorkerPatience& patience = kPatience) {
    try {
        WorkerRuntime runtime(fake(fault), patience);
        runtime.start(spec());
        if (const auto why = runtime.objection(spec()); !why.empty()) return "objection: " + why;
        const auto instance = runtime.load(spec());
        instance->optimize();
        instance->run(pixels(instance->info(), 1, 1));
        instance->evidence();
        return "";
    } catch (const Error& problem) {
        return problem.what();
    }
}

TEST(WorkerRuntime, ExecutesAVariant) {
    WorkerRuntime runtime(fake(), kPatience);
    EXPECT_EQ(runtime.version(), "1.2");
    EXPECT_EQ(runtime.libraries().at("fakelib"), "3.4");
    EXPECT_THAT(runtime.objection(spec()), IsEmpty());
    runtime.start(spec());
    EXPECT_GT(runtime.process(), 0);
    const auto instance = runtime.load(spec());
    instance->optimize();
    Tensor input = pixels(instance->info(), 2, 1);
    for (float& pixel : input.mutable_span<float>().first(input.span<float>().size() / 2)) pixel = 3;
    const Tensor logits = instance->run(input);
    EXPECT_EQ(logits.shape(), Shape({2, 20}));
    EXPECT_FLOAT_EQ(logits.span<float>()[0], 3);
    EXPECT_FLOAT_EQ(logits.span<float>()[19], 60);
    EXPECT_FLOAT_EQ(logits.span<float>()[20], 1);
    EXPECT_FLOAT_EQ(logits.span<float>()[39], 20);
    EXPECT_THROW(instance->run(pixels(instance->info(), 3, 1)), Error);
}

TEST(WorkerRuntime, ReadsEvidenceAndLeavesUnknownWhatIsNotSaid) {
    WorkerRuntime runtime(fake(), kPatience);
    const auto instance = runtime.load(spec());
    instance->optimize();
    const Evidence evidence = instance->evidence();
    EXPECT_EQ(evidence.parameters, 10);
    EXPECT_EQ(evidence.nonzero_parameters, 9);
    EXPECT_FALSE(evidence.weight_bytes);
    EXPECT_FALSE(evidence.arena_bytes);
    EXPECT_EQ(evidence.macs_counted_on, "model's graph");
    EXPECT_GT(evidence.macs.value(), 1'000'000);
    EXPECT_THAT(evidence.notes, testing::Contains("arithmetic: f32"));
    EXPECT_THAT(evidence.notes, testing::Contains(HasSubstr("2.5 s with nothing kept")));
    // What is unknown stays so in the store.
    EXPECT_FALSE(evidence_from_json(to_json(evidence)).weight_bytes);
    EXPECT_EQ(evidence_from_json(to_json(evidence)).macs, evidence.macs);
}

TEST(WorkerRuntime, ObjectsToWhatTheWorkerHasNot) {
    WorkerRuntime runtime(fake(), kPatience);
    EXPECT_EQ(runtime.objection(spec("compile")), "the fake has no compile");
    auto elsewhere = spec();
    elsewhere.device = "cuda";
    EXPECT_THAT(runtime.objection(elsewhere), HasSubstr("no device 'cuda' here, only cpu"));
    auto nowhere = spec();
    nowhere.model = std::string(ESPALIER_SOURCE_DIR) + "/zoo/images";
    EXPECT_THAT(runtime.objection(nowhere), HasSubstr("Hugging Face"));
}

TEST(WorkerRuntime, GivesTheModelAsOnnxToWhoReadsThat) {
    const TemporaryFolder cache;
    WorkerRuntime runtime(fake("reads-onnx"), kPatience);
    auto variant = spec();
    variant.cache = cache.path().string();
    const auto instance = runtime.load(variant);
    const fs::path file = exchange_path(Exchange::kOnnx, cache.path(), instance->info().sha256);
    EXPECT_THAT(instance->evidence().notes, testing::Contains("ONNX file: " + file.string()));
    // It is the model: it loads, and classifies into as many classes.
    fs::copy(fs::path(variant.model) / "config.json", cache.path() / "config.json");
    fs::copy(fs::path(variant.model) / "preprocessor_config.json", cache.path() / "preprocessor_config.json");
    EXPECT_EQ(models::load_model(file).classes(), 20);
    remove_exchange(cache.path(), instance->info().sha256);
    EXPECT_FALSE(fs::exists(file));
}

TEST(WorkerRuntime, GivesAModelOfAnotherFormatAsAFolder) {
    const TemporaryFolder cache;
    auto exported = spec();
    models::save_model(models::load_model(exported.model), {}, cache.path() / "mine");
    exported.model = (cache.path() / "mine").string();
    exported.cache = (cache.path() / "cache").string();
    EXPECT_THAT(WorkerRuntime(fake(), kPatience).objection(exported), HasSubstr("Hugging Face"));
    WorkerRuntime runtime(fake("reads-espalier"), kPatience);
    EXPECT_THAT(runtime.objection(exported), IsEmpty());
    const auto instance = runtime.load(exported);
    const fs::path folder = exchange_path(Exchange::kFolder, exported.cache, instance->info().sha256);
    EXPECT_THAT(instance->evidence().notes, testing::Contains("model: " + folder.string()));
    EXPECT_EQ(models::load_model(folder).classes(), 20);
    remove_exchange(exported.cache, instance->info().sha256);
    EXPECT_FALSE(fs::exists(folder));
}

TEST(WorkerRuntime, SharesCalibrationImages) {
    class Images final : public CalibrationImages {
      public:
        explicit Images(const ModelInfo& info) : info_(info) {}
        std::int64_t size() const override { return 5; }
        Tensor batch(std::int64_t, std::int64_t count) const override { return pixels(info_, count, 0.5F); }
        const CalibrationOrigin& origin() const override { return origin_; }

      private:
        ModelInfo info_;
        CalibrationOrigin origin_{.source = "noise", .images = 5};
    };
    auto variant = spec("static-quantization");
    variant.calibration = [](const ModelInfo& info) { return std::make_shared<Images>(info); };
    WorkerRuntime runtime(fake(), kPatience);
    const auto instance = runtime.load(variant);
    instance->optimize();
    EXPECT_THAT(instance->evidence().notes, testing::Contains("calibration images: 5"));
    EXPECT_EQ(instance->evidence().calibration->source, "noise");
    // One that looks at none is given none.
    variant.tactic = "baseline";
    EXPECT_THAT(runtime.load(variant)->evidence().notes, testing::Contains("calibration images: 0"));
}

TEST(WorkerRuntime, SaysWhatAWorkerDidWrong) {
    EXPECT_EQ(trouble(""), "");
    EXPECT_THAT(trouble("dies-at-start"), AllOf(HasSubstr("'hello'"), HasSubstr("exit code 3")));
    EXPECT_THAT(trouble("exits-at-run"), AllOf(HasSubstr("ended instead of answering 'run'"),
                                               HasSubstr("exit code 7"), HasSubstr("out of luck")));
    EXPECT_THAT(trouble("crashes-at-load"), HasSubstr("signal 6"));
    EXPECT_EQ(trouble("fails-at-optimize"), "fake could not optimize: it is Thursday");
    EXPECT_THAT(trouble("other-protocol"), HasSubstr("speaks version 2"));
    EXPECT_THAT(trouble("says-no-version"), HasSubstr("without a 'version'"));
    EXPECT_THAT(trouble("babbles-at-load"), HasSubstr("no JSON object: Loading weights: 100 %"));
    EXPECT_THAT(trouble("wrong-id-at-run"), HasSubstr("another id"));
    EXPECT_THAT(trouble("endless-line-at-run"), HasSubstr("more than 1048576 bytes"));
    EXPECT_THAT(trouble("wrong-shape"), HasSubstr("[1,21]; expected [1, 20]"));
    EXPECT_THAT(trouble("says-nan"), HasSubstr("logit 0 of 20"));
    EXPECT_THAT(trouble("leaves-a-logit"), HasSubstr("logit 19 of 20"));
    EXPECT_THAT(trouble("lies-in-evidence"), HasSubstr("11 of 10 parameters"));
    EXPECT_THAT(trouble("negative-evidence"),
                HasSubstr("'weight_bytes' must be a whole number from 0, not -4"));
}

TEST(WorkerRuntime, EndsAWorkerThatDoesNotAnswer) {
    const MonotonicClock clock;
    const Seconds start = clock.now();
    EXPECT_THAT(trouble("hangs-at-hello", kImpatience), HasSubstr("did not answer 'hello' within 0.3 s"));
    EXPECT_LT((clock.now() - start).value(), 10);
    WorkerRuntime stubborn(fake("never-ends"), {Seconds(20), Seconds(20), Seconds(20), Seconds(0.2)});
    stubborn.start(spec());
    const int process = stubborn.process();
    stubborn.load(spec()).reset();
    EXPECT_FALSE(fs::exists("/proc/" + std::to_string(process)));
}

TEST(WorkerRuntime, IsNotDisturbedByEndlessErrors) { EXPECT_EQ(trouble("floods-errors"), ""); }

TEST(WorkerRuntime, SaysWhatAProgramThatIsNotThereNeeds) {
    WorkerRuntime runtime({"gone", {"/nowhere/worker"}, "install it"}, kPatience);
    try {
        runtime.hello();
        FAIL();
    } catch (const WorkerGone& problem) {
        EXPECT_THAT(problem.what(),
                    AllOf(HasSubstr("exit code 127"), HasSubstr("No such file"), HasSubstr("install it")));
    }
}

TEST(WorkerEvidence, RefusesOtherTypes) {
    const auto read = [](const char* text) { return read_worker_evidence(nlohmann::json::parse(text)); };
    EXPECT_FALSE(read("{}").parameters);
    EXPECT_FALSE(read(R"({"parameters": null})").parameters);
    EXPECT_THROW(read(R"({"parameters": "many"})"), Error);
    EXPECT_THROW(read(R"({"parameters": 1.5})"), Error);
    EXPECT_THROW(read(R"({"notes": "one"})"), Error);
    EXPECT_THROW(read(R"({"kernels": [1]})"), Error);
    EXPECT_THROW(read(R"({"device": 3})"), Error);
    EXPECT_THROW(read(R"({"optimize": {"cold_s": -1}})"), Error);
}

TEST(CheckWorker, KeepsRulesAndBreaksThem) {
    const auto broken = [](const std::string& fault, const WorkerPatience& patience) {
        std::vector<std::string> rules;
        for (const auto& rule : check_worker(fake(fault), spec().model, 1, patience)) {
            if (!rule.kept) rules.push_back(rule.rule);
        }
        return rules;
    };
    EXPECT_THAT(broken("", kPatience), IsEmpty());
    EXPECT_THAT(broken("leaves-a-logit", kPatience),
                testing::ElementsAre("it writes finite logits of the shape it says"));
    EXPECT_THAT(broken("never-ends", {Seconds(20), Seconds(20), Seconds(20), Seconds(0.2)}),
                testing::ElementsAre("it ends when its input ends"));
    EXPECT_THAT(broken("dies-at-start", kPatience), testing::ElementsAre("it says hello"));
    EXPECT_THAT(broken("lies-in-evidence", kPatience), testing::ElementsAre("it gives evidence"));
}

TEST(Access, KnowsItsRuntimesAndSuggestsThem) {
    EXPECT_EQ(make_runtime("native")->name(), "native");
    const Access access{"python9", {{"mine", {"./mine", "-v"}, ""}}};
    EXPECT_EQ(worker_command("mine", access)->command, (std::vector<std::string>{"./mine", "-v"}));
    const auto command = worker_command("pytorch", access)->command;
    EXPECT_THAT(command, testing::Contains("python9"));
    EXPECT_THAT(command.back(), HasSubstr("quantize_dynamic"));
    try {
        make_runtime("pytroch", access);
        FAIL();
    } catch (const Error& problem) {
        EXPECT_EQ(problem.kind(), ErrorKind::kUsage);
        EXPECT_THAT(problem.what(), AllOf(HasSubstr("pytorch"), HasSubstr("mine")));
    }
    const auto again = access_from_json(to_json(access));
    EXPECT_EQ(again.python, access.python);
    EXPECT_EQ(again.workers, access.workers);
}

}  // namespace
}  // namespace espalier::runtimes
