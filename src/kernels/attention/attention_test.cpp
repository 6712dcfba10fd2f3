#include "kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention/attention_bf16.h"
#include "kernels/gemm/tile.h"
#include "kernels/guarded_buffer.h"

namespace espalier::kernels {
namespace {

/// What every implementation is held to.
class AttentionCheck {
  protected:
    /// `unit`: how far a factor is off that is rounded before it is multiplied.
    explicit AttentionCheck(double unit) : unit_(unit) {}
    virtual ~AttentionCheck() = default;

    std::int64_t size(std::uint64_t most) { return static_cast<std::int64_t>(1 + random_.below(most)); }

    struct Inputs {
        const float* q;
        const float* k;
        const float* v;
        const float* bias;
    };

    virtual void attend(const AttentionShape& s, const Inputs& in, float* out) = 0;

    /// One row of the definition in double precision. The float scores are off by at most `error`, hence
    /// every probability by a factor e^(2 error), and the sums over keys round once per key. Each product has
    /// two rounded factors, which are off by 2 unit and the square of it.
    void compare_row(const AttentionShape& s, std::int64_t b, std::int64_t h, std::int64_t i, Inputs in,
                     const float* out) {
        const float* q = in.q + b * s.q_batch + i * s.q_row + h * s.head_dim;
        std::vector<double> p(static_cast<std::size_t>(s.keys));
        double most = -INFINITY, error = 0;
        for (std::int64_t j = 0; j < s.keys; ++j) {
            const float* k = in.k + b * s.k_batch + j * s.k_row + h * s.head_dim;
            double score = 0, magnitude = 0;
            const auto add = [&](double term) { score += term, magnitude += std::abs(term); };
            for (std::int64_t e = 0; e < s.head_dim; ++e) add(double{s.scale} * q[e] * k[e]);
            if (in.bias) add(in.bias[b % s.bias_images * s.bias_batch() + h * s.bias_head + i * s.keys + j]);
            p[static_cast<std::size_t>(j)] = score;
            most = std::max(most, score);
            error =
                std::max(error, (static_cast<double>(s.head_dim + 4) * kEpsilon + 2.01 * unit_) * magnitude);
        }
        double sum = 0;
        for (double& x : p) sum += x = std::exp(x - most);
        for (std::int64_t e = 0; e < s.value_dim; ++e) {
            double value = 0, magnitude = 0;
            for (std::int64_t j = 0; j < s.keys; ++j) {
                const double term = p[static_cast<std::size_t>(j)] / sum *
                                    in.v[b * s.v_batch + j * s.v_row + h * s.value_dim + e];
                value += term, magnitude += std::abs(term);
            }
            const double bound = magnitude * (std::expm1(2 * error) * (1 + 2.01 * unit_) + 2.01 * unit_ +
                                              static_cast<double>(2 * s.keys + 8) * kEpsilon);
            ASSERT_NEAR(out[b * s.out_batch + i * s.out_row + h * s.value_dim + e], value, bound)
                << "image " << b << " head " << h << " query " << i << " column " << e;
        }
    }

    void check(const AttentionShape& s, Inputs in, float* out) {
        SCOPED_TRACE(testing::Message()
                     << s.batch << "x" << s.heads << " heads, " << s.queries << " queries, " << s.keys
                     << " keys, " << s.head_dim << "/" << s.value_dim << " wide");
        attend(s, in, out);
        for (std::int64_t b = 0; b < s.batch; ++b) {
            for (std::int64_t h = 0; h < s.heads; ++h) {
                for (std::int64_t i = 0; i < s.queries; ++i) {
                    compare_row(s, b, h, i, in, out);
                    if (testing::Test::HasFatalFailure()) return;
                }
            }
        }
    }

    void check_fused_qkv() {
        for (const std::int64_t tokens : {1, 2, 15, 16, 17, 49, 50, 197}) {
            const std::int64_t heads = size(3), d = 8 * size(4), batch = size(2);
            const AttentionShape s =
                fused_qkv_attention(batch, tokens, heads, d, 1 / std::sqrt(static_cast<float>(d)));
            GuardedBuffer qkv(batch * tokens * 3 * heads * d, 1), out(batch * tokens * heads * d, 2);
            qkv.fill(random_);
            check(s, {qkv.data(), qkv.data() + heads * d, qkv.data() + 2 * heads * d, nullptr}, out.data());
            ASSERT_TRUE(out.intact());
        }
    }

