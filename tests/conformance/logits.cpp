// Writes a model's logits as raw little-endian f32, for scripts that compare them with another
// implementation's: espalier_logits MODEL TACTIC BATCH [INPUT.f32] >logits.f32
//
// The input is one batch of x[i] = ((i * 2654435761) mod 2^32) / 2^32 * 2 - 1, flat over [batch, channels,
// height, width]; or the images that the file INPUT.f32 holds, a batch at a time.

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

/// Reads up to a batch of images of `elements` floats; the number of images. Throws Error where one is cut
/// short.
std::int64_t read_images(std::ifstream& file, std::span<float> values, std::int64_t elements) {
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
    const auto bytes = static_cast<std::int64_t>(file.gcount());
    const auto image = elements * static_cast<std::int64_t>(sizeof(float));
    if (bytes % image != 0) fail("the input must hold whole images of {} values of f32", elements);
    return bytes / image;
}

void write_logits(int argc, char** argv) {
    const int batch = std::stoi(argv[3]);
    runtimes::NativeInstance instance(models::load_model(argv[1], {.hash = false}),
                                      {.tactic = argv[2], .batch = batch, .threads = 2});
    instance.optimize();
    const runtimes::ModelInfo& model = instance.info();
    Tensor input = Tensor::allocate(DType::kF32, {batch, model.channels, model.height, model.width});
    const auto classify = [&](const Tensor& images) {
        const Tensor logits = instance.run(images);
        std::fwrite(logits.span<float>().data(), sizeof(float), logits.span<float>().size(), stdout);
    };
    if (argc < 5) {
        fill_with_formula(input.mutable_span<float>());
        return classify(input);
    }
    std::ifstream file(argv[4], std::ios::binary);
    if (!file) fail("cannot open {}", argv[4]);
    const std::int64_t elements = input.elements() / batch;
    while (const std::int64_t images = read_images(file, input.mutable_span<float>(), elements)) {
        const auto values = input.span<float>().first(static_cast<std::size_t>(images * elements));
        classify(Tensor::of<float>(input.shape().with(0, images), values));
    }
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
