// Channel pruning on small models of every architecture: what is left computes what the whole network does
// when nothing reads the channels that went.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "engine/session.h"
#include "graph/cost.h"
#include "graph/learned.h"
#include "models/load.h"
#include "models/save.h"
#include "passes/prune/channels.h"
#include "tactics/tactic.h"

namespace espalier::runtimes {
namespace {

namespace fs = std::filesystem;
using namespace graph;

Tensor noise(const Shape& shape) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    Random random(11);
    for (float& value : tensor.mutable_span<float>()) value = static_cast<float>(random.uniform() * 2 - 1);
    return tensor;
}

/// The graph in which the readers' weights of all channels outside of `keep` are 0, for every group.
Graph with_channels_unread(const Graph& graph, double amount) {
    std::map<std::pair<NodeId, std::size_t>, Tensor> zeroed;
    for (const auto& group : passes::find_channel_groups(graph).groups) {
        const auto keep = passes::channels_to_keep(graph, group, amount);
        for (const auto& slot : group.slots) {
            if (slot.role != passes::ChannelSlot::Role::kReads) continue;
            const auto earlier = zeroed.find({slot.node, slot.input});
            Tensor weights = (earlier == zeroed.end() ? *graph.constant(graph[slot.node].inputs[slot.input])
                                                      : earlier->second)
                                 .clone();
            const std::int64_t channels = weights.shape()[slot.axis];
            const std::int64_t inner = weights.shape().product(slot.axis + 1, weights.shape().rank());
            auto values = weights.mutable_span<float>();
            for (std::int64_t i = 0; i < std::ssize(values); ++i) {
                const bool kept = std::binary_search(keep.begin(), keep.end(), i / inner % channels);
                if (!kept) values[static_cast<std::size_t>(i)] = 0;
            }
            zeroed[{slot.node, slot.input}] = weights;
        }
    }
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (graph.constant(id) || id == graph.input()) {
            rewriter.keep(id);
            continue;
        }
        std::vector<NodeId> inputs;
        for (std::size_t k = 0; k < graph[id].inputs.size(); ++k) {
            const auto found = zeroed.find({id, k});
            inputs.push_back(found == zeroed.end() ? rewriter[graph[id].inputs[k]]
                                                   : rewriter.out().add_constant("zeroed", found->second));
        }
        rewriter.replace(id, rewriter.out().add(graph[id].op, inputs, graph[id].name));
    }
    return rewriter.finish();
}

std::vector<std::string> small_models() {
    std::vector<std::string> models;
    for (const char* place : {"tools/goldens/models", "zoo/models"}) {
        for (const auto& entry : fs::directory_iterator(fs::path(ESPALIER_SOURCE_DIR) / place)) {
            if (fs::exists(entry.path() / "config.json"))
                models.push_back(fs::path(place) / entry.path().filename());
        }
    }
    std::sort(models.begin(), models.end());
    return models;
}

class ChannelPruning : public testing::TestWithParam<std::string> {};

TEST_P(ChannelPruning, EqualsANetworkThatDoesNotReadTheChannels) {
    const models::Model model =
        models::load_model(fs::path(ESPALIER_SOURCE_DIR) / GetParam(), {.hash = false});
    constexpr double kAmount = 0.4;
    passes::Change change;
    const Graph pruned = passes::prune_channels(model.graph, kAmount, change);
    verify(pruned);
    if (change.count == 0) GTEST_SKIP() << "no group of at least 4 channels";
    EXPECT_LT(cost_of(pruned).total.macs, cost_of(model.graph).total.macs);
    EXPECT_GT(change.removed_parameters, 0);
    const Tensor images = noise({2, model.channels(), model.height(), model.width()});
    const Tensor expected = engine::Session(with_channels_unread(model.graph, kAmount), {}).run(images);
    for (const char* tactic : {"baseline", "compile"}) {
        const Graph graph = tactics::apply(pruned, tactics::parse(tactic)).graph;
        const Tensor got = engine::Session(graph, {}).run(images);
        double largest = 1e-30, error = 0;
        for (std::size_t i = 0; i < got.span<float>().size(); ++i) {
            const double value = expected.span<float>()[i];
            largest = std::max(largest, std::abs(value));
            error = std::max(error, std::abs(got.span<float>()[i] - value));
        }
        // Sums of f32 in another order, through at most 60 layers.
        EXPECT_LE(error / largest, 5e-5) << tactic;
    }
}

INSTANTIATE_TEST_SUITE_P(Families, ChannelPruning, testing::ValuesIn(small_models()), [](const auto& row) {
    std::string name = fs::path(row.param).filename();
    std::ranges::replace_if(
        name, [](char c) { return !std::isalnum(c); }, '_');
    return name;
});

TEST(ChannelPruningFamilies, MostHaveChannelsToTakeOut) {
    int pruned = 0, all = 0;
    for (const std::string& path : small_models()) {
        const models::Model model = models::load_model(fs::path(ESPALIER_SOURCE_DIR) / path, {.hash = false});
        passes::Change change;
        passes::prune_channels(model.graph, 0.4, change);
        pruned += change.count > 0;
        ++all;
        EXPECT_FALSE(change.notes.empty()) << path;
    }
    EXPECT_GT(pruned, all / 2);
}

TEST(ChannelPruningExport, KeepsTheShrunkenModel) {
    const fs::path folder = fs::path(testing::TempDir()) / fmt::format("espalier-shrunken-{}", ::getpid());
    models::Model model =
        models::load_model(fs::path(ESPALIER_SOURCE_DIR) / "zoo/models/mobilenet_v2-mini", {.hash = false});
    const auto applied = tactics::apply(model.graph, tactics::parse("channel-pruning:0.5"));
    const std::int64_t before = model.parameters;
    model.graph = applied.graph;
    model.parameters -= applied.removed_parameters();
    EXPECT_LT(model.parameters, before);
    models::save_model(model, {}, folder);
    const models::Model again = models::load_model(folder, {.hash = false});
    fs::remove_all(folder);
    EXPECT_EQ(again.parameters, model.parameters);
    EXPECT_EQ(print(again.graph), print(model.graph));
    const Tensor images = noise({1, model.channels(), model.height(), model.width()});
    const Tensor got = engine::Session(again.graph, {}).run(images);
    const Tensor expected = engine::Session(model.graph, {}).run(images);
    for (std::size_t i = 0; i < got.span<float>().size(); ++i) {
        EXPECT_EQ(got.span<float>()[i], expected.span<float>()[i]);
    }
}

}  // namespace
}  // namespace espalier::runtimes
