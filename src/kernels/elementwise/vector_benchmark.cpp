/// Times the kernels that are not matrix products: nanoseconds per element of one thread, every instruction
/// set.
///
///     vector_benchmark [seconds per kernel]

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/elementwise/binary.h"
#include "kernels/elementwise/unary.h"
#include "kernels/movement/transpose.h"
#include "kernels/normalization/batch_norm.h"
#include "kernels/normalization/layer_norm.h"
#include "kernels/pooling/pool2d.h"
#include "kernels/pooling/reduce_mean.h"
#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/softmax/softmax.h"

namespace espalier::kernels {
namespace {

double seconds_per_kernel = 0.1;

/// Processor time of this thread, so that neighbours disturb less.
double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Prints the fastest run as nanoseconds per element and as bytes per second moved.
template <typename Body>
void report(const std::string& name, double elements, double bytes, Body&& body) {
    double best = 1e9;
    int runs = 0;
    for (const double start = now(); now() - start < seconds_per_kernel || runs < 3; ++runs) {
        const double begin = now();
        body();
        best = std::min(best, now() - begin);
    }
    fmt::print("{:44} {:8.1f} us {:8.4f} ns/element {:7.1f} GB/s\n", name, best * 1e6, best * 1e9 / elements,
               bytes / best / 1e9);
}

std::vector<float> normal(std::int64_t n) {
    Random random(1);
    std::vector<float> x(static_cast<std::size_t>(n));
    for (float& value : x) value = static_cast<float>(random.normal());
    return x;
}

void run_isa(Isa isa) {
    ThreadPool pool(1);
    const std::string tag = fmt::format(" {}", name(isa));
    const std::int64_t rows = 197, columns = 768, n = rows * columns, hidden = 4 * n;
    const auto x = normal(hidden), gamma = normal(columns);
    std::vector<float> y(static_cast<std::size_t>(hidden));
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(hidden));
    std::vector<Affine> affine(static_cast<std::size_t>(rows));
    const auto count = [](std::int64_t v) { return static_cast<double>(v); };
    for (const Unary kind : {Unary::kRelu, Unary::kGelu, Unary::kSilu, Unary::kExp, Unary::kHardSwish}) {
        report(fmt::format("{} 197x3072{}", name(kind), tag), count(hidden), count(hidden * 8),
               [&] { unary(kind, {}, x.data(), y.data(), hidden, pool, isa); });
    }
    report("layer_norm 197x768" + tag, count(n), count(n * 8), [&] {
        layer_norm({rows, columns, gamma.data(), gamma.data(), 1e-6f}, x.data(), y.data(), pool, isa);
    });
    report("layer_norm 3136x96" + tag, count(3136 * 96), count(3136 * 96 * 8), [&] {
        layer_norm({3136, 96, gamma.data(), gamma.data(), 1e-6f}, x.data(), y.data(), pool, isa);
    });
    report("softmax 2364x197" + tag, count(2364 * 197), count(2364 * 197 * 8),
           [&] { softmax(SoftmaxKind::kSoftmax, x.data(), 2364, 197, 1, y.data(), pool, isa); });
    report("scale_shift 3136x64" + tag, count(3136 * 64), count(3136 * 64 * 8),
           [&] { scale_shift(x.data(), 3136, 64, gamma.data(), gamma.data(), y.data(), pool, isa); });
    report("add same shape 3136x64" + tag, count(3136 * 64), count(3136 * 64 * 12), [&] {
        binary(Binary::kAdd, x.data(), Shape{3136, 64}, x.data() + 3136 * 64, Shape{3136, 64}, y.data(), pool,
               isa);
    });
    report("mul [1,3136,96] by [1,1,96]" + tag, count(3136 * 96), count(3136 * 96 * 8), [&] {
        binary(Binary::kMul, x.data(), Shape{1, 3136, 96}, gamma.data(), Shape{1, 1, 96}, y.data(), pool,
               isa);
    });
    report("quantize rows 197x768" + tag, count(n), count(n * 5),
           [&] { quantize_groups_u8(x.data(), rows, columns, codes.data(), affine.data(), pool, isa); });
    report("quantize image 56x56x64" + tag, count(3136 * 64), count(3136 * 64 * 5),
           [&] { quantize_groups_u8(x.data(), 1, 3136 * 64, codes.data(), affine.data(), pool, isa); });
    Pool2d window{1, 112, 112, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1};
    window = make_pool2d(window);
    report("max_pool 3x3s2 112x112x32" + tag, count(112 * 112 * 32), count(112 * 112 * 32 * 5),
           [&] { max_pool2d(window, x.data(), y.data(), pool, isa); });
    report("global mean 49x2048" + tag, count(49 * 2048), count(49 * 2048 * 4),
           [&] { mean(x.data(), 1, 49, 2048, y.data(), pool, isa); });
}

void run_movement() {
    ThreadPool pool(1);
    const auto x = normal(3136 * 128);
    std::vector<float> y(x.size());
    const int to_nhwc[] = {0, 2, 3, 1}, to_nchw[] = {0, 3, 1, 2}, heads[] = {0, 2, 1, 3}, flip[] = {1, 0};
    const auto time = [&](const char* label, const Shape& shape, std::span<const int> permutation) {
        report(label, static_cast<double>(shape.elements()), static_cast<double>(shape.elements() * 8),
               [&] { transpose(x.data(), shape, permutation, 4, y.data(), pool); });
    };
    time("transpose NCHW to NHWC 1x64x56x56", Shape{1, 64, 56, 56}, to_nhwc);
    time("transpose NHWC to NCHW 1x56x56x64", Shape{1, 56, 56, 64}, to_nchw);
    time("transpose NCHW to NHWC 1x3x224x224", Shape{1, 3, 224, 224}, to_nhwc);
    time("transpose heads 1x197x12x64", Shape{1, 197, 12, 64}, heads);
    time("transpose 512x768", Shape{512, 768}, flip);
}

}  // namespace

void run_all(double seconds) {
    seconds_per_kernel = seconds;
    for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512}) {
        if (isa <= best_isa()) run_isa(isa);
    }
    run_movement();
}

}  // namespace espalier::kernels

int main(int argc, char** argv) { espalier::kernels::run_all(argc > 1 ? std::atof(argv[1]) : 0.1); }
