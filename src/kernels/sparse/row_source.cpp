#include "kernels/sparse/row_source.h"

namespace espalier::kernels {

void MatrixRows::locate(std::int64_t first, std::int64_t count, std::int64_t, const void** rows) const {
    for (std::int64_t i = 0; i < count; ++i) rows[i] = data_ + (first + i) * stride_;
}

WindowRows::WindowRows(const Conv2dShape& shape, std::int64_t h, std::int64_t w, const void* images,
                       std::int64_t element_bytes, std::vector<const void*> outside)
    : shape_(shape),
      h_(h),
      w_(w),
      output_h_(shape.output_h(h)),
      output_w_(shape.output_w(w)),
      images_(static_cast<const std::byte*>(images)),
      pixel_bytes_(shape.c_in * element_bytes),
      outside_(std::move(outside)) {}

void WindowRows::locate(std::int64_t first, std::int64_t count, std::int64_t tap, const void** rows) const {
    const std::int64_t down = tap / shape_.kernel_w * shape_.dilation_h - shape_.pad_top;
    const std::int64_t along = tap % shape_.kernel_w * shape_.dilation_w - shape_.pad_left;
    std::int64_t image = first / (output_h_ * output_w_);
    std::int64_t line = first / output_w_ % output_h_, column = first % output_w_;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t y = line * shape_.stride_h + down, x = column * shape_.stride_w + along;
        const bool inside = y >= 0 && y < h_ && x >= 0 && x < w_;
        rows[i] = inside ? images_ + ((image * h_ + y) * w_ + x) * pixel_bytes_
                         : outside_[outside_.size() == 1 ? 0 : static_cast<std::size_t>(image)];
        if (++column < output_w_) continue;
        column = 0;
        if (++line < output_h_) continue;
        line = 0;
        ++image;
    }
}

}  // namespace espalier::kernels
