#include "engine/kernel_tuner.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/version.h"
#include "engine/lower/products.h"
#include "formats/json_document.h"

namespace espalier::engine {
namespace {

using graph::Graph;
using graph::NodeId;
using nlohmann::json;

constexpr const char* kSchema = "espalier.kernels/1";
constexpr const char* kEstimated = "estimated";

/// Turns of all ways; the least time of each counts, which other programs disturb least.
constexpr int kTurns = 7;
constexpr double kWorthwhile = 0.97;

/// A processor's name as part of a file's: "amd-epyc-9654".
std::string file_name(std::string_view processor) {
    std::string name;
    for (const char c : processor) {
        if (std::isalnum(static_cast<unsigned char>(c))) {
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    return name;
}

/// What a layer's fastest kernel depends on beside the processor, and the ways there were.
std::string layer_of(const Graph& graph, NodeId id, const LoweringOptions& options,
                     std::span<const Product> products, int threads) {
    const graph::Node& node = graph[id];
    const Tensor& weights = *graph.constant(node.inputs[1]);
    const double zeros = static_cast<double>(count_zeros(weights)) / static_cast<double>(weights.elements());
    std::string layer = fmt::format("{} {} {} zeros={:.0f}% threads={} {}", graph::print(node.op),
                                    graph.type(node.inputs[0]).str(), graph.type(node.inputs[1]).str(),
                                    100 * zeros, threads, name(std::min(options.isa, best_isa())));
    for (const Product product : products) layer += fmt::format(" {}", name(product));
    return layer;
}

/// Random operands of a node. Constants are packed, and not among them.
class Values {
  public:
    Values(const Graph& graph, NodeId id) {
        const graph::Node& node = graph[id];
        for (const NodeId input : node.inputs) {
            operands_.inputs.emplace_back();
            if (input == NodeId::kNone) continue;
            View& view = operands_.inputs.back();
            view.type = &graph.type(input);
            if (!graph.constant(input)) view.data = memory_of(*view.type);
        }
        operands_.output.type = &node.type;
        operands_.output.data = memory_of(node.type);
    }

    const Operands& operands() const { return operands_; }

  private:
    std::byte* memory_of(const graph::TensorType& type) {
        Tensor& tensor = tensors_.emplace_back(Tensor::allocate(type.dtype, type.shape));
        if (type.dtype == DType::kF32) {
            Random random(1);
            for (float& value : tensor.mutable_span<float>())
                value = static_cast<float>(random.uniform() - 0.5);
        }
        return tensor.mutable_bytes().data();
    }

    std::vector<Tensor> tensors_;
    Operands operands_;
};

/// Memory that is read to push everything else out of the caches.
class OtherMemory {
  public:
    OtherMemory() {
        const long cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
        const std::size_t wanted = cache > 0 ? 2 * static_cast<std::size_t>(cache) : 0;
        bytes_.resize(std::clamp<std::size_t>(wanted, std::size_t{64} << 20, std::size_t{512} << 20),
                      std::byte{1});
    }
    void read(ThreadPool& pool) const {
        constexpr std::size_t kPiece = std::size_t{1} << 20;
        pool.parallel_for(static_cast<std::int64_t>(bytes_.size() / kPiece), 1,
                          [&](std::int64_t begin, std::int64_t end, int) {
                              const volatile std::byte* at = bytes_.data();
                              for (auto i = static_cast<std::size_t>(begin) * kPiece;
                                   i < static_cast<std::size_t>(end) * kPiece; i += 64) {
                                  (void)at[i];
                              }
                          });
    }

  private:
    std::vector<std::byte> bytes_;
};

struct Way {
    std::string name;
    std::unique_ptr<Operator> op;
    double seconds = std::numeric_limits<double>::infinity();
};

/// The estimated way first, and others that are executed by other kernels.
std::vector<Way> ways_of(const Graph& graph, NodeId id, const LoweringOptions& options,
                         std::span<const Product> products) {
    std::vector<Way> ways;
    ways.push_back({kEstimated, lower(graph, id, options)});
    for (const Product product : products) {
        LoweringOptions other = options;
        other.product = product;
        auto op = lower(graph, id, other);
        const bool is_new = std::none_of(ways.begin(), ways.end(),
                                         [&](const Way& way) { return way.op->kernel() == op->kernel(); });
        if (is_new) ways.push_back({std::string(name(product)), std::move(op)});
    }
    return ways;
}

void time_once(Way& way, const Operands& operands, ThreadPool& pool) {
    const ThreadPool::Session session(pool);
    const MonotonicClock clock;
    const Seconds start = clock.now();
    way.op->run(operands, pool);
    way.seconds = std::min(way.seconds, (clock.now() - start).value());
}

TunedLayer measure(std::vector<Way> ways, const Operands& operands, const OtherMemory& other,
                   ThreadPool& pool) {
    for (int turn = 0; turn < kTurns; ++turn) {
        for (Way& way : ways) {
            other.read(pool);
            time_once(way, operands, pool);
        }
    }
    TunedLayer layer{kEstimated, {}};
    double least = kWorthwhile * ways.front().seconds;
    for (const Way& way : ways) {
        layer.seconds[way.name] = way.seconds;
        if (way.seconds >= least) continue;
        least = way.seconds;
        layer.chosen = way.name;
    }
    return layer;
}

}  // namespace

KernelTuner::KernelTuner(const std::filesystem::path& folder)
    : path_(folder / (file_name(cpu_model()) + "-" + std::string(name(best_isa())) + ".json")),
      layers_(read()) {}

KernelTuner::Layers KernelTuner::read() const {
    std::error_code ignored;
    if (!std::filesystem::exists(path_, ignored)) return {};
    Layers layers;
    try {
        const json document = formats::parse_json(read_text_file(path_), path_.string());
        if (document.value("schema", "") != kSchema || document.value("version", "") != kVersion) return {};
        for (const auto& [layer, measured] : document.at("layers").items()) {
            const auto chosen = measured.at("chosen").get<std::string>();
            if (chosen != kEstimated) parse_product(chosen);
            layers[layer] = {chosen, measured.at("seconds").get<std::map<std::string, double>>()};
        }
    } catch (const Error& error) {
        log::warn("{}: {}; kernels are measured anew", path_.string(), error.what());
        return {};
    } catch (const json::exception& error) {
        log::warn("{} is not as this program writes it ({}); kernels are measured anew", path_.string(),
                  error.what());
        return {};
    }
    return layers;
}

std::vector<std::optional<Product>> KernelTuner::choose(const Graph& graph, const LoweringOptions& options,
                                                        ThreadPool& pool) {
    std::vector<std::optional<Product>> choices(static_cast<std::size_t>(graph.size()));
    std::optional<OtherMemory> other;
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto products = products_of(graph, id, options);
        if (products.size() < 2) continue;
        const std::string key = layer_of(graph, id, options, products, pool.threads());
        auto layer = layers_.find(key);
        if (layer == layers_.end()) {
            if (!other) other.emplace();
            const Values values(graph, id);
            TunedLayer measured =
                measure(ways_of(graph, id, options, products), values.operands(), *other, pool);
            layer = layers_.emplace(key, std::move(measured)).first;
            ++measured_;
        }
        ++known_;
        if (layer->second.chosen != kEstimated)
            choices[static_cast<std::size_t>(i)] = parse_product(layer->second.chosen);
    }
    return choices;
}

void KernelTuner::save() const {
    if (measured_ == 0) return;
    Layers all = read();
    for (const auto& [key, layer] : layers_) all[key] = layer;
    json layers = json::object();
    for (const auto& [key, layer] : all) layers[key] = {{"chosen", layer.chosen}, {"seconds", layer.seconds}};
    const json document = {
        {"schema", kSchema}, {"version", kVersion}, {"processor", cpu_model()}, {"layers", layers}};
    std::error_code problem;
    std::filesystem::create_directories(path_.parent_path(), problem);
    if (problem) fail("cannot make the folder {}: {}", path_.parent_path().string(), problem.message());
    write_file_atomically(path_, document.dump(1) + "\n");
}

}  // namespace espalier::engine
