#include "datasets/resize_loops.h"

namespace espalier::datasets {

constinit const RowKernels kRowsPortable = kLoops;

}  // namespace espalier::datasets
