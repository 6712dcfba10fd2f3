#include "kernels/elementwise/binary_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

void run_binary_avx512(Binary kind, const BinaryRows& rows) { run_binary<Avx512>(kind, rows); }

}  // namespace espalier::kernels
