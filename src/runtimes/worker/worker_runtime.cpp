#include "runtimes/worker/worker_runtime.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "graph/cost.h"
#include "models/load.h"
#include "runtimes/model_info.h"
#include "runtimes/worker/worker_evidence.h"

namespace espalier::runtimes {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kProtocol = 1;
/// Tensors begin at multiples of this: no vector load of a worker crosses a cache line for nothing.
constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

template <typename T>
T field(const WorkerProcess& worker, const json& object, const char* key) {
    try {
        return object.at(key).get<T>();
    } catch (const json::exception&) {
        fail("the worker '{}' says hello without a '{}' as docs/runtimes.md has it: {}", worker.runtime(),
             key, object.dump().substr(0, 200));
    }
}

/// A variant that a worker executes.
class WorkerInstance final : public Instance {
  public:
    WorkerInstance(std::shared_ptr<WorkerProcess> worker, ModelInfo info, std::int64_t macs, VariantSpec spec)
        : worker_(std::move(worker)), info_(std::move(info)), macs_(macs), spec_(std::move(spec)) {}

    /// `folder` and `onnx` as the request has them.
    void load(const std::string& folder, const std::optional<std::string>& onnx);

    const ModelInfo& info() const override { return info_; }
    void optimize() override;
    Tensor run(const Tensor& pixel_values) override;
    Evidence evidence() const override;

  private:
    json share_calibration();
    std::span<float> logits(std::int64_t images);

    std::shared_ptr<WorkerProcess> worker_;
    ModelInfo info_;
    std::int64_t macs_;
    VariantSpec spec_;
    std::optional<CalibrationOrigin> calibration_;
    std::unique_ptr<SharedMemory> calibration_pixels_;  ///< until the variant is optimized
    std::size_t output_ = 0;                            ///< offset of the logits
};

/// Raw pixel values in memory that the worker opens by a path, and that is gone with its last user.
json WorkerInstance::share_calibration() {
    if (!spec_.calibration || !may_look_at_images(spec_.tactic)) return nullptr;
    const auto images = spec_.calibration(info_);
    calibration_ = images->origin();
    calibration_pixels_ = std::make_unique<SharedMemory>();
    const auto image = static_cast<std::size_t>(info_.channels) * static_cast<std::size_t>(info_.height) *
                       static_cast<std::size_t>(info_.width) * sizeof(float);
    calibration_pixels_->resize(image * static_cast<std::size_t>(images->size()));
    auto* next = calibration_pixels_->bytes().data();
    for (std::int64_t i = 0; i < images->size(); ++i, next += image) {
        std::memcpy(next, images->batch(i, 1).bytes().data(), image);
    }
    const std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), calibration_pixels_->descriptor());
    return {{"path", path}, {"offset", 0}, {"images", images->size()}};
}

void WorkerInstance::optimize() {
    worker_->ask("optimize");
    calibration_pixels_.reset();
}

void WorkerInstance::load(const std::string& folder, const std::optional<std::string>& onnx) {
    const auto floats = [&](std::int64_t each) {
        return static_cast<std::size_t>(each) * static_cast<std::size_t>(spec_.batch) * sizeof(float);
    };
    output_ = aligned(floats(std::int64_t{info_.channels} * info_.height * info_.width));
    const std::size_t bytes = output_ + aligned(floats(info_.classes));
    worker_->memory().resize(bytes);
    worker_->ask("load", {{"model", folder},
                          {"onnx", onnx ? json(*onnx) : json(nullptr)},
                          {"device", spec_.device},
                          {"tactic", spec_.tactic},
                          {"batch", spec_.batch},
                          {"threads", spec_.threads},
                          {"input", {info_.channels, info_.height, info_.width}},
                          {"classes", info_.classes},
                          {"memory", {{"bytes", bytes}, {"input", 0}, {"output", output_}}},
                          {"calibration", share_calibration()}});
}

std::span<float> WorkerInstance::logits(std::int64_t images) {
    auto* first = reinterpret_cast<float*>(worker_->memory().bytes().data() + output_);
    return {first, static_cast<std::size_t>(images * info_.classes)};
}

Tensor WorkerInstance::run(const Tensor& pixel_values) {
    const std::int64_t images = pixel_values.shape()[0];
    if (images < 1 || images > spec_.batch) fail("a call has 1 to {} images, not {}", spec_.batch, images);
    const auto pixels = pixel_values.bytes();
    std::memcpy(worker_->memory().bytes().data(), pixels.data(), pixels.size());
    const auto out = logits(images);
    // A logit that the worker does not write is seen below.
    std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
    const json result = worker_->ask("run", {{"images", images}});
    const auto shape = result.find("shape");
    if (shape == result.end() || *shape != json::array({images, info_.classes})) {
        fail("the worker '{}' answered {} images with logits of shape {}; expected [{}, {}]",
             worker_->runtime(), images, shape == result.end() ? "unknown" : shape->dump(), images,
             info_.classes);
    }
    const auto bad =
        std::find_if_not(out.begin(), out.end(), [](float logit) { return std::isfinite(logit); });
    if (bad != out.end()) {
        fail("the worker '{}' left logit {} of {} unwritten or not finite", worker_->runtime(),
             bad - out.begin(), out.size());
    }
    return Tensor::of<float>({images, info_.classes}, out);
}

