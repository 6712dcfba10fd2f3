#define XXH_INLINE_ALL
#include "engine/packed_weights.h"

#include <xxhash.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/build_id.h"
#include "base/error.h"
#include "base/fma_rate.h"
#include "base/log.h"
#include "base/mapped_file.h"
#include "engine/lower/products.h"
#include "formats/safetensors/safetensors.h"

namespace espalier::engine {
namespace {

using graph::Graph;
using graph::NodeId;

constexpr std::size_t kHashedAtOnce = std::size_t{4} << 20;
constexpr const char* kExtension = ".packed";

/// Everything that the packed weights depend on but the elements of the constants.
std::string description_of(const Graph& graph, const LoweringOptions& options,
                           std::span<const std::optional<Product>> products) {
    const Isa isa = std::min(options.isa, best_isa());
    std::string text = fmt::format("{}\n{} fma-rate={} winograd={} sparse={}\n", build_id(), name(isa),
                                   fma_rate(isa), options.winograd, options.sparse);
    for (const graph::Node& node : graph.nodes()) {
        text += graph::print(node.op) + " " + node.type.str();
        if (node.value.stored().transposed) text += " transposed";
        for (const NodeId input : node.inputs) text += fmt::format(" {}", static_cast<int>(input));
        text += '\n';
    }
    for (const auto& product : products) text += product ? name(*product) : "-";
    return text;
}

/// The elements of all constants in pieces, in the order in which they are stored: nothing is moved for it.
std::vector<std::span<const std::byte>> pieces_of(const Graph& graph) {
    std::vector<std::span<const std::byte>> pieces;
    for (const graph::Node& node : graph.nodes()) {
        if (!std::holds_alternative<graph::Constant>(node.op)) continue;
        for (auto rest = node.value.stored().bytes; !rest.empty();) {
            const std::size_t size = std::min(rest.size(), kHashedAtOnce);
            pieces.push_back(rest.first(size));
            rest = rest.subspan(size);
        }
    }
    return pieces;
}

/// 32 hexadecimal digits. What was read of a mapped file is given back at once: it is read a second time at
/// most.
std::string hash_of(const Graph& graph, const LoweringOptions& options,
                    std::span<const std::optional<Product>> products, ThreadPool& pool) {
    const std::string text = description_of(graph, options, products);
    const auto pieces = pieces_of(graph);
    std::vector<XXH128_canonical_t> digests(pieces.size() + 1);
    XXH128_canonicalFromHash(&digests.back(), XXH3_128bits(text.data(), text.size()));
    pool.parallel_for(std::ssize(pieces), 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
            XXH128_canonicalFromHash(&digests[i], XXH3_128bits(pieces[i].data(), pieces[i].size()));
            MappedFile::release(pieces[i]);
        }
    });
    const XXH128_hash_t all = XXH3_128bits(digests.data(), digests.size() * sizeof(digests.front()));
    return fmt::format("{:016x}{:016x}", all.high64, all.low64);
}

formats::TensorMap read_if_there(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return {};
    try {
        formats::TensorMap tensors = formats::read_safetensors(path).tensors;
        std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now(), ignored);
        return tensors;
    } catch (const Error& error) {
        log::warn("{}; the weights are packed anew", error.what());
        return {};
    }
}

/// What begins the names of a node's parts.
std::string prefix_of(NodeId node) { return fmt::format("{}/", static_cast<int>(node)); }

}  // namespace

/// The parts of one node: those of the file, or those that its packers fill.
class PackedWeights::Memory final : public kernels::PackedMemory {
  public:
    Memory(const PackedWeights& all, NodeId node) : all_(all), prefix_(prefix_of(node)) {
        const auto first = all.stored_.lower_bound(prefix_);
        is_packed_ = first != all.stored_.end() && first->first.starts_with(prefix_);
    }

    bool is_packed() const override { return is_packed_; }

    Tensor next(std::string_view layout, DType dtype, std::int64_t elements) override {
        const std::string part = fmt::format("{}{} {}", prefix_, asked_++, layout);
        if (!is_packed_) {
            return filled_.emplace_back(part, PackedMemory::next(layout, dtype, elements)).second;
        }
        const auto stored = all_.stored_.find(part);
        const auto fits = [&](const Tensor& tensor) {
            const auto address = reinterpret_cast<std::uintptr_t>(tensor.bytes().data());
            return tensor.dtype() == dtype && tensor.shape() == Shape{elements} &&
                   address % Tensor::kAlignment == 0;
        };
        if (stored == all_.stored_.end() || !fits(stored->second)) {
            fail(
                "{} does not hold '{}' as {} {}, which the model needs: remove the file, and it is written anew",
                all_.path_.string(), part, name(dtype), elements);
        }
        return stored->second;
    }

    /// What was packed into memory of its own, by name.
    const std::vector<std::pair<std::string, Tensor>>& filled() const { return filled_; }

  private:
    const PackedWeights& all_;
    std::string prefix_;
    bool is_packed_ = false;
    int asked_ = 0;
    std::vector<std::pair<std::string, Tensor>> filled_;
};

std::int64_t constant_bytes(const Graph& graph) {
    std::int64_t bytes = 0;
    for (const graph::Node& node : graph.nodes()) {
        if (std::holds_alternative<graph::Constant>(node.op))
            bytes += static_cast<std::int64_t>(node.value.size_bytes());
    }
    return bytes;
}

PackedWeights::PackedWeights(const std::filesystem::path& folder, const Graph& graph,
                             const LoweringOptions& options, std::span<const std::optional<Product>> products,
                             ThreadPool& pool)
    : path_(folder / (hash_of(graph, options, products, pool) + kExtension)), stored_(read_if_there(path_)) {
    for (int i = 0; i < graph.size(); ++i)
        memories_.push_back(std::make_unique<Memory>(*this, static_cast<NodeId>(i)));
}

PackedWeights::~PackedWeights() = default;

kernels::PackedMemory& PackedWeights::of(NodeId node) {
    return *memories_.at(static_cast<std::size_t>(node));
}

bool PackedWeights::keep() {
    if (found()) return false;
    formats::TensorMap tensors;
    for (const auto& memory : memories_) tensors.insert(memory->filled().begin(), memory->filled().end());
    if (tensors.empty()) return false;
    const std::filesystem::path folder = path_.parent_path();
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem) fail("cannot make the folder {}: {}", folder.string(), problem.message());
    formats::write_safetensors(path_, tensors, {{"format", "espalier.packed"}});
    remove_oldest();
    return true;
}

void PackedWeights::remove_oldest() const {
    using Entry = std::pair<std::filesystem::file_time_type, std::filesystem::path>;
    std::vector<Entry> files;
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(path_.parent_path(), ignored)) {
        if (file.path().extension() == kExtension)
            files.emplace_back(file.last_write_time(ignored), file.path());
    }
    std::sort(files.begin(), files.end(), std::greater<>());
    for (std::size_t i = kMostFiles; i < files.size(); ++i) std::filesystem::remove(files[i].second, ignored);
}

}  // namespace espalier::engine
