/// Times the int8 kernels on the layers of known networks, one line per layer: time, GOPS, and the fraction
/// of what this thread reaches in a loop of vpdpbusd on registers. A result is checked against AVX2 before it
/// counts.
///
///     i8_benchmark [seconds per layer] [substring of the names to run] [instruction set]

#include <fmt/core.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/conv_i8/conv_i8.h"
#include "kernels/quantize/quantize_dynamic.h"

namespace espalier::kernels {
namespace {

struct Layer {
    const char* name;
    Conv2dShape shape;
    std::int64_t h, w;
    Activation activation = Activation::kNone;
    bool residual = false;
    bool per_row = false;  ///< a linear layer: every row has a quantization of its own
};

constexpr Conv2dShape square(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                             std::int64_t pad, std::int64_t groups = 1) {
    return {in, out, kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1, groups};
}
constexpr Conv2dShape pointwise(std::int64_t in, std::int64_t out) { return square(in, out, 1, 1, 0); }
constexpr Conv2dShape depthwise(std::int64_t c, std::int64_t kernel, std::int64_t stride) {
    return square(c, c, kernel, stride, kernel / 2, c);
}

const Layer kLayers[] = {
    {"vit_b qkv 768-2304", pointwise(768, 2304), 197, 1, Activation::kNone, false, true},
    {"vit_b proj 768-768", pointwise(768, 768), 197, 1, Activation::kNone, true, true},
    {"vit_b fc1 768-3072 gelu", pointwise(768, 3072), 197, 1, Activation::kGelu, false, true},
    {"vit_b fc2 3072-768", pointwise(3072, 768), 197, 1, Activation::kNone, true, true},
    {"vit_s fc1 384-1536 gelu", pointwise(384, 1536), 197, 1, Activation::kGelu, false, true},
    {"head 2048-1000, one row", pointwise(2048, 1000), 1, 1},
    {"resnet stem 7x7s2", square(3, 64, 7, 2, 3), 224, 224, Activation::kRelu},
    {"resnet 1x1 64-64@56", pointwise(64, 64), 56, 56, Activation::kRelu},
    {"resnet 1x1 64-256@56", pointwise(64, 256), 56, 56, Activation::kRelu, true},
    {"resnet 1x1 256-64@56", pointwise(256, 64), 56, 56, Activation::kRelu},
    {"resnet 3x3 64-64@56", square(64, 64, 3, 1, 1), 56, 56, Activation::kRelu},
    {"resnet 3x3 128-128@28", square(128, 128, 3, 1, 1), 28, 28, Activation::kRelu},
    {"resnet 1x1 512-128@28", pointwise(512, 128), 28, 28, Activation::kRelu},
    {"resnet 3x3 256-256@14", square(256, 256, 3, 1, 1), 14, 14, Activation::kRelu},
    {"resnet 1x1 256-1024@14", pointwise(256, 1024), 14, 14, Activation::kRelu, true},
    {"resnet 3x3 512-512@7", square(512, 512, 3, 1, 1), 7, 7, Activation::kRelu},
    {"resnet 1x1 2048-512@7", pointwise(2048, 512), 7, 7, Activation::kRelu},
    {"mobilenet 1x1 24-144@56", pointwise(24, 144), 56, 56, Activation::kClip},
    {"mobilenet 1x1 144-24@56", pointwise(144, 24), 56, 56},
    {"mobilenet dw3x3 144@56", depthwise(144, 3, 1), 56, 56, Activation::kClip},
    {"mobilenet dw3x3s2 96@112", depthwise(96, 3, 2), 112, 112, Activation::kClip},
    {"mobilenet dw3x3 384@14", depthwise(384, 3, 1), 14, 14, Activation::kClip},
    {"mobilenet dw3x3 960@7", depthwise(960, 3, 1), 7, 7, Activation::kClip},
    {"efficientnet dw5x5 240@28", depthwise(240, 5, 1), 28, 28, Activation::kSilu},
    {"convnext dw7x7 96@56", depthwise(96, 7, 1), 56, 56},
    {"convnext 1x1 96-384@56 gelu", pointwise(96, 384), 56, 56, Activation::kGelu, false, true},
    {"regnet group 8 208@14", square(208, 208, 3, 1, 1, 26), 14, 14, Activation::kRelu},
};

/// Processor time of this thread: on a busy machine no call of several milliseconds runs without
/// interruption.
double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

template <typename Body>
double fastest(double seconds, Body&& body) {
    double best = 1e9;
    int runs = 0;
    for (const double start = now(); now() - start < seconds || runs < 3; ++runs) {
        const double begin = now();
        body();
        best = std::min(best, now() - begin);
    }
    return best;
}

#if defined(__x86_64__)
/// Twelve independent chains of vpdpbusd in registers that the compiler cannot spill.
__attribute__((target("avx512f,avx512vnni"))) void spin_vnni(int rounds) {
    for (int i = 0; i < rounds; ++i) {
        __asm__ volatile(
            "vpdpbusd %%zmm31, %%zmm31, %%zmm0\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm1\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm2\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm3\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm4\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm5\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm6\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm7\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm8\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm9\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm10\n"
            "vpdpbusd %%zmm31, %%zmm31, %%zmm11\n" ::
                : "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10",
                  "zmm11");
    }
}
#endif

/// Operations per second of this thread: two per multiply-add, 64 multiply-adds per instruction.
double peak() {
#if defined(__x86_64__)
    if (best_isa() >= Isa::kAvx512Vnni) {
        constexpr int kRounds = 100000;
        return 128.0 * 12 * kRounds / fastest(0.2, [] { spin_vnni(kRounds); });
    }
#endif
    return 0;
}

void report(const Layer& layer, double seconds, double peak_ops, Isa limit) {
    ThreadPool pool(1);
    Random random(1);
    const Conv2dShape& s = layer.shape;
    const std::int64_t pixels = s.output_h(layer.h) * s.output_w(layer.w);
    std::vector<std::uint8_t> x(static_cast<std::size_t>(layer.h * layer.w * s.c_in));
    std::vector<std::int8_t> w(static_cast<std::size_t>(s.weights()));
    for (auto& value : x) value = static_cast<std::uint8_t>(random.below(256));
    for (auto& value : w) value = static_cast<std::int8_t>(random.below(255)) - 127;
    const float scale = 1e-4f;
    const std::vector<float> bias(static_cast<std::size_t>(s.c_out), 0.1f);
    const std::vector<float> residual(static_cast<std::size_t>(pixels * s.c_out), 0.2f);
    std::vector<float> y(residual.size()), check(residual.size());
    const PackedConvI8 packed = pack_conv2d_i8(s, w.data(), {&scale, 1});
    Epilogue epilogue{bias.data(), layer.residual ? residual.data() : nullptr, layer.activation, 0, 6};
    // A linear layer over rows is a convolution whose "images" are single pixels.
    const std::vector<Affine> affines(layer.per_row ? static_cast<std::size_t>(layer.h * layer.w) : 1,
                                      Affine{1, 100});
    const std::int64_t n = layer.per_row ? layer.h * layer.w : 1;
    const std::int64_t h = layer.per_row ? 1 : layer.h, width = layer.per_row ? 1 : layer.w;
    const auto run = [&](std::vector<float>& out, Isa isa) {
        conv2d_u8s8(packed, n, h, width, x.data(), affines, out.data(), epilogue, pool, isa);
    };
    run(check, Isa::kAvx2);
    run(y, limit);
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (std::abs(y[i] - check[i]) > 1e-5f * std::max(1.0f, std::abs(check[i]))) {
            fmt::print("{:28} WRONG at {}: {} is not {}\n", layer.name, i, y[i], check[i]);
            return;
        }
    }
    const double time = fastest(seconds, [&] { run(y, limit); });
    const double operations = 2.0 * static_cast<double>(pixels * s.weights());
    fmt::print("{:28} {:9.1f} us {:7.1f} GOPS {:5.1f} % of peak  {}\n", layer.name, time * 1e6,
               operations / time / 1e9, peak_ops > 0 ? 100 * operations / time / peak_ops : 0,
               packed.kernel_name(limit));
}

void run_all(double seconds, const char* filter, Isa limit) {
    const double peak_ops = peak();
    fmt::print("peak of this thread {:.0f} GOPS\n", peak_ops / 1e9);
    for (const Layer& layer : kLayers) {
        if (std::strstr(layer.name, filter)) report(layer, seconds, peak_ops, limit);
    }
}

}  // namespace
}  // namespace espalier::kernels

int main(int argc, char** argv) {
    espalier::kernels::run_all(argc > 1 ? std::atof(argv[1]) : 0.15, argc > 2 ? argv[2] : "",
                               argc > 3 ? espalier::parse_isa(argv[3]) : espalier::best_isa());
}
