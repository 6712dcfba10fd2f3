/// Times the sparse product on layers of known networks against the dense one, one thread.
///
///     spmm_benchmark [seconds per layer]

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/random.h"
#include "kernels/gemm/gemm.h"
#include "kernels/sparse/spmm.h"

namespace espalier::kernels {
namespace {

struct Layer {
    const char* name;
    std::int64_t m, n, k;
};

constexpr Layer kLayers[] = {
    {"vit_b fc1 197x3072x768", 197, 3072, 768}, {"vit_b fc2 197x768x3072", 197, 768, 3072},
    {"vit_s fc1 197x1536x384", 197, 1536, 384}, {"resnet 1x1 256-1024@14", 196, 1024, 256},
    {"resnet 1x1 512-128@28", 784, 128, 512},   {"resnet 1x1 64-256@56", 3136, 256, 64},
    {"resnet 1x1 2048-512@7", 49, 512, 2048},   {"mobilenet 1x1 576-96@14", 196, 96, 576},
};

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

void report(const Layer& layer, double seconds) {
    ThreadPool pool(1);
    Random random(1);
    std::vector<float> a(static_cast<std::size_t>(layer.m * layer.k)),
        w(static_cast<std::size_t>(layer.n * layer.k));
    std::vector<float> c(static_cast<std::size_t>(layer.m * layer.n)), check(c.size());
    for (float& value : a) value = static_cast<float>(random.normal());
    for (float& value : w) value = static_cast<float>(random.normal());
    const PackedF32 dense = pack_gemm_f32(w.data(), layer.n, layer.k);
    const double dense_time =
        fastest(seconds, [&] { gemm_f32(layer.m, a.data(), layer.k, dense, c.data(), layer.n, {}, pool); });
    fmt::print("{:24} dense {:7.1f} us {:6.1f} GFLOP/s |", layer.name, dense_time * 1e6,
               2e-9 * static_cast<double>(layer.m * layer.n * layer.k) / dense_time);
    for (const double zeros : {0.3, 0.5, 0.7, 0.8, 0.9, 0.95}) {
        std::vector<float> pruned = w;
        for (float& value : pruned) value = random.uniform() < zeros ? 0.0f : value;
        const SparseF32 sparse = pack_sparse_f32(pruned.data(), layer.n, layer.k);
        gemm_f32(layer.m, a.data(), layer.k, pack_gemm_f32(pruned.data(), layer.n, layer.k), check.data(),
                 layer.n, {}, pool);
        const double time = fastest(
            seconds, [&] { spmm_f32(layer.m, a.data(), layer.k, sparse, c.data(), layer.n, {}, pool); });
        for (std::size_t i = 0; i < c.size(); ++i) {
            if (std::abs(c[i] - check[i]) > 1e-3f) fmt::print(" WRONG");
        }
        fmt::print("  {:.0f} %: {:.2f}x", 100 * zeros, dense_time / time);
    }
    fmt::print("\n");
}

}  // namespace

void run_all(double seconds) {
    for (const Layer& layer : kLayers) report(layer, seconds);
}

}  // namespace espalier::kernels

int main(int argc, char** argv) { espalier::kernels::run_all(argc > 1 ? std::atof(argv[1]) : 0.1); }
