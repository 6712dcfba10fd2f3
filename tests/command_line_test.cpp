// The program as a user meets it: exit codes, streams, and one clear message for everything that is wrong.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "program.h"

namespace espalier::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kModel = zoo_model("resnet-mini").string();
const std::string kImages = zoo_images().string();

/// A copy of the smallest model that a test may damage.
class DamagedModel {
  public:
    DamagedModel() { fs::copy(zoo_model("resnet-mini"), folder_ / "model", fs::copy_options::recursive); }
    fs::path file(const std::string& name) const { return folder_ / ("model/" + name); }
    std::string path() const { return (folder_ / "model").string(); }

  private:
    TemporaryFolder folder_;
};

/// Ends in failure, with one message that contains each of the words.
void expect_failure(const std::string& arguments, int exit_code, std::initializer_list<const char*> words) {
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << arguments << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_THAT(outcome.err, HasSubstr("error: ")) << arguments;
    for (const char* word : words) EXPECT_THAT(outcome.err, HasSubstr(word)) << arguments;
}

TEST(CommandLine, HelpVersionAndNothing) {
    EXPECT_EQ(run_program("--help").exit_code, 0);
    EXPECT_THAT(run_program("--version").out, HasSubstr("espalier 0."));
    const Outcome nothing = run_program("");
    EXPECT_EQ(nothing.exit_code, 2);
    EXPECT_THAT(nothing.out, HasSubstr("espalier run --model"));
    for (const char* command : {"doctor", "fetch", "inspect", "runtimes", "calibrate", "run", "status",
                                "measure", "verdict", "compare", "report", "export", "evaluate", "bench",
                                "classify", "import", "audit", "list", "show"}) {
        const Outcome help = run_program(std::string(command) + " --help");
        EXPECT_EQ(help.exit_code, 0) << command;
        EXPECT_THAT(help.out, HasSubstr("xample")) << command;
    }
}

TEST(CommandLine, UnknownWordsAreAnsweredWithSuggestions) {
    expect_failure("evalaute", 2, {"evalaute", "Did you mean 'evaluate'?"});
    expect_failure("evaluate --model " + kModel + " --data " + kImages + " --tactic complie", 2,
                   {"complie", "Did you mean 'compile'?"});
    expect_failure("inspect --wrong " + kModel, 2, {"--wrong"});
    expect_failure("bench --model " + kModel + " --batch 0", 2, {"batch"});
}

TEST(CommandLine, EvaluatePrintsFractionsAndPredictions) {
    const TemporaryFolder folder;
    const fs::path file = folder / "p.json";
    const Outcome outcome = run_program("evaluate --json --model " + kModel + " --data " + kImages +
                                        " --images 40 --predictions " + file.string());
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json document = json::parse(outcome.out);
    EXPECT_EQ(document.at("schema"), "espalier.evaluate/1");
    EXPECT_EQ(document.at("images"), 40);
    EXPECT_GT(document.at("top1").get<double>(), 0.6);
    EXPECT_LE(document.at("top1").get<double>(), document.at("top5").get<double>());
    EXPECT_EQ(json::parse(content_of(file)).at("predictions").size(), 40u);
}

/// A powercap tree with one package whose counter stands still.
class FrozenMachine {
  public:
    FrozenMachine() {
        const fs::path zone = folder_ / "sys/class/powercap/intel-rapl:0";
        fs::create_directories(zone);
        write(zone / "name", "package-0\n");
        write(zone / "max_energy_range_uj", "262143328850\n");
        write(zone / "energy_uj", "123456\n");
    }
    std::string root() const { return folder_.path().string(); }

  private:
    TemporaryFolder folder_;
};

