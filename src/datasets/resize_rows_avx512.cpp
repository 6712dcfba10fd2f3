#include "datasets/resize_loops.h"

namespace espalier::datasets {

constinit const RowKernels kRowsAvx512 = kLoops;

}  // namespace espalier::datasets
