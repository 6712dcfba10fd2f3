#include "engine/kernel_tuner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "engine/lower/products.h"
#include "engine/random_tensor_test.h"
#include "engine/session.h"
#include "passes/layout/layout.h"

namespace espalier::engine {
namespace {

namespace fs = std::filesystem;
using namespace graph;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A convolution that can be filtered, one that cannot, and a linear layer without 15 of 16 weights.
Graph network() {
    Graph graph;
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 16, 14, 14}});
    const NodeId filtered =
        graph.add(Conv2d{.pad = {1, 1, 1, 1}}, {x, graph.add_constant("a", random_tensor({16, 16, 3, 3}, 1))},
                  "filtered");
    const NodeId strided =
        graph.add(Conv2d{.stride = {2, 2}, .pad = {1, 1, 1, 1}},
                  {filtered, graph.add_constant("b", random_tensor({32, 16, 3, 3}, 2))}, "strided");
    Tensor pruned = random_tensor({24, 32 * 7 * 7}, 3);
    for (std::size_t i = 0; i < pruned.span<float>().size(); ++i) {
        if (i % 16 != 0) pruned.mutable_span<float>()[i] = 0;
    }
    const NodeId flat = graph.add(Reshape{{0, -1}}, {strided}, "flat");
    graph.set_output(graph.add(Linear{}, {flat, graph.add_constant("c", pruned)}, "pruned"));
    return graph;
}

class KernelTunerTest : public testing::Test {
  protected:
    SessionOptions tuned() const {
        SessionOptions options;
        options.threads = 2;
        options.tuned_kernels = folder();
        return options;
    }
    fs::path folder() const { return temporary_.path() / "kernels"; }
    fs::path file() const { return fs::directory_iterator(folder())->path(); }

    const TemporaryFolder temporary_;
};

TEST(Products, AreTheWaysThatALayerHas) {
    const Graph graph = network();
    const auto of = [&](const char* name, const LoweringOptions& options = {}) {
        for (int i = 0; i < graph.size(); ++i) {
            if (graph[static_cast<NodeId>(i)].name == name)
                return products_of(graph, static_cast<NodeId>(i), options);
        }
        return std::vector<Product>{};
    };
    EXPECT_THAT(of("filtered"), ElementsAre(Product::kDense, Product::kWinograd2, Product::kWinograd4));
    EXPECT_THAT(of("filtered", {.winograd = false}), ElementsAre(Product::kDense));
    EXPECT_THAT(of("strided"), ElementsAre(Product::kDense));
    EXPECT_THAT(of("pruned"), ElementsAre(Product::kDense, Product::kSparse));
    EXPECT_THAT(of("pruned", {.sparse = false}), ElementsAre(Product::kDense));
    EXPECT_THAT(of("flat"), IsEmpty());
    for (const Product product :
         {Product::kDense, Product::kWinograd2, Product::kWinograd4, Product::kSparse})
        EXPECT_EQ(parse_product(name(product)), product);
    EXPECT_THROW(parse_product("fast"), Error);
}

TEST_F(KernelTunerTest, MeasuresALayerOnce) {
    passes::Change change;
    const Graph graph = passes::channels_last(network(), change);
    ThreadPool pool(2);
    KernelTuner first(folder());
    const auto choices = first.choose(graph, {}, pool);
    EXPECT_EQ(first.known(), 2);
    EXPECT_EQ(first.measured(), 2);
    first.save();
    KernelTuner second(folder());
    EXPECT_EQ(second.choose(graph, {}, pool), choices);
    EXPECT_EQ(second.known(), 2);
    EXPECT_EQ(second.measured(), 0);
    ThreadPool alone(1);
    second.choose(graph, {}, alone);
    EXPECT_EQ(second.measured(), 2) << "what is fastest on one thread is another question";
    second.choose(graph, {.isa = Isa::kPortable}, pool);
    EXPECT_EQ(second.measured(), best_isa() > Isa::kPortable ? 4 : 2) << "and so it is of other kernels";
    const auto unfiltered = second.choose(graph, {.winograd = false}, pool);
    EXPECT_EQ(second.known(), 7) << "one layer has no choice then";
    EXPECT_EQ(std::ranges::count(unfiltered, Product::kWinograd2), 0);
    EXPECT_EQ(std::ranges::count(unfiltered, Product::kWinograd4), 0);
}

TEST_F(KernelTunerTest, ASessionExecutesWhatTheFileSays) {
    const Tensor x = random_tensor({1, 16, 14, 14}, 4);
    const Tensor expected = Session(network(), {}).run(x);
    // Winograd's filtering with the largest tile is off by at most 5e-6 of the largest sum of absolute terms.
    float largest = 0;
    for (const float value : expected.span<float>()) largest = std::max(largest, std::abs(value));
    Session measured(network(), tuned());
    EXPECT_EQ(measured.execution().tuned_layers, 2);
    const std::map<std::string, const char*> kernels{
        {"dense", "conv_implicit/"}, {"winograd_2x2", "winograd_2x2/"}, {"winograd_4x4", "winograd_4x4/"}};
    for (const auto& [chosen, kernel] : kernels) {
        auto document = nlohmann::json::parse(read_text_file(file()));
        for (auto& [layer, entry] : document["layers"].items())
            entry["chosen"] = layer.starts_with("conv2d") ? chosen : "sparse";
        write_file_atomically(file(), document.dump());
        Session session(network(), tuned());
        EXPECT_THAT(session.execution().kernels, Contains(HasSubstr(kernel)));
        EXPECT_THAT(session.execution().kernels, Contains(HasSubstr("spmm")));
        const Tensor y = session.run(x);
        for (std::size_t i = 0; i < y.span<float>().size(); ++i) {
            EXPECT_NEAR(y.span<float>()[i], expected.span<float>()[i], 1e-5 * largest) << chosen;
        }
    }
}

TEST_F(KernelTunerTest, ADamagedFileIsMeasuredAnew) {
    Session(network(), tuned());
    for (const char* content :
         {"", "{", R"({"schema": "espalier.kernels/1", "version": "0.1.0", "layers": 7})",
          R"({"schema": "espalier.kernels/1", "version": "0.1.0",
                                    "layers": {"l": {"chosen": "fast", "seconds": {}}}})",
          R"({"schema": "another", "layers": {}})"}) {
        write_file_atomically(file(), std::string_view(content));
        testing::internal::CaptureStderr();
        Session session(network(), tuned());
        const std::string said = testing::internal::GetCapturedStderr();
        EXPECT_EQ(said.empty(), std::string_view(content).find("another") != std::string_view::npos) << said;
        EXPECT_EQ(session.execution().tuned_layers, 2);
        EXPECT_EQ(nlohmann::json::parse(read_text_file(file()))["layers"].size(), 2u);
    }
}

TEST_F(KernelTunerTest, WithoutAPlaceItServesTheSession) {
    write_file_atomically(folder(), std::string_view("a file"));
    testing::internal::CaptureStderr();
    EXPECT_EQ(Session(network(), tuned()).execution().tuned_layers, 2);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("not kept"));
}

}  // namespace
}  // namespace espalier::engine
