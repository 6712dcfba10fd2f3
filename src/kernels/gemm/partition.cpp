#include "kernels/gemm/partition.h"

#include <algorithm>

namespace espalier::kernels {
namespace {

constexpr std::int64_t kRowBlockFloats = 96 * 1024;  ///< 384 KiB of the level 2 cache
constexpr std::int64_t kCachedFloats = 256 * 1024;  ///< weights that stay in it from part to part of the rows
constexpr double kFarther = 4;                      ///< what others cost, over rows that are in it
constexpr std::int64_t kTaskMacs = 300'000;         ///< two to three microseconds on one AVX-512 core
constexpr std::int64_t kTasksPerThread = 8;
constexpr std::int64_t kLeastRows = 24;  ///< a multiple of every tile height of the AVX-512 table

}  // namespace

Partition partition_product(std::int64_t rows, std::int64_t k, std::int64_t columns, std::int64_t panels,
                            int threads) {
    const std::int64_t depth = std::min(k, kDepthBlock);
    const std::int64_t most_row_parts = std::max<std::int64_t>(1, rows / kLeastRows);
    std::int64_t least_row_parts = 1;
    if (panels > 1)
        least_row_parts = std::clamp<std::int64_t>(rows * depth / kRowBlockFloats, 1, most_row_parts);
    if (threads == 1) return {least_row_parts, 1};

    const double macs = static_cast<double>(rows) * static_cast<double>(k) * static_cast<double>(columns);
    const std::int64_t wanted = static_cast<std::int64_t>(
        std::clamp(macs / kTaskMacs, 1.0, static_cast<double>(kTasksPerThread * threads)));
    const double weights_cost = columns * k > kCachedFloats ? kFarther : 1;
    Partition best{least_row_parts, 1};
    double least_traffic = -1;
    if (least_row_parts > 1) least_row_parts = round_to_threads(least_row_parts, most_row_parts, threads);
    for (std::int64_t row_parts = least_row_parts;
         row_parts <= std::max(least_row_parts, std::min(wanted, most_row_parts)); ++row_parts) {
        if (row_parts > least_row_parts && row_parts % threads != 0 && threads <= most_row_parts) continue;
        const std::int64_t column_parts =
            std::clamp<std::int64_t>((wanted + row_parts - 1) / row_parts, 1, panels);
        const Partition candidate{row_parts, column_parts};
        const double missing =
            static_cast<double>(wanted) / static_cast<double>(std::min(wanted, candidate.tasks()));
        const double traffic = static_cast<double>(column_parts * rows) +
                               weights_cost * static_cast<double>(row_parts * columns);
        if (least_traffic < 0 || traffic * missing < least_traffic) {
            least_traffic = traffic * missing;
            best = candidate;
        }
    }
    return best;
}

}  // namespace espalier::kernels