TEST(CommandLine, MeasureRefusesWhereThereIsNoMeter) {
    const TemporaryFolder empty;
    const fs::path made = empty / "made";
    expect_failure("measure --root " + empty.path().string() + " -- touch " + made.string(), 3,
                   {"no energy can be measured here", "powercap", "espalier doctor"});
    EXPECT_FALSE(fs::exists(made));
    expect_failure("measure", 2, {"command"});
    const FrozenMachine machine;
    expect_failure("measure --root " + machine.root() + " -- no-such-program", 2, {"no-such-program"});
}

TEST(CommandLine, MeasureTellsNoEnergyOfACounterThatStandsStill) {
    const FrozenMachine machine;
    const Outcome unknown = run_program("measure --root " + machine.root() + " -- sleep 0.02");
    EXPECT_EQ(unknown.exit_code, 3);
    EXPECT_THAT(unknown.out, HasSubstr("unknown by powercap"));
    EXPECT_THAT(unknown.out, testing::Not(HasSubstr(" J ")));
    const fs::path file = fs::path(machine.root()) / "energy.json";
    EXPECT_EQ(
        run_program("measure --json -o " + file.string() + " --root " + machine.root() + " -- echo hello")
            .out,
        "hello\n");
    EXPECT_EQ(json::parse(content_of(file)).at("command").at(1), "hello");
    const Outcome dry = run_program("measure -n --root " + machine.root() + " -- echo hello");
    EXPECT_THAT(dry.out, testing::AllOf(HasSubstr("powercap"), testing::Not(HasSubstr("hello"))));
    const Outcome json_form = run_program("measure --json --root " + machine.root() + " -- sh -c 'exit 6'");
    EXPECT_EQ(json_form.exit_code, 6);
    const json run = json::parse(json_form.out).at("runs").at(0);
    EXPECT_EQ(run.at("exit_code"), 6);
    EXPECT_TRUE(run.at("energies").empty());
    EXPECT_TRUE(run.at("meters").at(0).at("energy_j").is_null());
}

TEST(CommandLine, BenchPrintsTimesAndEvidence) {
    const Outcome outcome = run_program(
        "bench --json --min-time 0 --warmup 1 --threads 1 --batch 2 --tactic compile --model " + kModel);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json document = json::parse(outcome.out);
    EXPECT_EQ(document.at("schema"), "espalier.bench/1");
    EXPECT_GT(document.at("median_ms").get<double>(), 0);
    EXPECT_GE(document.at("p95_ms").get<double>(), document.at("median_ms").get<double>());
    EXPECT_LT(document.at("evidence").at("nodes_after"), document.at("evidence").at("nodes_before"));
}

TEST(CommandLine, ExportIsLoadedAgainAndSaysTheSame) {
    const TemporaryFolder folder;
    for (const std::string tactic : {"compile", "global-pruning:0.5+compile+dynamic-quantization"}) {
        const std::string target = (folder / tactic).string();
        ASSERT_EQ(run_program("export --model " + kModel + " --tactic " + tactic + " -o " + target).exit_code,
                  0);
        const auto predictions = [&](const std::string& variant) {
            const fs::path file = folder / "p.json";
            const Outcome outcome = run_program("evaluate --model " + variant + " --data " + kImages +
                                                " --images 100 --predictions " + file.string());
            EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
            return json::parse(content_of(file)).at("predictions");
        };
        EXPECT_EQ(predictions(target), predictions(kModel + " --tactic " + tactic));
        const json document = json::parse(content_of(fs::path(target) / "espalier.json"));
        EXPECT_THAT(document.dump(), HasSubstr(tactic));
        expect_failure("export --model " + kModel + " --tactic baseline -o " + target, 2, {target.c_str()});
    }
    write(folder / "mine", "precious");
    expect_failure("export --force --model " + kModel + " -o " + (folder / "mine").string(), 2, {"mine"});
    EXPECT_EQ(content_of(folder / "mine"), "precious");
}

