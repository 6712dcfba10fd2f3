#include "report/metrics.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace espalier::report {
namespace {

struct Row {
    const char* key;
    const char* label;
    const char* unit;
    const char* group;
    const char* better;      // "" where neither direction is better
    const char* comparison;  // "" where it is not compared
    const char* description;
};

// clang-format off
constexpr std::array kRows = {
    Row{key::kTop1, "Top-1 accuracy", "%", "Accuracy", "higher", "difference", "Share of images whose most likely label is right."},
    Row{key::kTop5, "Top-5 accuracy", "%", "Accuracy", "higher", "difference", "Share of images whose label is among the five most likely."},
    Row{key::kEnergy, "Energy", "J/image", "Energy", "lower", "ratio", "Energy of the measured window divided by its images; gross, idle power included."},
    Row{key::kNetEnergy, "Net energy", "J/image", "Energy", "lower", "", "Gross energy less the idle power, measured before and after the trial, times the window's length; an extra beside the gross energy."},
    Row{key::kPower, "Power", "W", "Energy", "lower", "ratio", "Energy of the measured window divided by its length."},
    Row{key::kTime, "Time, median", "ms/image", "Time", "lower", "ratio", "Median time of a call in the measured window, divided by the images of a call."},
    Row{key::kTimeP95, "Time, p95", "ms/image", "Time", "lower", "ratio", "Ninety-five of a hundred calls are faster, divided by the images of a call."},
    Row{key::kThroughput, "Throughput", "images/s", "Time", "higher", "ratio", "Images of the measured window divided by its length."},
    Row{key::kUtilization, "CPU utilization", "%", "Load", "", "ratio", "Processor time of the trial divided by the window's length and its threads."},
    Row{key::kGpuUtilization, "GPU utilization", "%", "Load", "", "ratio", "Share of the measured window in which any kernel ran on the GPU, however little of it that used; the mean of several GPUs."},
    Row{key::kGpuMemory, "GPU memory", "B", "Load", "lower", "ratio", "Most memory of the GPUs that was seen in use within the measured window, that of other programs and the driver included."},
    Row{key::kSamplerShare, "Reading the meters", "%", "Load", "", "", "Processor time of the thread that reads the meters, of all the trial used in the measured window: what measuring costs."},
    Row{key::kMemory, "Peak memory", "B", "Load", "lower", "ratio", "Largest resident size of the trial's process up to the end of the window."},
    Row{key::kMacs, "MACs", "MAC", "Complexity", "lower", "ratio", "Multiply-accumulate operations that are executed for an image."},
    Row{key::kFlops, "FLOPs", "FLOP", "Complexity", "lower", "ratio", "Floating-point operations for an image; a MAC counts as two."},
    Row{key::kEffectiveMacs, "Effective MACs", "MAC", "Complexity", "lower", "ratio", "MACs whose weight is not zero; they save work only where kernels skip the others."},
    Row{key::kParameters, "Parameters", "", "Complexity", "", "ratio", "Weights and biases."},
    Row{key::kNonzero, "Non-zero parameters", "", "Complexity", "", "ratio", "Parameters different from zero."},
    Row{key::kWeights, "Weights in memory", "B", "Size", "lower", "ratio", "Weights in the layout the engine executes."},
    Row{key::kDisk, "Weights on disk", "B", "Size", "lower", "ratio", "Weights as they are exported."},
    Row{key::kOptimizeTime, "Optimization time", "s", "Optimization", "lower", "", "Time to make the variant from the loaded model."},
    Row{key::kOptimizeEnergy, "Optimization energy", "J", "Optimization", "lower", "", "Energy to make the variant from the loaded model."},
    Row{key::kElectricity, "Electricity", "/1M images", "Cost", "lower", "ratio", "Energy, with PUE where it is given, times the electricity price."},
    Row{key::kRent, "Rent", "/1M images", "Cost", "lower", "ratio", "Time times the price of the machine for an hour, electricity included."},
    Row{key::kCarbon, "Carbon", "g CO2e/1M images", "Cost", "lower", "ratio", "Energy, with PUE where it is given, times the carbon intensity of the grid."},
    Row{key::kSci, "SCI", "g CO2e/1M images", "Cost", "lower", "", "Software carbon intensity (ISO/IEC 21031) of inference: energy times intensity, and the share of making the machine for the time it takes; no offsets. For AI, the consumer's part."},
    Row{key::kSciProvider, "SCI, optimization", "g CO2e", "Cost", "lower", "", "The same of making the variant, once. For AI, the provider's part."},
};
// clang-format on

Text given(const char* text) { return *text == '\0' ? Text{} : Text{text}; }

bool is_money(const Row& row) { return row.unit[0] == '/'; }

}  // namespace

std::vector<Metric> all_metrics(const std::string& currency) {
    std::vector<Metric> metrics;
    for (const auto& row : kRows) {
        const std::string unit = is_money(row) ? currency + row.unit : row.unit;
        metrics.push_back(
            {row.key, row.label, unit, row.group, given(row.better), given(row.comparison), row.description});
    }
    return metrics;
}

const Metric& find_metric(const std::vector<Metric>& metrics, std::string_view key) {
    const auto found =
        std::find_if(metrics.begin(), metrics.end(), [&](const Metric& m) { return m.key == key; });
    if (found == metrics.end()) fail("the report has no metric '{}'", key);
    return *found;
}

}  // namespace espalier::report
