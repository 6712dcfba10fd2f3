#pragma once

#include <cstdint>
#include <vector>

#include "datasets/image.h"
#include "datasets/processor.h"

namespace espalier::datasets {

/// A rectangle of pixels; it may reach beyond the image it refers to.
struct Region {
    int top = 0;
    int left = 0;
    int height = 0;
    int width = 0;
};

/// Resizes to exactly `size`, byte for byte as Pillow's Image.resize() of 9.4 to 12.0: horizontal pass first,
/// rounded to 8 bits, then vertical; the filter's support grows with the scale when shrinking. An axis that
/// keeps its length is not filtered. (Later versions swap the passes where an image becomes much lower and
/// wider; the published reference values are older.) Throws Error when the size is not positive or too large.
Image resize(const Image& image, Extent size, Filter filter);

/// The part of resize(image, size, filter) inside `region`, computed without the rest.
/// Throws Error unless the region lies within `size`.
Image resize_region(const Image& image, Extent size, Filter filter, Region region);

/// Filter weights along one axis for the outputs [begin, begin + outputs): output i is the sum of
/// weights[i * taps + t] * in[first[i] + t] over t < lengths[i], in units of 2^-kWeightBits.
struct Taps {
    int taps = 0;
    std::vector<int> first;
    std::vector<int> lengths;
    std::vector<std::int32_t> weights;
};

/// Weights for resizing `in` pixels to `out` with a filter other than nearest, for outputs [begin, end).
Taps make_taps(int in, int out, Filter filter, int begin, int end);

}  // namespace espalier::datasets
