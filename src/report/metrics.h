#pragma once

#include <string_view>
#include <vector>

#include "report/view_model.h"

namespace espalier::report {

/// Keys of the metrics that other parts of the report name.
namespace key {
inline constexpr const char* kTop1 = "top1";
inline constexpr const char* kTop5 = "top5";
inline constexpr const char* kEnergy = "energy_j_per_image";
inline constexpr const char* kNetEnergy = "net_energy_j_per_image";
inline constexpr const char* kPower = "power_w";
inline constexpr const char* kTime = "latency_ms";
inline constexpr const char* kTimeP95 = "latency_p95_ms";
inline constexpr const char* kThroughput = "images_per_s";
inline constexpr const char* kUtilization = "cpu_utilization";
inline constexpr const char* kGpuUtilization = "gpu_utilization";
inline constexpr const char* kGpuMemory = "gpu_memory_bytes";
inline constexpr const char* kSamplerShare = "sampler_cpu_share";
inline constexpr const char* kMemory = "peak_memory_bytes";
inline constexpr const char* kMacs = "macs";
inline constexpr const char* kFlops = "flops";
inline constexpr const char* kEffectiveMacs = "effective_macs";
inline constexpr const char* kParameters = "parameters";
inline constexpr const char* kNonzero = "nonzero_parameters";
inline constexpr const char* kWeights = "weight_bytes";
inline constexpr const char* kDisk = "disk_bytes";
inline constexpr const char* kOptimizeTime = "optimize_s";
inline constexpr const char* kOptimizeEnergy = "optimize_j";
inline constexpr const char* kElectricity = "electricity_cost";
inline constexpr const char* kRent = "rent_cost";
inline constexpr const char* kCarbon = "carbon_g";
inline constexpr const char* kSci = "sci_g";
inline constexpr const char* kSciProvider = "sci_provider_g";
}  // namespace key

/// Every metric a report can have, in the order of its table. Costs are in `currency`.
std::vector<Metric> all_metrics(const std::string& currency);

/// The row of `key`. Throws Error when there is none.
const Metric& find_metric(const std::vector<Metric>& metrics, std::string_view key);

}  // namespace espalier::report
