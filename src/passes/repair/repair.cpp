#include "passes/repair/repair.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "graph/cost.h"
#include "passes/match.h"
#include "passes/repair/least_squares.h"
#include "passes/repair/patches.h"
#include "passes/repair/stage.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Damping of the least squares, relative to the mean square of the inputs: what SparseGPT takes.
constexpr double kDamping = 0.01;

/// Deeper products are left alone: their matrix would take more than 256 MB.
constexpr std::int64_t kMostDepth = 8192;

/// Floats of the matrices gathered at a time: 512 MB.
constexpr std::int64_t kMostFloats = std::int64_t{1} << 27;

/// Sites gathered at a time: more would be too many values to look at in one graph.
constexpr std::size_t kMostSites = 400;

/// Multiply-accumulates that may go into running both networks: about half a minute of two cores.
constexpr double kMostMacs = 4e12;

/// Statistics are rescaled by at most this factor of variance: what explains less of a channel is mostly
/// noise.
constexpr double kMostRescaling = 16;

struct Extents {
    std::int64_t groups, n, k;
};

Extents extents_of(const Graph& graph, const RepairSite& site) {
    const Shape& shape = graph.type(graph[site.node()].inputs[1]).shape;
    if (site.layer == NodeId::kNone) return {shape[0], 1, 1};
    const auto* conv = graph.as<Conv2d>(site.layer);
    const std::int64_t groups = conv ? conv->groups : 1;
    return {groups, shape[0] / groups, shape.product(1, shape.rank())};
}

std::int64_t floats_of(const Extents& e) { return e.groups * e.k * (e.n + e.k); }

/// Sites that are observed together, and the lowest level of their stage.
struct Stage {
    int level;
    std::vector<RepairSite> sites;
};

/// Cuts the levels into as many equal runs as the multiplications allow, and these where memory ends.
std::vector<Stage> stages_of(const Graph& graph, const std::vector<RepairSite>& sites, std::int64_t images) {
    std::vector<Stage> stages;
    if (sites.empty()) return stages;
    const int levels = 1 + std::max_element(sites.begin(), sites.end(), [](const auto& a, const auto& b) {
                               return a.level < b.level;
                           })->level;
    // Each stage runs two networks, but on average half of each.
    const double macs = static_cast<double>(cost_of(graph).total.macs) * static_cast<double>(images);
    const auto runs = static_cast<int>(std::clamp(kMostMacs / std::max(macs, 1.0), 1.0, 1.0 * levels));
    for (int run = 0; run < runs; ++run) {
        const int first = levels * run / runs, end = levels * (run + 1) / runs;
        std::int64_t floats = kMostFloats;
        for (const RepairSite& site : sites) {
            if (site.level < first || site.level >= end) continue;
            const std::int64_t own = floats_of(extents_of(graph, site));
            const bool full = stages.empty() || stages.back().level != first || floats + own > kMostFloats ||
                              stages.back().sites.size() == kMostSites;
            if (full) {
                stages.push_back({first, {}});
                floats = 0;
            }
            stages.back().sites.push_back(site);
            floats += own;
        }
    }
    return stages;
}

Tensor tensor_of(std::span<const float> values) { return Tensor::of<float>({std::ssize(values)}, values); }

/// Mends sites, one after the other.
class Mender {
  public:
    Mender(Patches& patches, Repaired& result, ThreadPool& pool)
        : patches_(patches), graph_(patches.graph()), result_(result), pool_(pool) {}

    void mend(const RepairSite& site, const std::vector<Moments>& moments) {
        const Extents e = extents_of(graph_, site);
        std::vector<float> weights = weights_of(site, e);
        std::vector<Fit> fits;
        const bool solve = site.was_pruned && patches_.can_replace(site.layer, 1);
        Errors errors;
        for (std::size_t g = 0; g < moments.size(); ++g) {
            const auto size = static_cast<std::size_t>(e.n * e.k);
            const std::span<float> own = std::span(weights).subspan(g * size, size);
            Fit fit = fit_of(moments[g], own, pool_);
            errors.add_before(moments[g], fit);
            if (solve) fit = refitted(site, moments[g], std::move(fit), own);
            errors.add_after(moments[g], fit);
            fits.push_back(std::move(fit));
        }
        if (solve) {
            patches_.replace(site.layer, 1,
                             Tensor::of<float>(graph_.type(graph_[site.layer].inputs[1]).shape, weights));
        }
        if (site.was_pruned && errors.variance > 0) {
            result_.layers.push_back(
                {graph_[site.layer].name, errors.before / errors.variance, errors.after / errors.variance});
        }
        if (site.norm != NodeId::kNone) {
            follow_with_norm(site, moments, fits);
        } else {
            follow_with_bias(site.layer, moments, fits);
        }
    }