TEST(CommandLine, ExportWritesOnnxByNameAndByFormat) {
    const TemporaryFolder folder;
    const std::string command = "export --model " + kModel + " --tactic compile+dynamic-quantization ";
    const fs::path file = folder / "small.onnx";
    ASSERT_EQ(run_program(command + "-o " + file.string()).exit_code, 0);
    EXPECT_THAT(content_of(file), HasSubstr("compile+dynamic-quantization"));
    expect_failure(command + "-o " + file.string(), 2, {"small.onnx", "--force"});
    expect_failure(command + "--format espalier -o " + (folder / "b.onnx").string(), 2, {"b.onnx"});
    expect_failure(command + "--format tflite -o " + (folder / "c").string(), 2, {"tflite"});
    const std::string target = (folder / "out").string();
    ASSERT_EQ(run_program(command + "--format onnx -o " + target).exit_code, 0);
    const Outcome outcome =
        run_program("evaluate --json --model " + target + " --data " + kImages + " --images 40");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_GT(json::parse(outcome.out).at("top1").get<double>(), 0.6);
}

TEST(BadModel, MissingThingsAreNamed) {
    expect_failure("inspect /nowhere/at/all", 1, {"/nowhere/at/all"});
    DamagedModel no_weights;
    fs::remove(no_weights.file("model.safetensors"));
    expect_failure("inspect " + no_weights.path(), 1, {"model.safetensors"});
    DamagedModel no_config;
    fs::remove(no_config.file("config.json"));
    expect_failure("inspect " + no_config.path(), 1, {"config.json"});
    DamagedModel other_type;
    json config = json::parse(content_of(other_type.file("config.json")));
    config["model_type"] = "resnett";
    write(other_type.file("config.json"), config.dump());
    expect_failure("inspect " + other_type.path(), 1, {"resnett"});
}

TEST(BadModel, TensorsAndLabelsThatDoNotFitAreNamed) {
    DamagedModel deeper;
    json config = json::parse(content_of(deeper.file("config.json")));
    auto depths = config["depths"];
    depths.back() = depths.back().get<int>() + 1;
    config["depths"] = depths;
    write(deeper.file("config.json"), config.dump());
    expect_failure("inspect " + deeper.path(), 1, {deeper.path().c_str(), "resnet.encoder.stages"});
    DamagedModel labels;
    config = json::parse(content_of(labels.file("config.json")));
    config["id2label"].erase("0");
    write(labels.file("config.json"), config.dump());
    expect_failure("inspect " + labels.path(), 1, {"id2label"});
}

TEST(BadModel, EveryDamageEndsInOneMessage) {
    Random random(17);
    for (const std::string name : {"config.json", "preprocessor_config.json", "model.safetensors"}) {
        DamagedModel model;
        const std::string whole = content_of(model.file(name));
        std::vector<std::string> damaged{"",
                                         "{",
                                         "[]",
                                         "null",
                                         whole.substr(0, whole.size() / 2),
                                         whole.substr(0, 9),
                                         std::string(5000, '['),
                                         std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)};
        std::string noise(400, '\0');
        for (char& c : noise) c = static_cast<char>(random.below(256));
        damaged.push_back(noise);
        for (const std::string& content : damaged) {
            write(model.file(name), content);
            const Outcome outcome = run_program("inspect " + model.path());
            // An empty object is a valid processor; nothing else here is.
            EXPECT_EQ(outcome.exit_code, 1) << name << ": " << content.substr(0, 20) << outcome.err;
            EXPECT_THAT(outcome.err, HasSubstr(name)) << content.substr(0, 20);
        }
    }
}

TEST(BadData, IsNamed) {
    const TemporaryFolder folder;
    const std::string evaluate = "evaluate --model " + kModel + " --data ";
    expect_failure(evaluate + "/nowhere", 2, {"/nowhere"});
    expect_failure(evaluate + folder.path().string(), 2, {folder.path().c_str()});
    fs::create_directories(folder / "zebra");
    fs::copy(fs::directory_iterator(*fs::directory_iterator(zoo_images()))->path(), folder / "zebra/a.jpg");
    expect_failure(evaluate + folder.path().string(), 2, {"zebra"});
    write(folder / "labels.csv", "file,class_index\nzebra/a.jpg,9999\n");
    expect_failure(evaluate + folder.path().string(), 2, {"9999"});
    write(folder / "labels.csv", "file,class_index\nzebra/b.jpg,1\n");
    const Outcome missing = run_program(evaluate + folder.path().string());
    EXPECT_THAT(missing.err, HasSubstr("b.jpg"));
    EXPECT_NE(missing.exit_code, 0);
}

