#include "datasets/resize_loops.h"

namespace espalier::datasets {

constinit const RowKernels kRowsAvx2 = kLoops;

}  // namespace espalier::datasets
