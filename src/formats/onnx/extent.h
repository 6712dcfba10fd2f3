#pragma once

#include <cstdint>
#include <string>

namespace espalier::formats::onnx {

/// An integer of a model's shape arithmetic: per_batch * N + constant, where N is the batch size, which is
/// not known when a model is imported. Arithmetic throws Error when a result overflows or is not of this
/// form.
struct Extent {
    std::int64_t constant = 0;
    std::int64_t per_batch = 0;

    bool known() const { return per_batch == 0; }
    std::int64_t at(std::int64_t batch) const;
    /// "3*N+1"
    std::string str() const;
    bool operator==(const Extent&) const = default;
};

Extent operator+(Extent a, Extent b);
Extent operator-(Extent a, Extent b);
Extent operator*(Extent a, Extent b);
/// Exact division; of two known integers towards zero, as ONNX Div.
Extent operator/(Extent a, Extent b);

/// The number of that value at batch 1 and at batch 2.
Extent extent_through(std::int64_t at_one, std::int64_t at_two);

}  // namespace espalier::formats::onnx