TEST(BadImage, EveryTruncationEndsInOneMessage) {
    const TemporaryFolder folder;
    const fs::path original = fs::directory_iterator(*fs::directory_iterator(zoo_images()))->path();
    const std::string whole = content_of(original);
    const fs::path image = folder / ("damaged" + original.extension().string());
    for (std::size_t length = 0; length < whole.size(); length += whole.size() / 7) {
        write(image, whole.substr(0, length));
        expect_failure("classify --model " + kModel + " " + image.string(), 1, {"damaged"});
    }
    // One bad file among good ones costs only itself.
    const Outcome partial =
        run_program("classify --plain --model " + kModel + " " + image.string() + " " + original.string());
    EXPECT_EQ(partial.exit_code, 5);
    EXPECT_THAT(partial.out, HasSubstr(original.string()));
}

TEST(Classify, KeepsPackedWeightsForTheNextStart) {
    const TemporaryFolder folder;
    const std::string image = fs::directory_iterator(*fs::directory_iterator(zoo_images()))->path().string();
    const auto classify = [&](const fs::path& packed) {
        return run_program("classify --plain --model " + kModel + " --packed-weights " + packed.string() +
                           " " + image);
    };
    const Outcome first = classify(folder / "packed"), second = classify(folder / "packed");
    EXPECT_EQ(first.exit_code, 0) << first.err;
    EXPECT_THAT(first.err, HasSubstr("packed weights are kept in"));
    EXPECT_EQ(second.exit_code, 0) << second.err;
    EXPECT_EQ(second.err, "");
    EXPECT_EQ(second.out, first.out);
    // The answer is out before the weights are kept: not to be able to costs nothing but time.
    write(folder / "file", "");
    const Outcome unable = classify(folder / "file/packed");
    EXPECT_EQ(unable.exit_code, 0);
    EXPECT_EQ(unable.out, first.out);
    EXPECT_THAT(unable.err, HasSubstr("packed weights are not kept"));
}

TEST(Autotune, MeasuresOncePerProcessor) {
    const TemporaryFolder folder;
    ASSERT_EQ(::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1), 0);
    const std::string bench =
        "bench --min-time 0 --threads 1 --autotune --tactic global-pruning:0.8+compile --model " + kModel;
    const Outcome first = run_program(bench);
    EXPECT_EQ(first.exit_code, 0) << first.err;
    EXPECT_THAT(first.out, HasSubstr("layers were chosen by measurement"));
    const fs::path known = fs::directory_iterator(folder / "espalier/kernels")->path();
    const std::string measured = content_of(known);
    EXPECT_EQ(run_program(bench).exit_code, 0);
    EXPECT_EQ(content_of(known), measured) << "the times of a second measurement would be others";
    expect_failure(bench + " --runtime onnxruntime", 2, {"--autotune", "our own engine"});
    ::unsetenv("XDG_CACHE_HOME");
}

TEST(BadStore, IsNamed) {
    const TemporaryFolder folder;
    const std::string run =
        "run --model " + kModel + " --data " + kImages + " --images 20 --blocks 1 --store ";
    expect_failure(run + "/proc/nothing/lab.db", 1, {"/proc/nothing"});
    write(folder / "lab.db", "this is no database, and it must not be overwritten");
    expect_failure(run + (folder / "lab.db").string(), 2, {"lab.db"});
    EXPECT_EQ(content_of(folder / "lab.db"), "this is no database, and it must not be overwritten");
}

}  // namespace
}  // namespace espalier::tests
