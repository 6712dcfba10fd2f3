#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/pooling/pool2d.h"
#include "kernels/pooling/reduce_mean.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

/// The definition, one output element at a time.
double pooled(const Pool2d& p, bool max, const Guarded<float>& x, std::int64_t n, std::int64_t oy,
              std::int64_t ox, std::int64_t c) {
    double best = -INFINITY, sum = 0;
    std::int64_t inside = 0, with_padding = 0;
    for (std::int64_t r = 0; r < p.kernel_height; ++r) {
        for (std::int64_t s = 0; s < p.kernel_width; ++s) {
            const std::int64_t h = oy * p.stride_height - p.pad_top + r * p.dilation_height;
            const std::int64_t w = ox * p.stride_width - p.pad_left + s * p.dilation_width;
            if (h < p.height + p.pad_bottom && w < p.width + p.pad_right) ++with_padding;
            if (h < 0 || w < 0 || h >= p.height || w >= p.width) continue;
            const float value = x[((n * p.height + h) * p.width + w) * p.channels + c];
            best = std::max<double>(best, value);
            sum += value;
            ++inside;
        }
    }
    if (max) return best;
    return sum / static_cast<double>(std::max<std::int64_t>(1, p.count_include_pad ? with_padding : inside));
}

Pool2d random_window(Random& random) {
    Pool2d p;
    p.batch = pick(random, 1, 2);
    p.height = pick(random, 3, 9);
    p.width = pick(random, 3, 9);
    p.channels = pick(random, 1, 90);
    p.kernel_height = pick(random, 1, 3);
    p.kernel_width = pick(random, 1, 3);
    p.stride_height = pick(random, 1, 3);
    p.stride_width = pick(random, 1, 3);
    p.pad_top = pick(random, 0, p.kernel_height - 1);
    p.pad_left = pick(random, 0, p.kernel_width - 1);
    p.pad_bottom = pick(random, 0, p.kernel_height - 1);
    p.pad_right = pick(random, 0, p.kernel_width - 1);
    p.ceil_mode = random.below(2) == 0;
    p.count_include_pad = random.below(2) == 0;
    return make_pool2d(p);
}

TEST(Pool2d, EveryKernelMatchesTheDefinition) {
    Random random(10);
    ThreadPool pool(2);
    for (const PoolKernel& kernel : pool_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 60; ++trial) {
            const Pool2d p = random_window(random);
            Guarded<float> x(p.batch * p.height * p.width * p.channels, pick(random, 0, 15));
            Guarded<float> y(p.batch * p.output_height * p.output_width * p.channels, pick(random, 0, 15));
            fill_normal(x, random);
            for (const bool max : {false, true}) {
                if (max) {
                    max_pool2d(p, x.data(), y.data(), pool, kernel.isa);
                } else {
                    average_pool2d(p, x.data(), y.data(), pool, kernel.isa);
                }
                EXPECT_TRUE(y.intact()) << kernel.name;
                for (std::int64_t i = 0; i < y.size(); ++i) {
                    const std::int64_t c = i % p.channels, pixel = i / p.channels;
                    const std::int64_t ox = pixel % p.output_width,
                                       oy = pixel / p.output_width % p.output_height;
                    const double expected =
                        pooled(p, max, x, pixel / p.output_width / p.output_height, oy, ox, c);
                    ASSERT_NEAR(y[i], expected, max ? 0 : 9 * 1.2e-7 * 4)
                        << kernel.name << " trial " << trial;
                }
            }
        }
    }
}

TEST(Pool2d, EveryKernelFindsTheLargestCode) {
    Random random(11);
    ThreadPool pool(2);
    for (const PoolKernel& kernel : pool_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 60; ++trial) {
            const Pool2d p = random_window(random);
            Guarded<std::uint8_t> x(p.batch * p.height * p.width * p.channels, pick(random, 0, 15));
            Guarded<std::uint8_t> y(p.batch * p.output_height * p.output_width * p.channels,
                                    pick(random, 0, 15));
            fill_integers(x, random, 0, 255);
            Guarded<float> values(x.size());
            for (std::int64_t i = 0; i < x.size(); ++i) values[i] = x[i];
            max_pool2d_u8(p, x.data(), y.data(), pool, kernel.isa);
            EXPECT_TRUE(y.intact()) << kernel.name;
            for (std::int64_t i = 0; i < y.size(); ++i) {
                const std::int64_t c = i % p.channels, pixel = i / p.channels;
                const std::int64_t ox = pixel % p.output_width, oy = pixel / p.output_width % p.output_height;
                const double expected =
                    pooled(p, true, values, pixel / p.output_width / p.output_height, oy, ox, c);
                // A window that lies in the padding alone.
                ASSERT_EQ(y[i], std::max(expected, 0.0)) << kernel.name << " trial " << trial;
            }
        }
    }
}

