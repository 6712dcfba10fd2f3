#pragma once

#include "models/config.h"
#include "tensor/tensor.h"

namespace espalier::models {

/// How values between the given ones are made.
enum class Interpolation {
    kBilinear,          ///< of the 2 neighbours
    kBicubic,           ///< of the 4 neighbours, cubic convolution with a = -0.75 (Keys 1981)
    kBicubicAntialias,  ///< a = -0.5, and a support that grows with the scale when shrinking, as Pillow has
                        ///< it
};

/// Resizes a table that is learned for one grid of patches to another grid, as
/// torch.nn.functional.interpolate does with align_corners=False: y[p, q, c] = sum_{i, j} u[p, i] v[q, j]
/// x[i, j, c], where u and v are the weights along each axis.
///
/// x f32 [h, w, c] of at least one cell -> f32 [size.height, size.width, c]. A grid of the same size is kept
/// as it is.
Tensor interpolate(const Tensor& x, Pixels size, Interpolation how);

}  // namespace espalier::models
