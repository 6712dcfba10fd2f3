#include "kernels/separable/separable.h"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/depthwise/depthwise_table.h"
#include "kernels/gemm/multiply.h"
#include "kernels/gemm/partition.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kTasksPerThread = 4;
constexpr std::int64_t kProductRows = 96;  ///< pixels that are projected at once: several tiles high

/// Floats from which on it is better not to make a value, expanded or only filtered: smaller ones are still
/// in the level 2 caches when they are read. What reads a filtered one is a product, which waits less for it
/// than a depthwise convolution for an expanded one.
constexpr std::int64_t kLeastExpanded = 128 * 1024;
constexpr std::int64_t kLeastFiltered = 256 * 1024;
/// Products for each float of such a value above which they take so long that memory keeps up with them.
constexpr std::int64_t kMostProducts = 40;
/// Floats that a thread may hold of lines and weights: half a level 2 cache of 1 MiB.
constexpr std::int64_t kMostHeld = 128 * 1024;
/// Lines of an image for each that two threads expand, both for themselves.
constexpr std::int64_t kLinesPerCopy = 14;

void multiply_all(const PackedF32& weights, std::int64_t rows, const float* a, float* c,
                  const Epilogue& epilogue) {
    const PanelView view = weights.panels().view();
    multiply(view, 0, std::ssize(view.list), rows, a, weights.k(), c, weights.n(), epilogue);
}

/// Scratch for so many floats; null for none.
float* room(Scratch kind, std::int64_t floats) {
    return floats > 0 ? scratch_floats(kind, static_cast<std::size_t>(floats)) : nullptr;
}

/// How far a thread has expanded an image: the lines before `line`, the last of them in its ring.
struct alignas(64) Progress {
    std::int64_t part = -1;  ///< that it did last
    std::int64_t line = 0;
};

/// Consecutive lines.
struct Lines {
    std::int64_t begin;
    std::int64_t end;

    std::int64_t count() const { return end - begin; }
    std::int64_t pieces(std::int64_t most) const { return (count() + most - 1) / most; }
    /// One of so many nearly equal pieces.
    Lines piece(std::int64_t pieces, std::int64_t index) const {
        return {begin + part_begin(count(), pieces, index), begin + part_begin(count(), pieces, index + 1)};
    }
};

/// The lines that a thread holds of images w pixels wide.
struct Held {
    Held(const SeparableConv& conv, std::int64_t w) {
        const Conv2dShape& shape = conv.depthwise->shape();
        const std::int64_t strip = conv.depthwise->strip_lines(), output_w = shape.output_w(w);
        expanded_lines = (strip - 1) * shape.stride_h + shape.kernel_h;
        filtered_lines = (kProductRows + strip * output_w - 1) / (strip * output_w) * strip;
        if (conv.expand) expanded_floats = expanded_lines * w * shape.c_in;
        if (conv.project) filtered_floats = filtered_lines * output_w * shape.c_out;
    }

    std::int64_t expanded_lines;  ///< under a strip: line i lies in slot i % expanded_lines
    std::int64_t filtered_lines;  ///< whole strips that are projected at once
    std::int64_t expanded_floats = 0;
    std::int64_t filtered_floats = 0;
};

/// One call of separable_conv_f32().
class Separable {
  public:
    Separable(const SeparableConv& conv, std::int64_t n, std::int64_t h, std::int64_t w, int threads)
        : conv_(conv), shape_(conv.depthwise->shape()), h_(h), w_(w) {
        const std::int64_t strip = conv.depthwise->strip_lines();
        const std::int64_t strips = (output_h_ + strip - 1) / strip;
        const std::int64_t wanted = (kTasksPerThread * threads + n - 1) / n;
        parts_ = round_to_threads(std::min(strips, wanted), output_h_, threads);
    }

    /// Of every image; a part is a range of lines of y.
    std::int64_t parts() const { return parts_; }

    void run(std::int64_t part, const float* x, const float* residual, float* y, Progress& progress) const;

  private:
    std::int64_t line_floats() const { return w_ * shape_.c_in; }
    void expand_to(std::int64_t line, const float* image, float* ring, Progress& progress) const;
    void run_strip(Lines strip, const float* lines, float* y, const float* residual) const;

    const SeparableConv& conv_;
    const Conv2dShape& shape_;
    std::int64_t h_, w_;
    std::int64_t output_h_ = shape_.output_h(h_), output_w_ = shape_.output_w(w_);
    Held held_{conv_, w_};
    std::int64_t parts_;
};