TEST(Pool2d, CountsOutputsAsTorchDoes) {
    Pool2d p;
    p.height = p.width = 112;
    p.channels = 64;
    p.kernel_height = p.kernel_width = 3;
    p.stride_height = p.stride_width = 2;
    p.pad_top = p.pad_left = p.pad_bottom = p.pad_right = 1;
    EXPECT_EQ(make_pool2d(p).output_height, 56);
    p.height = p.width = 5;
    p.pad_top = p.pad_left = p.pad_bottom = p.pad_right = 0;
    p.kernel_height = p.kernel_width = 2;
    EXPECT_EQ(make_pool2d(p).output_width, 2);
    p.ceil_mode = true;
    EXPECT_EQ(make_pool2d(p).output_width, 3);
    p.height = p.width = 4;
    p.pad_top = p.pad_left = p.pad_bottom = p.pad_right = 1;
    p.stride_height = p.stride_width = 3;
    // Windows start at -1, 2 and, with ceil_mode, 5: the last lies in the padding and is dropped.
    EXPECT_EQ(make_pool2d(p).output_width, 2);
}

TEST(Pool2d, RefusesWindowsThatDoNotFit) {
    Pool2d p;
    p.height = p.width = 2;
    p.kernel_height = p.kernel_width = 3;
    EXPECT_THROW(make_pool2d(p), Error);
    p.kernel_height = p.kernel_width = 2;
    p.pad_left = 2;
    EXPECT_THROW(make_pool2d(p), Error);
    p.pad_left = 0;
    p.stride_width = 0;
    EXPECT_THROW(make_pool2d(p), Error);
}

TEST(Mean, EveryKernelMatchesTheDefinition) {
    Random random(11);
    ThreadPool pool(2);
    for (const SumKernel& kernel : sum_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 60; ++trial) {
            const std::int64_t outer = pick(random, 1, 3), n = pick(random, 1, 300),
                               inner = pick(random, 1, 90);
            Guarded<float> x(outer * n * inner, pick(random, 0, 15)), y(outer * inner, pick(random, 0, 15));
            fill_normal(x, random);
            mean(x.data(), outer, n, inner, y.data(), pool, kernel.isa);
            EXPECT_TRUE(y.intact()) << kernel.name;
            for (std::int64_t i = 0; i < y.size(); ++i) {
                double sum = 0;
                for (std::int64_t k = 0; k < n; ++k) sum += x[(i / inner * n + k) * inner + i % inner];
                ASSERT_NEAR(y[i], sum / static_cast<double>(n), 1.2e-7 * 300) << kernel.name;
            }
        }
    }
}

TEST(Mean, TheNumberOfThreadsChangesNoBit) {
    Random random(13);
    constexpr std::int64_t kPixels = 1500, kChannels = 72;
    Guarded<float> x(2 * kPixels * kChannels), one(2 * kChannels), many(2 * kChannels);
    fill_normal(x, random);
    ThreadPool alone(1), pool(3);
    mean(x.data(), 2, kPixels, kChannels, one.data(), alone);
    mean(x.data(), 2, kPixels, kChannels, many.data(), pool);
    EXPECT_TRUE(std::equal(one.data(), one.data() + one.size(), many.data()));
    double sum = 0;
    for (std::int64_t k = 0; k < kPixels; ++k) sum += x[k * kChannels];
    EXPECT_NEAR(one[0], sum / kPixels, 1e-6);
}

TEST(Mean, ReducesAnyAxes) {
    Random random(12);
    ThreadPool pool(2);
    const Shape shape{2, 3, 4, 5};
    Guarded<float> x(shape.elements());
    fill_normal(x, random);
    for (unsigned mask = 0; mask < 16; ++mask) {
        std::vector<int> axes;
        std::int64_t kept = 1;
        for (int k = 3; k >= 0; --k) {
            if (mask >> k & 1u)
                axes.push_back(k);
            else
                kept *= shape[k];
        }
        std::vector<double> sums(static_cast<std::size_t>(kept));
        for (std::int64_t i = 0; i < x.size(); ++i) {
            std::int64_t rest = i, at = 0, stride = 1;
            for (int k = 3; k >= 0; --k) {
                const std::int64_t index = rest % shape[k];
                rest /= shape[k];
                if (mask >> k & 1u) continue;
                at += index * stride;
                stride *= shape[k];
            }
            sums[static_cast<std::size_t>(at)] += x[i];
        }
        Guarded<float> y(kept);
        reduce_mean(x.data(), shape, axes, y.data(), pool);
        EXPECT_TRUE(y.intact());
        for (std::int64_t i = 0; i < kept; ++i) {
            ASSERT_NEAR(y[i], sums[static_cast<std::size_t>(i)] * static_cast<double>(kept) / 120, 1e-5)
                << mask;
        }
    }
    const int twice[] = {1, 1};
    EXPECT_THROW(reduce_mean(x.data(), shape, twice, x.data(), pool), Error);
}

}  // namespace
}  // namespace espalier::kernels
