#include "kernels/math_avx2.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Own : SpmmFloats<Avx2> {};

constexpr auto kRuns = spmm_runs<Own, 6>();

}  // namespace

const SpmmKernel kSpmmAvx2 = {"spmm_f32/avx2", Isa::kAvx2,         Own::kLanes,
                              kRuns,           run_spmm_pack<Own>, run_spmm_finish<Own>};

}  // namespace espalier::kernels
