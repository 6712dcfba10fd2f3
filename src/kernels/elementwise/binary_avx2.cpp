#include "kernels/elementwise/binary_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

void run_binary_avx2(Binary kind, const BinaryRows& rows) { run_binary<Avx2>(kind, rows); }

}  // namespace espalier::kernels
