#pragma once

#include <array>
#include <string_view>

#include "datasets/processor.h"

namespace espalier::datasets {

/// What an image processor class assumes where its file is silent (transformers 4.48).
struct ProcessorClass {
    std::string_view name;
    Filter filter;
    bool square;       ///< a bare integer size forces both edges instead of the shorter one
    int size;          ///< default of `size`, read as `square` says
    int crop;          ///< default of `crop_size`; 0 where the class has no centre crop
    bool center_crop;  ///< default of do_center_crop
    bool normalize;    ///< default of do_normalize
    std::array<double, 3> mean;
    std::array<double, 3> std;
    bool flip_channels;  ///< default of do_flip_channel_order
};

/// The class that a processor file names ("ViTImageProcessor", "ViTImageProcessorFast",
/// "ViTFeatureExtractor"), or null.
const ProcessorClass* find_processor_class(std::string_view class_name);

/// The class that checkpoints of a model_type use, or null.
const ProcessorClass* processor_class_of_model(std::string_view model_type);

/// Known names, for error messages.
std::string known_processor_classes();

}  // namespace espalier::datasets
