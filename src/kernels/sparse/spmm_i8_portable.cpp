#include <cmath>

#include "kernels/math_portable.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Own {
    struct Floats : Portable {};
    using Word = std::int32_t;
    using Sum = std::int32_t __attribute__((vector_size(16)));
    static constexpr int kLanes = 4;

    struct Weight {
        std::int32_t bytes[4];
    };

    ESPALIER_INLINE static Weight weight(const Word* p) {
        std::int8_t bytes[4];
        __builtin_memcpy(bytes, p, 4);
        return {{bytes[0], bytes[1], bytes[2], bytes[3]}};
    }
    struct Input {
        std::uint8_t bytes[4 * kLanes];
    };

    ESPALIER_INLINE static Input input(const Word* p) {
        Input x;
        __builtin_memcpy(&x, p, sizeof x);
        return x;
    }
    ESPALIER_INLINE static Sum step(const Weight& w, const Input& x, Sum acc) {
        for (int lane = 0; lane < kLanes; ++lane) {
            for (int b = 0; b < 4; ++b) acc[lane] += w.bytes[b] * x.bytes[4 * lane + b];
        }
        return acc;
    }
    ESPALIER_INLINE static Sum no_sum() { return Sum{}; }
    ESPALIER_INLINE static Sum load_sum(const Word* p) {
        Sum x;
        __builtin_memcpy(&x, p, sizeof x);
        return x;
    }
    ESPALIER_INLINE static void store_sum(Word* p, Sum x) { __builtin_memcpy(p, &x, sizeof x); }
    ESPALIER_INLINE static Portable::V centred(const Word* sums, const Word* zero_points, Word weight_sum) {
        return __builtin_convertvector(load_sum(sums) - load_sum(zero_points) * weight_sum, Portable::V);
    }
    /// Rounds once, as the other instruction sets do.
    ESPALIER_INLINE static Portable::V exact_fma(Portable::V a, Portable::V b, Portable::V c) {
        for (int lane = 0; lane < kLanes; ++lane) c[lane] = std::fma(a[lane], b[lane], c[lane]);
        return c;
    }
};

constexpr auto kRuns = spmm_runs<Own, 4>();

}  // namespace

const SpmmI8Kernel kSpmmI8Portable = {"spmm_i8/portable",         Isa::kPortable,         Own::kLanes, kRuns,
                                      run_spmm_pack<Own::Floats>, run_spmm_i8_finish<Own>};

}  // namespace espalier::kernels
