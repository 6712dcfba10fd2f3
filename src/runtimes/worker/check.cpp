#include "runtimes/worker/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/clock.h"
#include "base/random.h"
#include "runtimes/worker/worker_runtime.h"

namespace espalier::runtimes {
namespace {

using nlohmann::json;

constexpr int kBatch = 3;
/// Logits of an image alone and within a batch may differ by the order of sums: this share of the largest.
constexpr double kBatchTolerance = 1e-3;
constexpr int kTimedCalls = 200;

std::string beginning(const std::string& text) { return text.substr(0, 160); }

class Check {
  public:
    Check(const WorkerCommand& command, std::string model, int threads, const WorkerPatience& patience)
        : command_(command), model_(std::move(model)), threads_(threads), patience_(patience) {}

    std::vector<WorkerRule> run();

  private:
    bool rule(const std::string& what, const std::function<std::string()>& see);
    std::string hello();
    std::string wrong_op();
    std::string wrong_tactic();
    std::string wrong_line();
    std::string end_of_input();
    void classify();
    Tensor images(std::int64_t count) const;
    std::string same_answer();
    std::string batch_as_single();
    std::string round_trip();

    const WorkerCommand& command_;
    std::string model_;
    int threads_;
    WorkerPatience patience_;
    std::vector<WorkerRule> rules_;
    std::unique_ptr<WorkerRuntime> runtime_;
    std::unique_ptr<Instance> instance_;
};

/// Keeps what `see` returns as the detail, or what it throws as the reason why the rule is broken.
bool Check::rule(const std::string& what, const std::function<std::string()>& see) {
    WorkerRule result{what, true, ""};
    try {
        result.detail = see();
    } catch (const Error& problem) {
        result.kept = false;
        result.detail = problem.what();
    }
    rules_.push_back(result);
    return result.kept;
}

std::string Check::hello() {
    WorkerProcess worker(command_, patience_);
    const auto said = greet(worker);
    return fmt::format("{} {}, devices {}", said.runtime, said.version, fmt::join(said.devices, ", "));
}

std::string Check::wrong_op() {
    WorkerProcess worker(command_, patience_);
    greet(worker);
    try {
        worker.ask("no-such-op");
    } catch (const WorkerGone&) {
        throw;
    } catch (const Error& answer) {
        return beginning(answer.what());
    }
    fail("it answered an op that does not exist with a result");
}

std::string Check::wrong_tactic() {
    WorkerProcess worker(command_, patience_);
    greet(worker);
    worker.ask("supports", {{"tactic", "baseline"}, {"device", "cpu"}});
    try {
        worker.ask("supports", {{"tactic", "no-such-tactic"}, {"device", "cpu"}});
    } catch (const Unsupported& answer) {
        return beginning(answer.what());
    }
    fail("it supports 'no-such-tactic'");
}

std::string Check::wrong_line() {
    WorkerProcess worker(command_, patience_);
    greet(worker);
    const std::string answer = worker.exchange("hello", "this is no JSON");
    const json reply = json::parse(answer, nullptr, false);
    if (!reply.is_object() || !reply.contains("error")) fail("it answered '{}'", beginning(answer));
    greet(worker);
    return "an error, and it goes on";
}

std::string Check::end_of_input() {
    WorkerProcess worker(command_, patience_);
    greet(worker);
    if (!worker.ends_with_its_input())
        fail("it still runs {:.3g} s after its input has ended", patience_.farewell.value());
    return "";
}

Tensor Check::images(std::int64_t count) const {
    const auto& info = instance_->info();
    Tensor pixels = Tensor::allocate(DType::kF32, {count, info.channels, info.height, info.width});
    Random random(11);
    for (float& value : pixels.mutable_span<float>()) value = static_cast<float>(2 * random.uniform() - 1);
    return pixels;
}

std::string Check::same_answer() {
    const Tensor pixels = images(1);
    const Tensor first = instance_->run(pixels);
    const Tensor second = instance_->run(pixels);
    if (!std::ranges::equal(first.span<float>(), second.span<float>()))
        fail("the logits of one image change from call to call");
    return "";
}

std::string Check::batch_as_single() {
    const Tensor together = instance_->run(images(kBatch));
    const auto classes = static_cast<std::size_t>(instance_->info().classes);
    const auto pixels = images(kBatch);
    const auto image = pixels.span<float>().size() / kBatch;
    double worst = 0;
    double largest = 0;
    for (std::size_t i = 0; i < kBatch; ++i) {
        const auto& info = instance_->info();
        const Tensor alone = instance_->run(Tensor::of<float>(
            {1, info.channels, info.height, info.width}, pixels.span<float>().subspan(i * image, image)));
        for (std::size_t c = 0; c < classes; ++c) {
            largest = std::max<double>(largest, std::fabs(alone.span<float>()[c]));
            worst = std::max<double>(
                worst, std::fabs(alone.span<float>()[c] - together.span<float>()[i * classes + c]));
        }
    }
    if (worst > kBatchTolerance * largest) {
        fail("image by image the logits differ from those of the batch by {:.3g} where the largest is {:.3g}",
             worst, largest);
    }
    return fmt::format("they differ by {:.2g} of the largest logit", largest > 0 ? worst / largest : 0.0);
}

/// Not a rule: how long a call takes with everything, for who writes a worker.
std::string Check::round_trip() {
    const Tensor pixels = images(1);
    const MonotonicClock clock;
    std::vector<double> times;
    for (int i = 0; i < kTimedCalls; ++i) {
        const Seconds start = clock.now();
        instance_->run(pixels);
        times.push_back((clock.now() - start).value());
    }
    std::nth_element(times.begin(), times.begin() + kTimedCalls / 2, times.end());
    return fmt::format("a call of one image takes {:.3g} ms (median of {})", 1e3 * times[kTimedCalls / 2],
                       kTimedCalls);
}

void Check::classify() {
    runtime_ = std::make_unique<WorkerRuntime>(command_, patience_);
    const VariantSpec spec{
        .model = model_, .runtime = command_.runtime, .batch = kBatch, .threads = threads_};
    if (const auto why = runtime_->objection(spec); !why.empty()) {
        fail_usage("the worker cannot be tried on {}: {}", model_, why);
    }
    // What is wrong with the model itself is no fault of the worker.
    runtime_->start(spec);
    const bool loaded = rule("it loads a model and applies the tactic", [&] {
        instance_ = runtime_->load(spec);
        instance_->optimize();
        return model_;
    });
    if (!loaded) return;
    if (!rule("it writes finite logits of the shape it says", [&] { return instance_->run(images(1)), ""; }))
        return;
    rule("the same image gives the same logits", [&] { return same_answer(); });
    rule("a batch gives what its images give alone", [&] { return batch_as_single(); });
    rule("it gives evidence", [&] {
        const auto evidence = instance_->evidence();
        return fmt::format("{} parameters on {}",
                           evidence.parameters ? std::to_string(*evidence.parameters) : "unknown",
                           evidence.device);
    });
    rule("it goes on to the end", [&] { return round_trip(); });
}

std::vector<WorkerRule> Check::run() {
    if (!rule("it says hello", [&] { return hello(); })) return rules_;
    rule("it answers an unknown op with an error", [&] { return wrong_op(); });
    rule("it answers what is no JSON with an error", [&] { return wrong_line(); });
    rule("it says which tactics it has not", [&] { return wrong_tactic(); });
    rule("it ends when its input ends", [&] { return end_of_input(); });
    classify();
    return rules_;
}

}  // namespace

std::vector<WorkerRule> check_worker(const WorkerCommand& command, const std::string& model, int threads,
                                     const WorkerPatience& patience) {
    return Check(command, model, threads, patience).run();
}

}  // namespace espalier::runtimes
