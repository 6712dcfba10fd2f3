#include "kernels/math_portable.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Own : SpmmFloats<Portable> {};

constexpr auto kRuns = spmm_runs<Own, 6>();

}  // namespace

const SpmmKernel kSpmmPortable = {"spmm_f32/portable", Isa::kPortable,      Own::kLanes, kRuns,
                                  run_spmm_pack<Own>,  run_spmm_finish<Own>};

}  // namespace espalier::kernels