Evidence WorkerInstance::evidence() const {
    Evidence evidence = [&] {
        const json result = worker_->ask("evidence");
        try {
            return read_worker_evidence(result);
        } catch (const Error& problem) {
            fail("the worker '{}' gives no usable {}", worker_->runtime(), problem.what());
        }
    }();
    evidence.macs = macs_;
    evidence.macs_counted_on = "model's graph";
    evidence.calibration = calibration_;
    if (calibration_) evidence.notes.push_back(describe(*calibration_));
    return evidence;
}

}  // namespace

bool WorkerHello::reads(const std::string& format) const {
    return std::find(formats.begin(), formats.end(), format) != formats.end();
}

WorkerHello greet(WorkerProcess& worker) {
    const json result = worker.ask("hello", {{"protocol", kProtocol}});
    const int protocol = field<int>(worker, result, "protocol");
    if (protocol != kProtocol) {
        fail("the worker '{}' speaks version {} of the protocol; this program speaks {}", worker.runtime(),
             protocol, kProtocol);
    }
    WorkerHello hello;
    hello.runtime = field<std::string>(worker, result, "runtime");
    hello.version = field<std::string>(worker, result, "version");
    hello.libraries = field<std::map<std::string, std::string>>(worker, result, "libraries");
    hello.devices = field<std::vector<std::string>>(worker, result, "devices");
    hello.formats = field<std::vector<std::string>>(worker, result, "formats");
    return hello;
}

WorkerRuntime::WorkerRuntime(WorkerCommand command, WorkerPatience patience)
    : command_(std::move(command)), patience_(patience) {}

WorkerProcess& WorkerRuntime::worker() {
    if (!worker_) {
        auto fresh = std::make_shared<WorkerProcess>(command_, patience_);
        hello_ = greet(*fresh);
        process_ = fresh->pid();
        worker_ = std::move(fresh);
    }
    return *worker_;
}

const WorkerHello& WorkerRuntime::hello() {
    worker();
    return *hello_;
}

std::string WorkerRuntime::version() { return hello().version; }

std::map<std::string, std::string> WorkerRuntime::libraries() { return hello().libraries; }

int WorkerRuntime::process() const { return process_; }

std::string WorkerRuntime::objection(const VariantSpec& spec) {
    const auto& devices = hello().devices;
    if (std::find(devices.begin(), devices.end(), spec.device) == devices.end()) {
        return fmt::format("it has no device '{}' here, only {}", spec.device, fmt::join(devices, ", "));
    }
    if (!hello_->reads("espalier") && !hello_->reads("onnx") && !spec.model.empty() &&
        !is_hub_folder(spec.model)) {
        return "it reads folders of Hugging Face models with their weights, and this is none";
    }
    try {
        worker().ask("supports", {{"tactic", spec.tactic}, {"device", spec.device}});
        return "";
    } catch (const Unsupported& no) {
        return no.what();
    }
}

std::string WorkerRuntime::exchanged(Exchange form, const models::Model& model, const VariantSpec& spec) {
    if (spec.cache.empty() && !own_cache_) own_cache_ = std::make_unique<TemporaryFolder>();
    return write_exchange(form, model, spec.cache.empty() ? own_cache_->path() : fs::path(spec.cache))
        .string();
}

const WorkerRuntime::Form& WorkerRuntime::form_of(const VariantSpec& spec) {
    if (form_ && form_->named == spec.model) return *form_;
    const models::Model model = models::load_model(spec.model);
    Form form{spec.model, info_of(model), fs::absolute(spec.model).string(), std::nullopt,
              graph::cost_of(model.graph).total.macs};
    const bool on_hub = is_hub_folder(spec.model);
    if (on_hub && hello().reads("huggingface")) {
        // It reads the folder as it is.
    } else if (hello().reads("espalier")) {
        form.folder = exchanged(Exchange::kFolder, model, spec);
    } else if (hello().reads("onnx")) {
        const auto given = on_hub ? std::nullopt : onnx_file(spec.model);
        form.onnx = given ? fs::absolute(*given).string() : exchanged(Exchange::kOnnx, model, spec);
    } else {
        fail("{} reads folders of Hugging Face models with their weights, and {} is none", command_.runtime,
             spec.model);
    }
    form_ = std::move(form);
    return *form_;
}

ModelInfo WorkerRuntime::look(const VariantSpec& spec) { return form_of(spec).info; }

void WorkerRuntime::start(const VariantSpec& spec) {
    // Asked here, because a worker may import more of its libraries to answer.
    if (const auto why = objection(spec); !why.empty()) {
        fail_usage("{} cannot execute '{}' of {}: {}", command_.runtime, spec.tactic, spec.model, why);
    }
    form_of(spec);
}

std::unique_ptr<Instance> WorkerRuntime::load(const VariantSpec& spec) {
    const Form& form = form_of(spec);
    worker();
    // One variant for each process: what an earlier one left in it would be measured.
    auto instance =
        std::make_unique<WorkerInstance>(std::exchange(worker_, nullptr), form.info, form.macs, spec);
    instance->load(form.folder, form.onnx);
    return instance;
}

}  // namespace espalier::runtimes
