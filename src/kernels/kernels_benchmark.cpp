/// Times the fp32 or bf16 kernels on the layers of known networks, one line per layer: time, GFLOP/s, and the
/// fraction of what these threads reach in a loop of products on registers. A result is checked before it
/// counts. Where oneDNN is installed it runs beside as a yardstick, in the layouts that it prefers.
///
///     kernels_benchmark [--threads N] [--isa NAME] [--net NAME] [--seconds S] [--no-winograd]
///     [--no-yardstick] [--bf16 ROW]

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "kernels/attention/attention.h"
#include "kernels/conv/conv2d.h"
#include "kernels/conv/conv2d_reference.h"
#include "kernels/conv_bf16/conv_bf16.h"
#include "kernels/gemm/gemm_reference.h"
#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/onednn_yardstick.h"

namespace espalier::kernels {
namespace {

struct Options {
    int threads = 1;
    Isa isa = best_isa();
    std::string net;
    double seconds = 0.15;
    bool winograd = true;
    bool yardstick = true;
    const TileBF16Kernel* bf16 = nullptr;  ///< multiply in bf16 with this kernel
};

/// `count` layers of the net have this shape.
struct Layer {
    const char* net;
    int count;
    Conv2dShape shape;
    std::int64_t h, w;
    Activation activation = Activation::kNone;
    bool residual = false;
};

constexpr Conv2dShape pointwise(std::int64_t in, std::int64_t out, std::int64_t stride = 1) {
    return {.c_in = in, .c_out = out, .stride_h = stride, .stride_w = stride};
}
constexpr Conv2dShape square(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                             std::int64_t pad, std::int64_t groups = 1) {
    return {in, out, kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1, groups};
}
constexpr Conv2dShape depthwise(std::int64_t c, std::int64_t kernel, std::int64_t stride) {
    return square(c, c, kernel, stride, kernel / 2, c);
}

constexpr Activation kRelu = Activation::kRelu;
constexpr Activation kClip = Activation::kClip;
constexpr Activation kNone = Activation::kNone;

const Layer kLayers[] = {
    {"resnet50", 1, square(3, 64, 7, 2, 3), 224, 224, kRelu},
    {"resnet50", 1, pointwise(64, 64), 56, 56, kRelu},
    {"resnet50", 3, square(64, 64, 3, 1, 1), 56, 56, kRelu},
    {"resnet50", 4, pointwise(64, 256), 56, 56, kRelu, true},
    {"resnet50", 2, pointwise(256, 64), 56, 56, kRelu},
    {"resnet50", 1, pointwise(256, 128), 56, 56, kRelu},
    {"resnet50", 1, square(128, 128, 3, 2, 1), 56, 56, kRelu},
    {"resnet50", 1, pointwise(256, 512, 2), 56, 56},
    {"resnet50", 4, pointwise(128, 512), 28, 28, kRelu, true},
    {"resnet50", 3, pointwise(512, 128), 28, 28, kRelu},
    {"resnet50", 3, square(128, 128, 3, 1, 1), 28, 28, kRelu},
    {"resnet50", 1, pointwise(512, 256), 28, 28, kRelu},
    {"resnet50", 1, square(256, 256, 3, 2, 1), 28, 28, kRelu},
    {"resnet50", 1, pointwise(512, 1024, 2), 28, 28},
    {"resnet50", 6, pointwise(256, 1024), 14, 14, kRelu, true},
    {"resnet50", 5, pointwise(1024, 256), 14, 14, kRelu},
    {"resnet50", 5, square(256, 256, 3, 1, 1), 14, 14, kRelu},
    {"resnet50", 1, pointwise(1024, 512), 14, 14, kRelu},
    {"resnet50", 1, square(512, 512, 3, 2, 1), 14, 14, kRelu},
    {"resnet50", 1, pointwise(1024, 2048, 2), 14, 14},
    {"resnet50", 3, pointwise(512, 2048), 7, 7, kRelu, true},
    {"resnet50", 2, pointwise(2048, 512), 7, 7, kRelu},
    {"resnet50", 2, square(512, 512, 3, 1, 1), 7, 7, kRelu},
    {"resnet50", 1, pointwise(2048, 1000), 1, 1},
    {"vit_b_16", 1, square(3, 768, 16, 16, 0), 224, 224},
    {"vit_b_16", 12, pointwise(768, 2304), 197, 1},
    {"vit_b_16", 12, pointwise(768, 768), 197, 1, kNone, true},
    {"vit_b_16", 12, pointwise(768, 3072), 197, 1, Activation::kGelu},
    {"vit_b_16", 12, pointwise(3072, 768), 197, 1, kNone, true},
    {"vit_b_16", 1, pointwise(768, 1000), 1, 1},
    {"mobilenet_v2", 1, square(3, 32, 3, 2, 1), 224, 224, kClip},
    {"mobilenet_v2", 1, depthwise(32, 3, 1), 112, 112, kClip},
    {"mobilenet_v2", 1, pointwise(32, 16), 112, 112},
    {"mobilenet_v2", 1, pointwise(16, 96), 112, 112, kClip},
    {"mobilenet_v2", 1, depthwise(96, 3, 2), 112, 112, kClip},
    {"mobilenet_v2", 1, pointwise(96, 24), 56, 56},
    {"mobilenet_v2", 2, pointwise(24, 144), 56, 56, kClip},
    {"mobilenet_v2", 1, depthwise(144, 3, 1), 56, 56, kClip},
    {"mobilenet_v2", 1, pointwise(144, 24), 56, 56, kNone, true},
    {"mobilenet_v2", 1, depthwise(144, 3, 2), 56, 56, kClip},
    {"mobilenet_v2", 1, pointwise(144, 32), 28, 28},
    {"mobilenet_v2", 3, pointwise(32, 192), 28, 28, kClip},
    {"mobilenet_v2", 2, depthwise(192, 3, 1), 28, 28, kClip},
    {"mobilenet_v2", 2, pointwise(192, 32), 28, 28, kNone, true},
    {"mobilenet_v2", 1, depthwise(192, 3, 2), 28, 28, kClip},
    {"mobilenet_v2", 1, pointwise(192, 64), 14, 14},
    {"mobilenet_v2", 4, pointwise(64, 384), 14, 14, kClip},
    {"mobilenet_v2", 4, depthwise(384, 3, 1), 14, 14, kClip},
    {"mobilenet_v2", 3, pointwise(384, 64), 14, 14, kNone, true},
    {"mobilenet_v2", 1, pointwise(384, 96), 14, 14},
    {"mobilenet_v2", 3, pointwise(96, 576), 14, 14, kClip},
    {"mobilenet_v2", 2, depthwise(576, 3, 1), 14, 14, kClip},
    {"mobilenet_v2", 2, pointwise(576, 96), 14, 14, kNone, true},
    {"mobilenet_v2", 1, depthwise(576, 3, 2), 14, 14, kClip},
    {"mobilenet_v2", 1, pointwise(576, 160), 7, 7},
    {"mobilenet_v2", 3, pointwise(160, 960), 7, 7, kClip},
    {"mobilenet_v2", 3, depthwise(960, 3, 1), 7, 7, kClip},
    {"mobilenet_v2", 2, pointwise(960, 160), 7, 7, kNone, true},
    {"mobilenet_v2", 1, pointwise(960, 320), 7, 7},
    {"mobilenet_v2", 1, pointwise(320, 1280), 7, 7, kClip},
    {"mobilenet_v2", 1, pointwise(1280, 1000), 1, 1},
    {"resnet56_cifar10", 18, square(16, 16, 3, 1, 1), 32, 32, kRelu},
    {"resnet56_cifar10", 17, square(32, 32, 3, 1, 1), 16, 16, kRelu},
    {"resnet56_cifar10", 17, square(64, 64, 3, 1, 1), 8, 8, kRelu},
    {"convnext_tiny", 1, square(3, 96, 4, 4, 0), 224, 224},
    {"convnext_tiny", 3, depthwise(96, 7, 1), 56, 56},
    {"convnext_tiny", 3, depthwise(192, 7, 1), 28, 28},
    {"convnext_tiny", 9, depthwise(384, 7, 1), 14, 14},
    {"convnext_tiny", 3, depthwise(768, 7, 1), 7, 7},
    {"convnext_tiny", 3, pointwise(96, 384), 56, 56, Activation::kGelu},
    {"convnext_tiny", 1, square(96, 192, 2, 2, 0), 56, 56},
    {"efficientnet_b0", 2, depthwise(240, 5, 1), 28, 28, Activation::kSilu},
    {"efficientnet_b0", 3, depthwise(1152, 5, 1), 7, 7, Activation::kSilu},
    {"efficientnet_b0", 2, pointwise(1152, 192), 7, 7},
    {"regnet_y_400mf", 1, square(48, 48, 3, 2, 1, 6), 112, 112, kRelu},
    {"regnet_y_400mf", 3, square(104, 104, 3, 1, 1, 13), 28, 28, kRelu},
    {"regnet_y_400mf", 6, square(208, 208, 3, 1, 1, 26), 14, 14, kRelu},
    {"regnet_y_400mf", 6, square(440, 440, 3, 1, 1, 55), 7, 7, kRelu},
    {"resnext50", 3, square(128, 128, 3, 1, 1, 32), 56, 56, kRelu},
    {"resnext50", 6, square(512, 512, 3, 1, 1, 32), 14, 14, kRelu},
};

/// Seconds. One thread is timed by the processor time it gets, since on a busy machine no call of several
/// milliseconds runs without interruption; more threads by the clock on the wall.
double now(int threads) {
    timespec time{};
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The time of one call: the shortest of the samples that fit into `options.seconds`, at least five. Short
/// calls are repeated within a sample, since the clock of processor time errs by a few microseconds.
double best_time(const Options& options, const std::function<void()>& body) {
    constexpr double kSample = 300e-6;
    const auto sample = [&](int repeats) {
        const double begin = now(options.threads);
        for (int i = 0; i < repeats; ++i) body();
        return now(options.threads) - begin;
    };
    body();
    int repeats = 1;
    while (sample(repeats) < kSample) repeats *= 2;
    double best = 1e30;
    const double start = now(options.threads);
    for (int i = 0; i < 5 || now(options.threads) - start < options.seconds; ++i) {
        best = std::min(best, sample(repeats) / repeats);
    }
    return best;
}

/// FMAs per call of spin_fma() and the floats of each.
constexpr std::int64_t kSpins = 400'000;

/// Twelve chains of FMAs on registers: more than two per cycle of four cycles latency need.
void spin_fma([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
    std::int64_t n = kSpins;
    if (isa >= Isa::kAvx512) {
        asm volatile(
            "1:\n"
            ".irp i,0,1,2,3,4,5,6,7,8,9,10,11\n"
            "vfmadd231ps %%zmm14,%%zmm15,%%zmm\\i\n"
            ".endr\n"
            "dec %0\njnz 1b\nvzeroupper\n"
            : "+r"(n)::"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11", "xmm14", "xmm15");
    } else {
        asm volatile(
            "1:\n"
            ".irp i,0,1,2,3,4,5,6,7,8,9,10,11\n"
            "vfmadd231ps %%ymm14,%%ymm15,%%ymm\\i\n"
            ".endr\n"
            "dec %0\njnz 1b\nvzeroupper\n"
            : "+r"(n)::"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
              "xmm10", "xmm11", "xmm14", "xmm15");
    }
#endif
}

/// The same number of chains of products of bf16 pairs.
void spin_bf16() {
#if defined(__x86_64__)
    std::int64_t n = kSpins;
    asm volatile(
        "1:\n"
        ".irp i,0,1,2,3,4,5,6,7,8,9,10,11\n"
        "vdpbf16ps %%zmm14,%%zmm15,%%zmm\\i\n"
        ".endr\n"
        "dec %0\njnz 1b\nvzeroupper\n"
        : "+r"(n)::"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
          "xmm11", "xmm14", "xmm15");
#endif
}

/// GFLOP/s of all threads at products on registers: the ceiling of every line of the table.
double measure_peak(const Options& options, ThreadPool& pool) {
    const bool pairs = options.bf16 && !options.bf16->widens();
    const double flops = 2.0 * 12 * kSpins *
                         (pairs                         ? 32
                          : options.isa >= Isa::kAvx512 ? 16
                                                        : 8) *
                         options.threads;
    const double seconds = best_time(options, [&] {
        pool.parallel_for(options.threads, 1, [&](std::int64_t begin, std::int64_t end, int) {
            for (; begin < end; ++begin) pairs ? spin_bf16() : spin_fma(options.isa);
        });
    });
    return flops / seconds / 1e9;
}

std::vector<float> random_floats(std::int64_t count, Random& random) {
    std::vector<float> floats(static_cast<std::size_t>(count));
    for (float& x : floats) x = static_cast<float>(random.uniform() * 2 - 1);
    return floats;
}

/// Compares outputs spread over the whole result with the reference, as many as take a fraction of a second.
void check(const Layer& layer, const std::vector<float>& w, const std::vector<float>& x,
           const std::vector<float>& y, const Epilogue& epilogue) {
    constexpr std::int64_t kMacs = 20'000'000;
    const std::int64_t samples = kMacs / (layer.shape.group_in() * layer.shape.taps());
    const auto outputs = static_cast<std::int64_t>(y.size());
    // An odd step visits every column.
    const std::int64_t step = std::max<std::int64_t>(1, outputs / samples) | 1;
    for (std::int64_t i = 0; i < outputs; i += step) {
        const Conv2dSum sum =
            conv2d_f32_reference_at(layer.shape, w.data(), layer.h, layer.w, x.data(), i, epilogue);
        const double expected = activate_reference(sum.value, epilogue);
        const float got = y[static_cast<std::size_t>(i)];
        if (!(std::abs(got - expected) <= 1e-5 * (1 + sum.magnitude))) {
            fail("{} gives {} instead of {} at output {}", layer.net, got, expected, i);
        }
    }
}

/// Compares the first query of the last head with the definition.
void check_attention(const AttentionShape& s, const float* qkv, const float* out) {
    const std::int64_t model = s.heads * s.head_dim, at = model - s.head_dim;
    std::vector<double> p(static_cast<std::size_t>(s.keys));
    double sum = 0;
    for (std::int64_t j = 0; j < s.keys; ++j) {
        double score = 0;
        for (std::int64_t e = 0; e < s.head_dim; ++e) {
            score += double{qkv[at + e]} * qkv[j * s.k_row + model + at + e];
        }
        sum += p[static_cast<std::size_t>(j)] = std::exp(score * s.scale);
    }
    for (std::int64_t e = 0; e < s.value_dim; ++e) {
        double expected = 0;
        for (std::int64_t j = 0; j < s.keys; ++j) {
            expected += p[static_cast<std::size_t>(j)] / sum * qkv[j * s.v_row + 2 * model + at + e];
        }
        if (!(std::abs(out[at + e] - expected) <= 1e-5)) {
            fail("attention gives {} instead of {} at column {}", out[at + e], expected, e);
        }
    }
}

struct Total {
    double seconds = 0;
    double yardstick_seconds = 0;
    double flops = 0;
};

/// A kernel with its weights packed.
struct Packed {
    std::string name;
    std::function<void(const float* x, float* y, const Epilogue& epilogue)> run;
};

Packed pack_bf16(const Layer& layer, const std::vector<float>& w, const Options& options, ThreadPool& pool) {
    std::vector<std::uint16_t> bits;
    for (const float value : w) bits.push_back(f32_to_bf16(value));
    return {std::string("conv_") + options.bf16->name,
            [&, packed = pack_conv2d_bf16(layer.shape, bits.data())](const float* x, float* y,
                                                                     const Epilogue& epilogue) {
                conv2d_bf16(packed, 1, layer.h, layer.w, x, y, epilogue, pool, *options.bf16);
            }};
}

Packed pack_f32(const Layer& layer, const std::vector<float>& w, const Options& options, ThreadPool& pool) {
    const PackedConvF32 packed =
        pack_conv2d_f32(layer.shape, w.data(),
                        {.isa = options.isa, .h = layer.h, .w = layer.w, .winograd = options.winograd});
    return {packed.kernel_name(), [&, packed](const float* x, float* y, const Epilogue& epilogue) {
                conv2d_f32(packed, 1, layer.h, layer.w, x, y, epilogue, pool);
            }};
}

void run_layer(const Layer& layer, const Options& options, ThreadPool& pool, double peak, Total& total) {
    Random random(1);
    const Conv2dShape& s = layer.shape;
    const std::int64_t outputs = s.output_h(layer.h) * s.output_w(layer.w) * s.c_out;
    std::vector<float> w = random_floats(s.weights(), random);
    const std::vector<float> bias = random_floats(s.c_out, random);
    std::vector<float> x = random_floats(layer.h * layer.w * s.c_in, random);
    // Both sides are bf16 numbers already, so that the reference multiplies what the kernel does.
    for (std::vector<float>* values : {&w, &x}) {
        for (float& value : *values) value = options.bf16 ? bf16_to_f32(f32_to_bf16(value)) : value;
    }
    const std::vector<float> residual = random_floats(outputs, random);
    std::vector<float> y(static_cast<std::size_t>(outputs));
    const Epilogue epilogue{.bias = bias.data(),
                            .residual = layer.residual ? residual.data() : nullptr,
                            .activation = layer.activation,
                            .lo = 0,
                            .hi = 6};
    const Packed packed =
        options.bf16 ? pack_bf16(layer, w, options, pool) : pack_f32(layer, w, options, pool);
    const auto run = [&] { packed.run(x.data(), y.data(), epilogue); };
    run();
    check(layer, w, x, y, epilogue);
    const double seconds = best_time(options, run);
    const double flops = 2.0 * static_cast<double>(outputs * s.group_in() * s.taps());
    total.seconds += layer.count * seconds;
    total.flops += layer.count * flops;
    fmt::print("{:16}{:2}x {:>4}-{:<4} {}x{} s{} g{:<3} @{:<3} {:28} {:9.1f} us {:7.1f} GF {:5.1f} %",
               layer.net, layer.count, s.c_in, s.c_out, s.kernel_h, s.kernel_w, s.stride_h, s.groups, layer.h,
               packed.name, seconds * 1e6, flops / seconds / 1e9, flops / seconds / 1e7 / peak);
    if (options.yardstick) {
        const OnednnYardstick yardstick(s, layer.h, layer.w, layer.activation, layer.residual,
                                        options.bf16 != nullptr);
        if (yardstick.available()) {
            const double theirs = best_time(options, [&] { yardstick.run(); });
            total.yardstick_seconds += layer.count * theirs;
            fmt::print(" | oneDNN {:5.1f} % ratio {:4.2f} {}", flops / theirs / 1e7 / peak, theirs / seconds,
                       yardstick.name());
        }
    }
    fmt::print("\n");
}

void run_attention(const Options& options, ThreadPool& pool, double peak) {
    Random random(2);
    for (const auto& [tokens, heads, d] :
         {std::array{197, 12, 64}, std::array{197, 3, 64}, std::array{1024, 12, 64}, std::array{49, 3, 32}}) {
        const AttentionShape shape = fused_qkv_attention(1, tokens, heads, d, 0.125f);
        const std::vector<float> qkv = random_floats(tokens * 3 * heads * d, random);
        std::vector<float> out(static_cast<std::size_t>(tokens * heads * d));
        const auto run = [&] {
            attention_f32(shape, qkv.data(), qkv.data() + heads * d, qkv.data() + 2 * heads * d, nullptr,
                          out.data(), pool, options.isa);
        };
        run();
        check_attention(shape, qkv.data(), out.data());
        const double seconds = best_time(options, run);
        const double flops = 4.0 * heads * tokens * static_cast<double>(tokens) * d;
        fmt::print("attention T={} H={} d={}: {:.1f} us {:.1f} GF {:.1f} %\n", tokens, heads, d,
                   seconds * 1e6, flops / seconds / 1e9, flops / seconds / 1e7 / peak);
    }
}

/// A row of the table by its name, or the one that is chosen on this machine for "best".
const TileBF16Kernel& find_bf16(std::string_view name) {
    if (name == "best") return bf16_kernel();
    for (const TileBF16Kernel& kernel : tile_bf16_kernels()) {
        if (kernel.name == name && kernel.isa <= best_isa()) return kernel;
    }
    fail_usage("no kernel '{}' for this processor: expected 'best' or a name such as bf16/avx2", name);
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto value = [&]() -> std::string {
            if (i + 1 >= argc) fail_usage("{} needs a value", word);
            return argv[++i];
        };
        if (word == "--threads") {
            options.threads = std::atoi(value().c_str());
        } else if (word == "--isa") {
            options.isa = parse_isa(value());
        } else if (word == "--net") {
            options.net = value();
        } else if (word == "--seconds") {
            options.seconds = std::atof(value().c_str());
        } else if (word == "--no-winograd") {
            options.winograd = false;
        } else if (word == "--no-yardstick") {
            options.yardstick = false;
        } else if (word == "--bf16") {
            options.bf16 = &find_bf16(value());
        } else {
            fail_usage("unknown option {}", word);
        }
    }
    return options;
}

void run(const Options& options) {
    ThreadPool pool(options.threads);
    const ThreadPool::Session session(pool);
    const double peak = measure_peak(options, pool);
    fmt::print("{} thread(s), {}: {:.1f} GFLOP/s of products on registers\n", options.threads,
               name(options.isa), peak);
    std::string net;
    Total total;
    const auto close = [&] {
        if (net.empty()) return;
        fmt::print("{:16}listed layers {:.2f} ms, {:.1f} % of the ceiling", net, total.seconds * 1e3,
                   total.flops / total.seconds / 1e7 / peak);
        if (total.yardstick_seconds > 0) fmt::print(", oneDNN {:.2f} ms", total.yardstick_seconds * 1e3);
        fmt::print("\n\n");
        total = {};
    };
    for (const Layer& layer : kLayers) {
        if (!options.net.empty() && options.net != layer.net) continue;
        if (net != layer.net) close();
        net = layer.net;
        run_layer(layer, options, pool, peak, total);
    }
    close();
    if (!options.bf16 && (options.net.empty() || options.net == "attention"))
        run_attention(options, pool, peak);
}

}  // namespace
}  // namespace espalier::kernels

namespace {

/// oneDNN's OpenMP reads how many threads it may have when it is loaded: the program begins again.
void give_yardstick_threads(int threads, char** argv) {
    const std::string wanted = std::to_string(threads);
    const char* given = std::getenv("OMP_NUM_THREADS");
    if (given && wanted == given) return;
    setenv("OMP_NUM_THREADS", wanted.c_str(), 1);
    execv("/proc/self/exe", argv);
    throw espalier::Error("cannot begin again with OMP_NUM_THREADS set");
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto options = espalier::kernels::parse(argc, argv);
        if (options.yardstick) give_yardstick_threads(options.threads, argv);
        espalier::kernels::run(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "kernels_benchmark: {}\n", error.what());
        return 1;
    }
}