void Separable::run(std::int64_t part, const float* x, const float* residual, float* y,
                    Progress& progress) const {
    const std::int64_t c_in = conv_.expand ? conv_.expand->weights().k() : shape_.c_in;
    const std::int64_t c_out = conv_.project ? conv_.project->weights().n() : shape_.c_out;
    const std::int64_t image = part / parts_;
    const float* const from = x + image * h_ * w_ * c_in;
    float* const ring = room(Scratch::kLocal, held_.expanded_floats);
    float* const wide = room(Scratch::kLocalExtra, held_.filtered_floats);
    const Lines all = Lines{0, output_h_}.piece(parts_, part % parts_);
    if (progress.part + 1 != part || all.begin == 0)
        progress.line = std::max<std::int64_t>(0, all.begin * shape_.stride_h - shape_.pad_top);
    progress.part = part;
    const std::int64_t blocks = all.pieces(held_.filtered_lines);
    for (std::int64_t i = 0; i < blocks; ++i) {
        const Lines block = all.piece(blocks, i);
        const std::int64_t at = (image * output_h_ + block.begin) * output_w_ * c_out;
        float* const result = wide ? wide : y + at;
        const std::int64_t strips = block.pieces(conv_.depthwise->strip_lines());
        for (std::int64_t j = 0; j < strips; ++j) {
            const Lines strip = block.piece(strips, j);
            if (ring)
                expand_to((strip.end - 1) * shape_.stride_h - shape_.pad_top + shape_.kernel_h, from, ring,
                          progress);
            const std::int64_t below = (strip.begin - block.begin) * output_w_ * shape_.c_out;
            run_strip(strip, ring ? ring : from, result + below,
                      residual && !wide ? residual + at + below : nullptr);
        }
        if (!wide) continue;
        Epilogue end = conv_.project_end;
        end.residual = residual ? residual + at : nullptr;
        multiply_all(conv_.project->weights(), block.count() * output_w_, wide, y + at, end);
    }
}

/// Expands what is missing of the lines before `line`.
void Separable::expand_to(std::int64_t line, const float* image, float* ring, Progress& progress) const {
    const PackedF32& weights = conv_.expand->weights();
    const std::int64_t last = std::min(line, h_);
    while (progress.line < last) {
        const std::int64_t slot = progress.line % held_.expanded_lines;
        const std::int64_t lines = std::min(last - progress.line, held_.expanded_lines - slot);
        multiply_all(weights, lines * w_, image + progress.line * w_ * weights.k(),
                     ring + slot * line_floats(), conv_.expand_end);
        progress.line += lines;
    }
}

/// Lines of the depthwise convolution from a ring of expanded lines, or from the image itself.
void Separable::run_strip(Lines strip, const float* lines, float* y, const float* residual) const {
    std::array<const float*, kDepthwiseInputLines> x;
    const std::int64_t top = strip.begin * shape_.stride_h - shape_.pad_top;
    for (std::int64_t r = 0; r < (strip.count() - 1) * shape_.stride_h + shape_.kernel_h; ++r) {
        const std::int64_t slot = conv_.expand ? (top + r) % held_.expanded_lines : top + r;
        const bool inside = top + r >= 0 && top + r < h_;
        x[static_cast<std::size_t>(r)] = inside ? lines + slot * line_floats() : nullptr;
    }
    Epilogue end = conv_.depthwise_end;
    end.residual = residual;
    conv_.depthwise->run_strip(x.data(), w_, strip.count(), y, end);
}

}  // namespace

std::string SeparableConv::name() const {
    const std::string middle = depthwise->name();
    const std::size_t slash = middle.find('/');
    return (expand ? "conv_1x1+" : "") + middle.substr(0, slash) + (project ? "+conv_1x1" : "") +
           middle.substr(slash);
}

bool SeparableConv::pays(std::int64_t h, std::int64_t w, int threads) const {
    const Conv2dShape& shape = depthwise->shape();
    // Groups of several channels multiply enough for memory to keep up.
    if (depthwise->strip_lines() == 0 || !shape.is_depthwise()) return false;
    const Held held(*this, w);
    std::int64_t floats = held.expanded_floats + held.filtered_floats;
    if (expand) floats += expand->weights().n() * expand->weights().k();
    if (project) floats += project->weights().n() * project->weights().k();
    if (floats > kMostHeld) return false;
    if ((expand ? expand->weights().k() : project->weights().n()) > kMostProducts) return false;
    if (!expand) return shape.output_h(h) * shape.output_w(w) * shape.c_out >= kLeastFiltered;
    const std::int64_t copies = (shape.kernel_h - shape.stride_h) * (threads - 1);
    return h * w * shape.c_in >= kLeastExpanded && copies * kLinesPerCopy <= h;
}

void separable_conv_f32(const SeparableConv& conv, std::int64_t n, std::int64_t h, std::int64_t w,
                        const float* x, const float* residual, float* y, ThreadPool& pool) {
    const Separable separable(conv, n, h, w, pool.threads());
    std::vector<Progress> progress(static_cast<std::size_t>(pool.threads()));
    pool.parallel_for(n * separable.parts(), 1, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t part = begin; part < end; ++part)
            separable.run(part, x, residual, y, progress[static_cast<std::size_t>(thread)]);
    });
}

}  // namespace espalier::kernels
