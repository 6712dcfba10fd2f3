// Writes a model's logits for a fixed input as raw little-endian f32, for scripts that compare them with
// another implementation's:  espalier_logits MODEL TACTIC BATCH >logits.f32
//
// The input is x[i] = ((i * 2654435761) mod 2^32) / 2^32 * 2 - 1, flat over [batch, channels, height, width];
// with a fourth argument FILE it is read from there as raw f32 instead.

#include <cstdio>
#include <fstream>
#include <span>
#include <string>

#include "base/error.h"
#include "models/load.h"
#include "runtimes/native/native.h"

namespace espalier {
namespace {

void fill_with_formula(std::span<float> values) {
    std::uint32_t word = 0;
    for (float& value : values) {
        value = static_cast<float>(word / 4294967296.0 * 2 - 1);
        word += 2654435761u;
    }
}

void fill_from_file(std::span<float> values, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
    if (!file || file.peek() != EOF) fail("{} must hold {} values of f32", path, values.size());
}

void write_logits(int argc, char** argv) {
    const int batch = std::stoi(argv[3]);
    runtimes::NativeInstance instance(models::load_model(argv[1], {.hash = false}),
                                      {.tactic = argv[2], .batch = batch, .threads = 2});
    instance.optimize();
    const auto& model = instance.model();
    Tensor input = Tensor::allocate(DType::kF32, {batch, model.channels(), model.height(), model.width()});
    if (argc > 4) {
        fill_from_file(input.mutable_span<float>(), argv[4]);
    } else {
        fill_with_formula(input.mutable_span<float>());
    }
    const Tensor logits = instance.run(input);
    std::fwrite(logits.span<float>().data(), sizeof(float), logits.span<float>().size(), stdout);
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: espalier_logits MODEL TACTIC BATCH [INPUT.f32] >logits.f32\n");
        return 2;
    }
    try {
        espalier::write_logits(argc, argv);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