    void check_random_shapes_with_bias() {
        for (int i = 0; i < 40; ++i) {
            AttentionShape s{.batch = size(3),
                             .heads = size(3),
                             .queries = size(60),
                             .keys = size(60),
                             .head_dim = size(40),
                             .value_dim = size(40),
                             .scale = 2.0f};
            s.q_row = s.heads * s.head_dim + 1, s.k_row = s.heads * s.head_dim + 2;
            s.v_row = s.heads * s.value_dim + 3, s.out_row = s.heads * s.value_dim + 4;
            s.q_batch = s.queries * s.q_row, s.k_batch = s.keys * s.k_row;
            s.v_batch = s.keys * s.v_row, s.out_batch = s.queries * s.out_row;
            s.bias_head = i % 2 * s.queries * s.keys, s.bias_images = size(s.batch);
            GuardedBuffer q(s.batch * s.q_batch), k(s.batch * s.k_batch), v(s.batch * s.v_batch);
            GuardedBuffer out(s.batch * s.out_batch, 1), bias(s.batch * s.heads * s.queries * s.keys);
            for (GuardedBuffer* buffer : {&q, &k, &v, &bias}) buffer->fill(random_);
            check(s, {q.data(), k.data(), v.data(), i % 5 == 0 ? nullptr : bias.data()}, out.data());
            ASSERT_TRUE(out.intact());
            for (std::int64_t row = 0; row < s.batch * s.queries; ++row) {
                for (std::int64_t j = s.out_row - 4; j < s.out_row; ++j) {
                    ASSERT_TRUE(GuardedBuffer::untouched(out.data()[row * s.out_row + j]));
                }
            }
        }
    }

    void check_masked_keys_and_large_scores() {
        const float q[] = {1000}, k[] = {1, 2, 3}, v[] = {5, 7, 11};
        const float bias[] = {0, 0, -INFINITY};
        float out = 0;
        AttentionShape s{.queries = 1, .keys = 3, .q_row = 1, .k_row = 1, .v_row = 1, .out_row = 1};
        attend(s, {q, k, v, bias}, &out);
        EXPECT_EQ(out, 7);
    }

    static constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
    double unit_;
    ThreadPool pool_{2};
    Random random_{2017};
};

class AttentionTest : public testing::TestWithParam<const TileTable*>, protected AttentionCheck {
  protected:
    AttentionTest() : AttentionCheck(0) {}
    void SetUp() override {
        if (GetParam()->isa > best_isa()) GTEST_SKIP() << "this processor lacks " << GetParam()->name;
    }
    void attend(const AttentionShape& s, const Inputs& in, float* out) override {
        attention_f32(s, in.q, in.k, in.v, in.bias, out, pool_, GetParam()->isa);
    }
};

TEST_P(AttentionTest, FusedQkv) { check_fused_qkv(); }
TEST_P(AttentionTest, RandomShapesWithBias) { check_random_shapes_with_bias(); }
TEST_P(AttentionTest, AMaskedKeyHasNoInfluenceAndLargeScoresDoNotOverflow) {
    check_masked_keys_and_large_scores();
}

class AttentionBF16Test : public testing::TestWithParam<TileBF16Kernel>, protected AttentionCheck {
  protected:
    AttentionBF16Test() : AttentionCheck(std::ldexp(1.0, -9)) {}
    void SetUp() override {
        if (GetParam().isa > best_isa()) GTEST_SKIP() << "this processor lacks " << GetParam().name;
        if (GetParam().widens()) GTEST_SKIP() << GetParam().name << " has rows of f32";
    }
    void attend(const AttentionShape& s, const Inputs& in, float* out) override {
        attention_bf16(s, in.q, in.k, in.v, in.bias, out, pool_, GetParam());
    }
};

TEST_P(AttentionBF16Test, FusedQkv) { check_fused_qkv(); }
TEST_P(AttentionBF16Test, RandomShapesWithBias) { check_random_shapes_with_bias(); }
TEST_P(AttentionBF16Test, AMaskedKeyHasNoInfluenceAndLargeScoresDoNotOverflow) {
    check_masked_keys_and_large_scores();
}

INSTANTIATE_TEST_SUITE_P(Tables, AttentionTest, testing::ValuesIn(tile_tables().begin(), tile_tables().end()),
                         [](const auto& row) { return std::string(row.param->name); });
INSTANTIATE_TEST_SUITE_P(Rows, AttentionBF16Test,
                         testing::ValuesIn(tile_bf16_kernels().begin(), tile_bf16_kernels().end()),
                         [](const auto& row) { return std::string(row.param.name).substr(5); });

}  // namespace
}  // namespace espalier::kernels
