// A worker whose faults are chosen on its command line, for tests of whatever talks to one
// (docs/runtimes.md).
//     fake_worker [FAULT]
// Its model says the mean of the pixels times the class, so that every answer is known.

#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace {

using nlohmann::json;

class FakeWorker {
  public:
    explicit FakeWorker(std::string fault) : fault_(std::move(fault)) {}

    int serve() {
        if (has("dies-at-start")) return 3;
        if (has("floods-errors"))
            std::thread([] {
                for (;;) std::cerr << std::string(1000, 'e') << '\n';
            }).detach();
        for (std::string line; std::getline(std::cin, line);) {
            const json request = json::parse(line, nullptr, false);
            if (!request.is_object()) {
                reply({{"id", nullptr}, {"error", {{"kind", "failed"}, {"message", "no JSON"}}}});
                continue;
            }
            if (answer(request)) return 0;
        }
        while (has("never-ends")) ::pause();
        return 0;
    }

  private:
    bool has(const char* fault) const { return fault_ == fault; }

    static void reply(const json& document) { std::cout << document.dump() << std::endl; }

    void fail(const json& id, const char* kind, const std::string& message) {
        reply({{"id", id}, {"error", {{"kind", kind}, {"message", message}}}});
    }

    /// True when the worker has to end.
    bool answer(const json& request) {
        const std::string op = request.at("op");
        json id = request.at("id");
        if (op == "exit") {
            while (has("never-ends")) ::pause();
            reply({{"id", id}, {"result", json::object()}});
            return true;
        }
        if (fault_ == "hangs-at-" + op) ::pause();
        if (fault_ == "exits-at-" + op) {
            std::cerr << "out of luck" << std::endl;
            ::_exit(7);
        }
        if (fault_ == "crashes-at-" + op) ::raise(SIGABRT);
        if (fault_ == "fails-at-" + op) return fail(id, "failed", "it is Thursday"), false;
        if (fault_ == "babbles-at-" + op) return std::cout << "Loading weights: 100 %" << std::endl, false;
        if (fault_ == "endless-line-at-" + op) {
            for (;;) std::cout << std::string(65536, 'x') << std::flush;
        }
        if (fault_ == "wrong-id-at-" + op) id = id.get<int>() + 1;
        if (op == "hello") return reply({{"id", id}, {"result", hello()}}), false;
        if (op == "supports") return supports(id, request), false;
        if (op == "load") return load(request), reply({{"id", id}, {"result", json::object()}}), false;
        if (op == "optimize") return reply({{"id", id}, {"result", json::object()}}), false;
        if (op == "run") return reply({{"id", id}, {"result", run(request)}}), false;
        if (op == "evidence") return reply({{"id", id}, {"result", evidence()}}), false;
        return fail(id, "failed", "there is no op " + op), false;
    }

    json hello() const {
        json result = {{"protocol", has("other-protocol") ? 2 : 1},
                       {"runtime", "fake"},
                       {"version", "1.2"},
                       {"libraries", {{"fakelib", "3.4"}}},
                       {"devices", {"cpu"}},
                       {"formats", json::array({"huggingface"})}};
        if (has("reads-onnx")) result["formats"] = {"onnx"};
        if (has("reads-espalier")) result["formats"] = {"huggingface", "espalier"};
        if (has("says-no-version")) result.erase("version");
        return result;
    }

    void supports(const json& id, const json& request) {
        const std::string tactic = request.at("tactic");
        if (tactic == "baseline" || tactic == "static-quantization" || tactic == "own-tactic") {
            return reply({{"id", id}, {"result", json::object()}});
        }
        fail(id, "unsupported", "the fake has no " + tactic);
    }

    void load(const json& request) {
        const std::size_t bytes = request.at("memory").at("bytes");
        memory_ = static_cast<char*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0));
        output_ = request.at("memory").at("output");
        classes_ = request.at("classes");
        pixels_ = 1;
        for (const std::size_t extent : request.at("input")) pixels_ *= extent;
        onnx_ = request.at("onnx").is_string() ? request.at("onnx").get<std::string>() : "";
        model_ = request.at("model");
        if (request.at("calibration").is_object())
            calibration_images_ = request.at("calibration").at("images");
    }

    json run(const json& request) {
        const std::size_t images = request.at("images");
        const auto* pixels = reinterpret_cast<const float*>(memory_);
        auto* logits = reinterpret_cast<float*>(memory_ + output_);
        for (std::size_t i = 0; i < images; ++i) {
            double sum = 0;
            for (std::size_t p = 0; p < pixels_; ++p) sum += pixels[i * pixels_ + p];
            const double mean = sum / static_cast<double>(pixels_);
            for (std::size_t c = 0; c < classes_; ++c) {
                if (has("leaves-a-logit") && c + 1 == classes_) continue;
                logits[i * classes_ + c] = static_cast<float>(mean * static_cast<double>(c + 1));
            }
        }
        if (has("says-nan")) logits[0] = std::numeric_limits<float>::quiet_NaN();
        return {{"shape", {images, has("wrong-shape") ? classes_ + 1 : classes_}}};
    }

    json evidence() const {
        json result = {{"parameters", 10},
                       {"nonzero_parameters", has("lies-in-evidence") ? 11 : 9},
                       {"precision", "f32"},
                       {"kernels", {"fake x1"}},
                       {"notes",
                        {"model: " + model_, "ONNX file: " + onnx_,
                         "calibration images: " + std::to_string(calibration_images_)}},
                       {"optimize", {{"cold_s", 2.5}}}};
        if (has("negative-evidence")) result["weight_bytes"] = -4;
        return result;
    }

    std::string fault_;
    char* memory_ = nullptr;
    std::size_t output_ = 0;
    std::size_t classes_ = 0;
    std::size_t pixels_ = 0;
    std::string model_;
    std::string onnx_;
    int calibration_images_ = 0;
};

}  // namespace

int main(int argc, char** argv) { return FakeWorker(argc > 1 ? argv[1] : "").serve(); }