  private:
    /// Sums over all outputs of a layer.
    struct Errors {
        double before = 0;
        double after = 0;
        double variance = 0;
        void add_before(const Moments& moments, const Fit& fit) {
            for (std::size_t o = 0; o < fit.mean.size(); ++o) {
                const double shift = fit.mean[o] - moments.y_mean[o];
                before += fit.error[o] + shift * shift;
                variance += moments.y_variance[o];
            }
        }
        void add_after(const Moments&, const Fit& fit) {
            for (const double error : fit.error) after += error;
        }
    };

    std::vector<float> weights_of(const RepairSite& site, const Extents& e) const {
        if (site.layer == NodeId::kNone) return std::vector<float>(static_cast<std::size_t>(e.groups), 1.0f);
        const Tensor weights = *patches_.operand(site.layer, 1);
        return {weights.span<float>().begin(), weights.span<float>().end()};
    }

    /// Refits the weights of a group; of each output only where that helps.
    Fit refitted(const RepairSite& site, const Moments& moments, Fit before, std::span<float> weights) {
        std::vector<float> found = refit(moments, weights, kDamping, pool_);
        if (graph_.type(graph_[site.layer].inputs[1]).dtype == DType::kBF16) {
            const Tensor rounded = tensor_of(found).to_bf16().to_f32();
            found.assign(rounded.span<float>().begin(), rounded.span<float>().end());
        }
        const Fit fit = fit_of(moments, found, pool_);
        for (std::size_t o = 0; o < fit.error.size(); ++o) {
            if (!(fit.error[o] < before.error[o])) continue;
            before.mean[o] = fit.mean[o];
            before.variance[o] = fit.variance[o];
            before.error[o] = fit.error[o];
            const auto k = static_cast<std::size_t>(moments.k);
            std::copy_n(found.begin() + static_cast<std::ptrdiff_t>(o * k), k,
                        weights.begin() + static_cast<std::ptrdiff_t>(o * k));
        }
        return before;
    }

    void follow_with_bias(NodeId layer, const std::vector<Moments>& moments, const std::vector<Fit>& fits) {
        const bool has_bias = input_of(graph_, layer, 2) != NodeId::kNone;
        if (has_bias && !patches_.can_replace(layer, 2)) return;
        Tensor bias = has_bias
                          ? patches_.operand(layer, 2)->clone()
                          : Tensor::allocate(DType::kF32, {graph_.type(graph_[layer].inputs[1]).shape[0]});
        std::size_t at = 0;
        bool moved = false;
        for (std::size_t g = 0; g < fits.size(); ++g) {
            for (std::size_t o = 0; o < fits[g].mean.size(); ++o, ++at) {
                const double shift = moments[g].y_mean[o] - fits[g].mean[o];
                moved = moved || std::fabs(shift) > kUnmoved * std::sqrt(moments[g].y_variance[o]);
                float& value = bias.mutable_span<float>()[at];
                value = static_cast<float>(value + shift);
            }
        }
        if (!moved) return;
        ++result_.biases;
        if (has_bias) {
            patches_.replace(layer, 2, bias);
        } else {
            patches_.add_bias(layer, bias);
        }
    }

