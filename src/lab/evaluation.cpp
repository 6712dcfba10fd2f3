#include "lab/evaluation.h"

#include <algorithm>
#include <numeric>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "datasets/preprocess.h"

namespace espalier::lab {

std::vector<std::int32_t> largest(std::span<const float> values, int k) {
    std::vector<std::int32_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    const auto count = std::min<std::ptrdiff_t>(k, static_cast<std::ptrdiff_t>(order.size()));
    std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](std::int32_t a, std::int32_t b) {
        const float x = values[static_cast<std::size_t>(a)];
        const float y = values[static_cast<std::size_t>(b)];
        return x > y || (x == y && a < b);
    });
    order.resize(static_cast<std::size_t>(count));
    return order;
}

std::int32_t place_of(std::span<const float> values, std::size_t index) {
    const auto value = values[index];
    const auto before = std::count_if(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                                      [&](float other) { return other >= value; });
    const auto behind = std::count_if(values.begin() + static_cast<std::ptrdiff_t>(index), values.end(),
                                      [&](float other) { return other > value; });
    return static_cast<std::int32_t>(before + behind);
}

Evaluation evaluate(runtimes::Instance& instance, const datasets::Dataset& dataset, int batch, int threads) {
    const auto& info = instance.info();
    const datasets::Preprocessor preprocessor(info.processor, info.channels, info.height, info.width);
    const MonotonicClock clock;
    ThreadPool pool(threads);
    Evaluation result;
    for (std::int64_t first = 0; first < dataset.size(); first += batch) {
        const std::int64_t count = std::min<std::int64_t>(batch, dataset.size() - first);
        const Seconds start = clock.now();
        Tensor images = Tensor::allocate(DType::kF32, {count, info.channels, info.height, info.width});
        pool.parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t i = begin; i < end; ++i) {
                datasets::preprocess_into(datasets::decode(dataset.sample(first + i)), preprocessor, images,
                                          i);
            }
        });
        const Seconds decoded = clock.now();
        const Tensor logits = instance.run(images);
        result.decode_seconds += (decoded - start).value();
        result.inference_seconds += (clock.now() - decoded).value();
        const auto classes = static_cast<std::size_t>(info.classes);
        for (std::int64_t i = 0; i < count; ++i) {
            const auto best =
                largest(logits.span<float>().subspan(static_cast<std::size_t>(i) * classes, classes), 5);
            const int label = dataset.label(first + i);
            result.predictions.push_back(best.front());
            result.top1 += best.front() == label;
            result.top5 += std::find(best.begin(), best.end(), label) != best.end();
        }
    }
    return result;
}

}  // namespace espalier::lab
