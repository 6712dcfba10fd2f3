/// Times sparse products and convolutions on layers of known networks against the dense kernels, and prints
/// what the cost model says beside it. The constants of spmm_cost.cpp come from here.
///
///     spmm_benchmark [seconds per layer [isa [part of a layer's name [threads]]]]

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "kernels/conv/conv2d.h"
#include "kernels/conv_i8/conv_i8.h"
#include "kernels/gemm/gemm.h"
#include "kernels/sparse/spmm.h"
#include "kernels/sparse/spmm_cost.h"
#include "kernels/sparse/spmm_i8.h"
#include "kernels/winograd/winograd.h"

namespace espalier::kernels {
namespace {

/// A convolution of an image of size x size pixels; a linear layer of m rows is one of m x 1.
struct Layer {
    const char* name;
    std::int64_t h, w, k, n, kernel, stride;
};

constexpr Layer kLayers[] = {
    {"vit_b qkv", 197, 1, 768, 2304, 1, 1},       {"vit_b fc1", 197, 1, 768, 3072, 1, 1},
    {"vit_b fc2", 197, 1, 3072, 768, 1, 1},       {"vit_s fc1", 197, 1, 384, 1536, 1, 1},
    {"1x1 64-64@56", 56, 56, 64, 64, 1, 1},       {"1x1 64-256@56", 56, 56, 64, 256, 1, 1},
    {"1x1 256-64@56", 56, 56, 256, 64, 1, 1},     {"1x1 512-128@28", 28, 28, 512, 128, 1, 1},
    {"1x1 128-512@28", 28, 28, 128, 512, 1, 1},   {"1x1 256-1024@14", 14, 14, 256, 1024, 1, 1},
    {"1x1 1024-256@14", 14, 14, 1024, 256, 1, 1}, {"1x1 2048-512@7", 7, 7, 2048, 512, 1, 1},
    {"1x1 512-2048@7", 7, 7, 512, 2048, 1, 1},    {"1x1 576-96@14", 14, 14, 576, 96, 1, 1},
    {"3x3 64@56", 56, 56, 64, 64, 3, 1},          {"3x3 128@28", 28, 28, 128, 128, 3, 1},
    {"3x3 256@14", 14, 14, 256, 256, 3, 1},       {"3x3 512@7", 7, 7, 512, 512, 3, 1},
    {"3x3 128@56/2", 56, 56, 128, 128, 3, 2},     {"3x3 512@14/2", 14, 14, 512, 512, 3, 2},
};

double now() {
    static const MonotonicClock clock;
    return clock.now().value();
}

/// Alternates the two bodies and returns the fastest run of each, so that both see the same machine.
template <typename A, typename B>
std::pair<double, double> fastest(double seconds, A&& a, B&& b) {
    double best_a = 1e9, best_b = 1e9;
    int runs = 0;
    for (const double start = now(); now() - start < seconds || runs < 3; ++runs) {
        double begin = now();
        a();
        best_a = std::min(best_a, now() - begin);
        begin = now();
        b();
        best_b = std::min(best_b, now() - begin);
    }
    return {best_a, best_b};
}

Conv2dShape shape_of(const Layer& layer) {
    Conv2dShape shape;
    shape.c_in = layer.k;
    shape.c_out = layer.n;
    shape.kernel_h = shape.kernel_w = layer.kernel;
    shape.stride_h = shape.stride_w = layer.stride;
    shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = layer.kernel / 2;
    return shape;
}

void report_f32(const Layer& layer, double seconds, Isa isa, int threads) {
    ThreadPool pool(threads);
    Random random(1);
    const Conv2dShape shape = shape_of(layer);
    const std::int64_t m = shape.output_h(layer.h) * shape.output_w(layer.w);
    std::vector<float> x(static_cast<std::size_t>(layer.h * layer.w * layer.k)),
        w(static_cast<std::size_t>(shape.weights())), y(static_cast<std::size_t>(m * layer.n)),
        check(y.size());
    for (float& value : x) value = static_cast<float>(random.normal());
    for (float& value : w) value = static_cast<float>(random.normal());
    fmt::print("f32 {:18}", layer.name);
    for (const double zeros : {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95}) {
        std::vector<float> pruned = w;
        for (float& value : pruned) value = random.uniform() < zeros ? 0.0f : value;
        const PackedConvF32 dense = pack_conv2d_f32(shape, pruned.data(), {isa, threads, layer.h, layer.w});
        const SparseF32 sparse = pack_sparse_f32(pruned.data(), layer.n, layer.k, shape.taps(), m, isa);
        const auto [dense_time, sparse_time] = fastest(
            seconds, [&] { conv2d_f32(dense, 1, layer.h, layer.w, x.data(), check.data(), {}, pool); },
            [&] {
                sparse_conv2d_f32(shape, sparse, 1, layer.h, layer.w, x.data(), y.data(), {}, pool, isa);
            });
        double error = 0;
        for (std::size_t i = 0; i < y.size(); ++i)
            error = std::max(error, static_cast<double>(std::abs(y[i] - check[i])));
        const SparseProblem problem{m, layer.n, layer.k, shape.taps(), 1 - zeros};
        const double predicted = (layer.kernel > 1 ? dense_conv_cycles(shape, 1, layer.h, layer.w, isa, true)
                                                   : dense_product_cycles(problem, isa)) /
                                 spmm_cycles(problem, isa);
        if (zeros == 0.3) fmt::print(" dense {:8.1f} us |", dense_time * 1e6);
        fmt::print(" {:.0f}: {:.2f} ({:.2f}){}", 100 * zeros, dense_time / sparse_time, predicted,
                   error > 5e-3 ? " WRONG" : "");
    }
    fmt::print("\n");
}

void report_i8(const Layer& layer, double seconds, Isa isa, int threads) {
    ThreadPool pool(threads);
    Random random(2);
    const Conv2dShape shape = shape_of(layer);
    const std::int64_t m = shape.output_h(layer.h) * shape.output_w(layer.w), taps = shape.taps();
    std::vector<std::uint8_t> x(static_cast<std::size_t>(layer.h * layer.w * layer.k));
    std::vector<std::int8_t> w(static_cast<std::size_t>(shape.weights()));
    std::vector<float> y(static_cast<std::size_t>(m * layer.n)), check(y.size());
    for (auto& value : x) value = static_cast<std::uint8_t>(random.below(256));
    for (auto& value : w) value = static_cast<std::int8_t>(1 + random.below(127));
    const float scale = 0.01f;
    const std::vector<Affine> affines{{0.02f, 100}};
    fmt::print("int8 {:17}", layer.name);
    for (const double zeros : {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95}) {
        std::vector<std::int8_t> pruned = w;
        for (std::int64_t j = 0; j < layer.n; ++j) {
            for (std::int64_t tap = 0; tap < taps; ++tap) {
                for (std::int64_t p = 0; p < layer.k; p += kSparseBlock) {
                    if (random.uniform() >= zeros) continue;
                    for (std::int64_t b = 0; b < kSparseBlock && p + b < layer.k; ++b) {
                        pruned[static_cast<std::size_t>((j * layer.k + p + b) * taps + tap)] = 0;
                    }
                }
            }
        }
        const PackedConvI8 dense = pack_conv2d_i8(shape, pruned.data(), {&scale, 1});
        const SparseI8 sparse = pack_sparse_i8(pruned.data(), layer.n, layer.k, {&scale, 1}, taps, m, isa);
        const auto [dense_time, sparse_time] = fastest(
            seconds,
            [&] { conv2d_u8s8(dense, 1, layer.h, layer.w, x.data(), affines, check.data(), {}, pool, isa); },
            [&] {
                sparse_conv2d_u8s8(shape, sparse, 1, layer.h, layer.w, x.data(), affines, y.data(), {}, pool,
                                   isa);
            });
        const SparseProblem problem{m, layer.n, layer.k, taps, 1 - zeros};
        if (zeros == 0.3) fmt::print(" dense {:8.1f} us |", dense_time * 1e6);
        fmt::print(" {:.0f}: {:.2f} ({:.2f}){}", 100 * zeros, dense_time / sparse_time,
                   dense_i8_cycles(problem, isa) / spmm_i8_cycles(problem, isa), y == check ? "" : " WRONG");
    }
    fmt::print("\n");
}

}  // namespace

void run_all(double seconds, Isa isa, std::string_view part, int threads) {
    for (const auto report : {report_f32, report_i8}) {
        for (const Layer& layer : kLayers) {
            if (std::string_view(layer.name).find(part) != std::string_view::npos)
                report(layer, seconds, isa, threads);
        }
    }
}

}  // namespace espalier::kernels

int main(int argc, char** argv) {
    espalier::kernels::run_all(argc > 1 ? std::atof(argv[1]) : 0.1,
                               argc > 2 ? espalier::parse_isa(argv[2]) : espalier::best_isa(),
                               argc > 3 ? argv[3] : "", argc > 4 ? std::atoi(argv[4]) : 1);
}