    /// Behind the normalization, mean and deviation of each channel become what they are in the whole
    /// network.
    void follow_with_norm(const RepairSite& site, const std::vector<Moments>& moments,
                          const std::vector<Fit>& fits) {
        const NodeId norm = site.norm;
        if (!patches_.can_replace(norm, 3) || !patches_.can_replace(norm, 4)) return;
        Tensor mean = patches_.operand(norm, 3)->clone(), variance = patches_.operand(norm, 4)->clone();
        const auto bias = site.layer == NodeId::kNone ? std::nullopt : patches_.operand(site.layer, 2);
        const double eps = graph_.as<BatchNorm>(norm)->eps;
        std::size_t at = 0;
        bool moved = false;
        for (std::size_t g = 0; g < fits.size(); ++g) {
            for (std::size_t o = 0; o < fits[g].mean.size(); ++o, ++at) {
                const double added = bias ? bias->span<float>()[at] : 0;
                const double ratio = rescaling(fits[g].variance[o], moments[g].y_variance[o]);
                float& m = mean.mutable_span<float>()[at];
                float& v = variance.mutable_span<float>()[at];
                const double before = moments[g].y_mean[o] + added - m;
                const double shift = fits[g].mean[o] + added - m - std::sqrt(ratio) * before;
                moved = moved || std::fabs(ratio - 1) > kUnmoved ||
                        std::fabs(shift) > kUnmoved * std::sqrt(moments[g].y_variance[o]);
                m = static_cast<float>(m + shift);
                v = static_cast<float>(std::max((v + eps) * ratio - eps, 0.0));
            }
        }
        if (!moved) return;
        ++result_.norms;
        patches_.replace(norm, 3, mean);
        patches_.replace(norm, 4, variance);
    }

    static double rescaling(double now, double before) {
        if (!(before > 0) || !(now > 0)) return 1;
        return std::clamp(now / before, 1 / kMostRescaling, kMostRescaling);
    }

    /// Smaller changes, relative to the deviation of a channel, are rounding.
    static constexpr double kUnmoved = 1e-4;

    Patches& patches_;
    const Graph& graph_;
    Repaired& result_;
    ThreadPool& pool_;
};

double mean_of(const std::vector<RepairedLayer>& layers, double RepairedLayer::*error) {
    double sum = 0;
    for (const RepairedLayer& layer : layers) sum += layer.*error;
    return sum / static_cast<double>(layers.size());
}

}  // namespace

Repaired repair_layers(const Pruning& pruning, Observer& images) {
    Repaired result;
    std::vector<RepairSite> sites = repair_sites(pruning);
    Patches patches(pruning.pruned);
    const bool pruned =
        std::any_of(sites.begin(), sites.end(), [](const auto& site) { return site.was_pruned; });
    std::erase_if(sites, [&](const RepairSite& site) {
        const bool deep = extents_of(pruning.pruned, site).k > kMostDepth;
        if (deep) result.too_deep.push_back(pruning.pruned[site.layer].name);
        return deep;
    });
    if (pruned && images.images() > 0) {
        ThreadPool pool(images.threads());
        Mender mender(patches, result, pool);
        for (const Stage& stage : stages_of(pruning.pruned, sites, images.images())) {
            const auto moments = observe_sites(pruning, patches, stage.sites, stage.level, images, pool);
            for (std::size_t i = 0; i < stage.sites.size(); ++i) mender.mend(stage.sites[i], moments[i]);
            ++result.stages;
        }
    }
    result.added_parameters = patches.added_numbers();
    result.graph = patches.apply();
    return result;
}

Graph repair(const Pruning& pruning, Observer& images, Change& change) {
    Repaired result = repair_layers(pruning, images);
    change.count += static_cast<int>(result.layers.size()) + result.biases + result.norms;
    change.removed_parameters -= result.added_parameters;
    if (!result.too_deep.empty()) {
        change.notes.push_back(
            fmt::format("repair leaves {} layers alone, as their products have more than {} inputs, "
                        "{} the first",
                        result.too_deep.size(), kMostDepth, result.too_deep.front()));
    }
    if (result.layers.empty()) {
        change.notes.push_back("repair found no layer with weights that pruning took");
    } else {
        change.notes.push_back(
            fmt::format("repair refitted {} layers to {} images in {} stages: the relative squared error of "
                        "their outputs is {:.3f} on average, {:.3f} without; the means of {} biases and the "
                        "statistics of {} batch normalizations follow",
                        result.layers.size(), images.images(), result.stages,
                        mean_of(result.layers, &RepairedLayer::error_after),
                        mean_of(result.layers, &RepairedLayer::error_before), result.biases, result.norms));
    }
    return std::move(result.graph);
}

}  // namespace espalier::passes
