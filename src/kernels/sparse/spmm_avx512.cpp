#include "kernels/math_avx512.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Own : SpmmFloats<Avx512> {};

constexpr auto kRuns = spmm_runs<Own, 8>();

}  // namespace

const SpmmKernel kSpmmAvx512 = {"spmm_f32/avx512",  Isa::kAvx512,        Own::kLanes, kRuns,
                                run_spmm_pack<Own>, run_spmm_finish<Own>};

}  // namespace espalier::kernels
