// Espalier as a contender of bench/peers: requests as JSON lines on standard input, one reply a line on
// standard output. bench/peers/worker.py describes the language; here "form" is a tactic, and images are read
// from FOLDER/inputs.f32.

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/version.h"
#include "models/load.h"
#include "runtimes/native/native.h"

namespace espalier {
namespace {

using nlohmann::json;

/// The batches that are classified, for a tactic that has to see images: the peers calibrate on the same.
class SameImages final : public runtimes::CalibrationImages {
  public:
    explicit SameImages(const Tensor& images) : images_(images) {
        origin_ = {.source = "the images that are classified", .images = size(), .evaluated = size()};
    }
    std::int64_t size() const override { return images_.shape()[0]; }
    Tensor batch(std::int64_t first, std::int64_t count) const override {
        const Shape shape = images_.shape().with(0, count);
        Tensor part = Tensor::allocate(DType::kF32, shape);
        const auto from = images_.span<float>().subspan(static_cast<std::size_t>(first * shape.product(1, 4)),
                                                        static_cast<std::size_t>(shape.elements()));
        std::copy(from.begin(), from.end(), part.mutable_span<float>().begin());
        return part;
    }
    const runtimes::CalibrationOrigin& origin() const override { return origin_; }

  private:
    Tensor images_;
    runtimes::CalibrationOrigin origin_;
};

class Contender {
  public:
    json answer_to(const json& request) {
        const auto what = request.at("do").get<std::string>();
        if (what == "load") return load(request);
        if (what == "answer") return answer(request);
        if (what == "measure") return measure(request);
        if (what == "rss") return peak_rss();
        fail("unknown request '{}': expected load, answer, measure or rss", what);
    }

  private:
    json load(const json& request) {
        instance_.reset();  // lets go of the one before
        batch_ = request.at("batch").get<int>();
        const auto folder = request.at("folder").get<std::string>();
        const MonotonicClock clock;
        const Seconds start = clock.now();
        const auto all = [&](const runtimes::ModelInfo& info) {
            return std::make_shared<SameImages>(read_images(folder, info));
        };
        const runtimes::VariantSpec spec{.model = folder + "/model.onnx",
                                         .tactic = request.at("form").get<std::string>(),
                                         .batch = batch_,
                                         .threads = request.at("threads").get<int>(),
                                         .calibration = all};
        instance_ =
            std::make_unique<runtimes::NativeInstance>(models::load_model(spec.model, {.hash = false}), spec);
        instance_->optimize();
        const Seconds ready = clock.now() - start;
        split(read_images(folder, instance_->info()));
        const runtimes::Evidence evidence = instance_->evidence();
        return {{"load_s", ready.value()},
                {"version", std::string("espalier ") + kVersion},
                {"evidence", runtimes::to_json(evidence)}};
    }

    static Tensor read_images(const std::string& folder, const runtimes::ModelInfo& info) {
        const std::string path = folder + "/inputs.f32";
        const std::int64_t image = std::int64_t{info.channels} * info.height * info.width;
        std::ifstream file(path, std::ios::binary | std::ios::ate);
        const auto bytes = static_cast<std::int64_t>(file.tellg());
        const std::int64_t unit = image * static_cast<std::int64_t>(sizeof(float));
        if (!file || bytes <= 0 || bytes % unit != 0)
            fail("{} must hold whole images of {} bytes", path, unit);
        file.seekg(0);
        Tensor pixels = Tensor::allocate(DType::kF32, {bytes / unit, info.channels, info.height, info.width});
        file.read(reinterpret_cast<char*>(pixels.mutable_span<float>().data()), bytes);
        if (!file) fail("{} ended early", path);
        return pixels;
    }

    void split(const Tensor& images) {
        const std::int64_t count = images.shape()[0];
        if (count % batch_ != 0) fail("{} images are no whole batches of {}", count, batch_);
        const SameImages all(images);
        batches_.clear();
        for (std::int64_t i = 0; i < count; i += batch_) batches_.push_back(all.batch(i, batch_));
    }

    runtimes::NativeInstance& loaded() {
        if (!instance_) fail("nothing is loaded: send load first");
        return *instance_;
    }

    json answer(const json& request) {
        const auto path = request.at("output").get<std::string>();
        std::ofstream file(path, std::ios::binary);
        for (const Tensor& pixels : batches_) {
            const Tensor logits = loaded().run(pixels);
            const auto values = logits.span<float>();
            file.write(reinterpret_cast<const char*>(values.data()),
                       static_cast<std::streamsize>(values.size_bytes()));
        }
        if (!file.flush()) fail("cannot write {}", path);
        return json::object();
    }

    json measure(const json& request) {
        const MonotonicClock clock;
        const Seconds least(request.at("seconds").get<double>());
        const auto calls = request.at("calls").get<std::size_t>();
        for (int i = 0; i < request.at("warmup").get<int>(); ++i) loaded().run(batches_.front());
        std::vector<double> latencies_ms;
        const Seconds start = clock.now();
        while (latencies_ms.size() < calls || clock.now() - start < least) {
            const Seconds before = clock.now();
            loaded().run(batches_.front());
            latencies_ms.push_back(1e3 * (clock.now() - before).value());
        }
        return {{"latencies_ms", latencies_ms}};
    }

    static json peak_rss() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return {{"peak_rss_mib", static_cast<double>(usage.ru_maxrss) / 1024}};
    }

    std::unique_ptr<runtimes::NativeInstance> instance_;
    std::vector<Tensor> batches_;
    int batch_ = 0;
};

}  // namespace
}  // namespace espalier

int main() {
    espalier::Contender contender;
    for (std::string line; std::getline(std::cin, line);) {
        nlohmann::json reply;
        try {
            reply = contender.answer_to(nlohmann::json::parse(line));
        } catch (const std::exception& problem) {
            reply = {{"error", problem.what()}};
        }
        std::cout << reply.dump() << std::endl;
    }
}
