#include "models/weights.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::models {
namespace {

/// "x.weight" -> "x.gamma", "x.bias" -> "x.beta"; empty for other names.
std::string legacy_name(std::string_view name) {
    for (const auto& [now, before] : {std::pair{".weight", ".gamma"}, std::pair{".bias", ".beta"}}) {
        const std::string_view suffix = now;
        if (name.ends_with(suffix)) return std::string(name.substr(0, name.size() - suffix.size())) + before;
    }
    return {};
}

bool is_floating(DType dtype) {
    return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF64;
}

/// FNV-1a: turns a name into a number that is the same everywhere.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return hash;
}

void fill_normal(std::span<float> values, Random& random, double deviation) {
    for (float& value : values) value = static_cast<float>(random.normal() * deviation);
}

}  // namespace

Tensor WeightSource::get(const std::string& name, const Shape& shape, Role role) {
    Tensor tensor = read(name, shape, role);
    if (role == Role::kMean || role == Role::kVariance) {
        known_.insert(name);
    } else {
        count(name, shape);
    }
    return tensor;
}

void WeightSource::declare_unused(const std::string& name, const Shape& shape) { count(name, shape); }

void WeightSource::count(const std::string& name, const Shape& shape) {
    if (known_.insert(name).second) parameters_ += shape.elements();
}

Tensor CheckpointWeights::read(const std::string& name, const Shape& shape, Role) {
    auto found = tensors_.find(name);
    if (found == tensors_.end()) found = tensors_.find(legacy_name(name));
    if (found == tensors_.end()) {
        std::vector<std::string> names;
        for (const auto& [candidate, tensor] : tensors_) names.push_back(candidate);
        fail("{}: the tensor '{}' of shape {} is missing.{}", source_, name, shape.str(),
             suggestion(name, names));
    }
    const Tensor& tensor = found->second;
    if (!(tensor.shape() == shape)) {
        fail("{}: the tensor '{}' has shape {}, but the configuration asks for {}", source_, found->first,
             tensor.shape().str(), shape.str());
    }
    if (!is_floating(tensor.dtype())) {
        fail("{}: the tensor '{}' holds {}, but weights must be floating-point numbers", source_,
             found->first, espalier::name(tensor.dtype()));
    }
    used_.insert(found->first);
    return tensor.to_f32();
}

std::vector<std::string> CheckpointWeights::unused() const {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors_) {
        if (!used_.contains(name) && !known().contains(name) && !name.ends_with(".num_batches_tracked"))
            names.push_back(name);
    }
    return names;
}

Tensor RandomWeights::read(const std::string& name, const Shape& shape, Role role) {
    constexpr std::size_t kMostBytes = std::size_t{4} << 30;
    if (static_cast<std::size_t>(shape.elements()) > kMostBytes / sizeof(float) ||
        (bytes_ += static_cast<std::size_t>(shape.elements()) * sizeof(float)) > kMostBytes) {
        fail("random weights for this configuration would need more than 4 GiB (at '{}' of shape {})", name,
             shape.str());
    }
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    const auto values = tensor.mutable_span<float>();
    Random random(seed_ ^ hash_of(name));
    switch (role) {
        case Role::kMatrix: {
            const auto fan_in =
                static_cast<double>(std::max<std::int64_t>(shape.product(1, shape.rank()), 1));
            fill_normal(values, random, std::sqrt(2.0 / fan_in));
            break;
        }
        case Role::kEmbedding:
            fill_normal(values, random, 0.02);
            break;
        case Role::kGain:
        case Role::kVariance:
            std::fill(values.begin(), values.end(), 1.0f);
            break;
        case Role::kLayerScale:
            std::fill(values.begin(), values.end(), 0.1f);
            break;
        case Role::kShift:
        case Role::kMean:
            break;
    }
    return tensor;
}

Tensor BlankWeights::read(const std::string& name, const Shape& shape, Role) {
    const auto bytes = static_cast<std::size_t>(shape.elements()) * sizeof(float);
    // calloc takes large blocks from the kernel, which gives zeros only where somebody looks.
    const std::shared_ptr<void> memory(std::calloc(std::max<std::size_t>(bytes, 1), 1), std::free);
    if (!memory) fail("not enough memory for the tensor '{}' of shape {}", name, shape.str());
    return Tensor::view(DType::kF32, shape, {static_cast<const std::byte*>(memory.get()), bytes}, memory);
}

}  // namespace espalier::models
