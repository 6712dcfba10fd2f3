// Times reading images on one core: decoding, and preprocessing as a processor file says.
//   bench_preprocess PROCESSOR.json EDGE TENSORS.f32 IMAGE...
// Prints the median over rounds of the mean milliseconds per image, and writes the tensors of all images to
// TENSORS.f32. bench/peers/jpeg.py does the same with Pillow, in turns, and compares the tensors bit for bit.

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "datasets/preprocess.h"

namespace {

using namespace espalier;
using namespace espalier::datasets;

constexpr int kRounds = 15;

double median(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
    return values[values.size() / 2];
}

void write_tensors(const Preprocessor& preprocessor, const std::vector<std::string>& images,
                   const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    Tensor values = Tensor::allocate(DType::kF32, preprocessor.shape());
    const auto bytes = static_cast<std::streamsize>(values.span<float>().size_bytes());
    for (const std::string& image : images) {
        preprocessor.run(load_image(image), values.mutable_span<float>());
        file.write(reinterpret_cast<const char*>(values.span<float>().data()), bytes);
    }
    if (!file.flush()) fail("cannot write {}", path);
}

void measure(const Preprocessor& preprocessor, const std::vector<std::string>& images) {
    const MonotonicClock clock;
    Tensor values = Tensor::allocate(DType::kF32, preprocessor.shape());
    std::vector<double> decode_ms, preprocess_ms;
    for (int round = 0; round < kRounds; ++round) {
        Seconds decoding, preprocessing;
        for (const std::string& path : images) {
            const Seconds start = clock.now();
            const Image image = load_image(path);
            const Seconds decoded = clock.now();
            preprocessor.run(image, values.mutable_span<float>());
            decoding += decoded - start;
            preprocessing += clock.now() - decoded;
        }
        decode_ms.push_back(1e3 * decoding.value() / static_cast<double>(images.size()));
        preprocess_ms.push_back(1e3 * preprocessing.value() / static_cast<double>(images.size()));
    }
    fmt::print("{{\"decode_ms\": {:.4f}, \"preprocess_ms\": {:.4f}, \"images\": {}}}\n", median(decode_ms),
               median(preprocess_ms), images.size());
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 5) {
        fmt::print(stderr, "usage: bench_preprocess PROCESSOR.json EDGE TENSORS.f32 IMAGE...\n");
        return 2;
    }
    try {
        const int edge = std::stoi(arguments[2]);
        const ProcessorConfig config = parse_processor(read_text_file(arguments[1]), arguments[1], "");
        const Preprocessor preprocessor(config, 3, edge, edge);
        const std::vector<std::string> images(arguments + 4, arguments + count);
        write_tensors(preprocessor, images, arguments[3]);
        measure(preprocessor, images);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "bench_preprocess: {}\n", problem.what());
        return 1;
    }
}
