#include "engine/packed_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "engine/random_tensor_test.h"
#include "engine/session.h"
#include "formats/safetensors/safetensors.h"
#include "passes/quantize/bfloat16.h"
#include "passes/quantize/dynamic.h"

namespace espalier::engine {
namespace {

namespace fs = std::filesystem;
using namespace graph;
using testing::HasSubstr;

Tensor pruned(Tensor tensor) {
    const auto values = tensor.mutable_span<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i % 16 != 0) values[i] = 0;
    }
    return tensor;
}

/// Each way to pack: a window with a stride, one that is filtered, a depthwise one, single pixels, groups, a
/// product, and a pruned product.
Graph every_packer(std::uint64_t seed = 1) {
    Graph graph;
    NodeId x = graph.add_input("x", {DType::kF32, {1, 3, 24, 24}});
    const auto conv = [&](const std::string& name, const Shape& weights, const Conv2d& op) {
        const NodeId w = graph.add_constant(name + ".w", random_tensor(weights, seed));
        const NodeId b = graph.add_constant(name + ".b", random_tensor({weights[0]}, seed + 1));
        x = graph.add(op, {x, w, b}, name);
        seed += 2;
    };
    conv("strided", {32, 3, 3, 3}, {.stride = {2, 2}, .pad = {1, 1, 1, 1}});
    conv("filtered", {32, 32, 3, 3}, {.pad = {1, 1, 1, 1}});
    conv("depthwise", {32, 1, 3, 3}, {.pad = {1, 1, 1, 1}, .groups = 32});
    conv("pixels", {64, 32, 1, 1}, {});
    conv("groups", {66, 32, 3, 3}, {.stride = {2, 2}, .pad = {1, 1, 1, 1}, .groups = 2});
    const NodeId mean = graph.add(Reduce{.axes = {2, 3}, .keep_axes = false}, {x}, "mean");
    const NodeId wide = graph.add_constant("wide.w", random_tensor({512, 66}, seed));
    const NodeId head = graph.add_constant("head.w", pruned(random_tensor({80, 512}, seed + 1)));
    graph.set_output(graph.add(Linear{}, {graph.add(Linear{}, {mean, wide}, "wide"), head}, "head"));
    return graph;
}

Graph as_int8(const Graph& graph) {
    passes::Change change;
    return passes::quantize_dynamically(graph, QuantScheme::kPerRow, change);
}

Graph as_bf16(const Graph& graph) {
    passes::Change change;
    return passes::round_weights_to_bfloat16(graph, change);
}

class PackedWeightsTest : public testing::Test {
  protected:
    SessionOptions options() const {
        SessionOptions options;
        options.threads = 2;
        options.packed = {.folder = folder(), .least_bytes = 0};
        return options;
    }
    fs::path folder() const { return temporary_.path() / "packed"; }

    std::set<fs::path> files() const {
        std::set<fs::path> files;
        if (!fs::exists(folder())) return files;
        for (const auto& file : fs::directory_iterator(folder())) files.insert(file.path());
        return files;
    }

    /// Runs the graph on one image, and keeps what was packed.
    std::vector<float> run(const Graph& graph, bool mapped) const {
        Session session(graph, options());
        EXPECT_EQ(session.execution().weights_mapped, mapped);
        const Tensor y = session.run(random_tensor({1, 3, 24, 24}, 7));
        EXPECT_EQ(session.keep_packed_weights().has_value(), !mapped);
        return {y.span<float>().begin(), y.span<float>().end()};
    }

    const TemporaryFolder temporary_;
};

TEST_F(PackedWeightsTest, AreMappedByTheNextSessionWhichGivesTheSameBits) {
    const Graph graph = every_packer();
    for (const Graph& variant : {graph, as_int8(graph), as_bf16(graph)}) {
        const auto packed = run(variant, false);
        EXPECT_EQ(run(variant, true), packed);
    }
    EXPECT_EQ(files().size(), 3u);
}

TEST_F(PackedWeightsTest, AMappedSessionRunsTheSameKernels) {
    const auto execution = [&] {
        Session session(every_packer(), options());
        session.keep_packed_weights();
        return session.execution();
    };
    const Execution packed = execution(), mapped = execution();
    EXPECT_TRUE(mapped.weights_mapped);
    EXPECT_EQ(mapped.kernels, packed.kernels);
    EXPECT_EQ(mapped.weight_bytes, packed.weight_bytes);
    EXPECT_EQ(mapped.effective_macs, packed.effective_macs);
}

TEST_F(PackedWeightsTest, AFileHoldsNoSparseAndNoDepthwiseWeights) {
    run(every_packer(), false);
    std::set<std::string> layouts;
    const auto file = formats::read_safetensors(*files().begin());
    for (const auto& [part, tensor] : file.tensors) layouts.insert(part.substr(part.find(' ') + 1));
    EXPECT_EQ(layouts.size(), 1u) << "f32 panels alone";
    EXPECT_THAT(*layouts.begin(), HasSubstr("panels_f32/"));
}

TEST_F(PackedWeightsTest, OtherWeightsOrKernelsAreAnotherFile) {
    run(every_packer(), false);
    run(every_packer(2), false);
    SessionOptions plain = options();
    plain.lowering.winograd = false;
    EXPECT_FALSE(Session(every_packer(), plain).execution().weights_mapped);
    plain = options();
    plain.lowering.isa = Isa::kPortable;
    if (best_isa() > Isa::kPortable) {
        EXPECT_FALSE(Session(every_packer(), plain).execution().weights_mapped);
    }
}

TEST_F(PackedWeightsTest, ADamagedFileIsPackedAnew) {
    const auto expected = run(every_packer(), false);
    const fs::path file = *files().begin();
    for (const std::uintmax_t size : {std::uintmax_t{0}, std::uintmax_t{100}, fs::file_size(file) - 1}) {
        fs::resize_file(file, size);
        testing::internal::CaptureStderr();
        EXPECT_EQ(run(every_packer(), false), expected);
        EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("packed anew"));
        EXPECT_EQ(run(every_packer(), true), expected);
    }
}

TEST_F(PackedWeightsTest, AFileWithOtherPartsIsRefused) {
    run(every_packer(), false);
    const fs::path file = *files().begin();
    auto tensors = formats::read_safetensors(file).tensors;
    const auto part = tensors.begin();
    part->second = Tensor::allocate(DType::kF32, Shape{part->second.elements() / 2});
    formats::write_safetensors(file, formats::TensorMap(tensors));
    try {
        Session(every_packer(), options());
        FAIL() << "it was taken";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(file.string()));
        EXPECT_THAT(error.what(), HasSubstr("remove the file"));
    }
}

TEST_F(PackedWeightsTest, OnlyTheFilesUsedLastStay) {
    const auto now = fs::file_time_type::clock::now();
    run(every_packer(0), false);
    const fs::path first = *files().begin();
    for (std::uint64_t seed = 1; seed < PackedWeights::kMostFiles; ++seed)
        run(every_packer(10 * seed), false);
    for (const fs::path& file : files()) fs::last_write_time(file, now - std::chrono::hours(1));
    write_file_atomically(folder() / "model.safetensors", std::string_view("not ours"));
    run(every_packer(0), true);
    run(every_packer(100), false);
    EXPECT_EQ(files().size(), PackedWeights::kMostFiles + 1);
    EXPECT_TRUE(fs::exists(first)) << "it was used just now";
    EXPECT_TRUE(fs::exists(folder() / "model.safetensors"));
}

TEST_F(PackedWeightsTest, SmallModelsAreNotKept) {
    SessionOptions usual = options();
    usual.packed.least_bytes = PackedFiles().least_bytes;
    Session session(every_packer(), usual);
    EXPECT_EQ(session.keep_packed_weights(), std::nullopt);
    EXPECT_TRUE(files().empty());
}

TEST_F(PackedWeightsTest, AFolderThatCannotBeIsAnErrorThatLeavesTheSessionWhole) {
    write_file_atomically(folder(), std::string_view("a file"));
    Session session(every_packer(), options());
    EXPECT_THROW(session.keep_packed_weights(), Error);
    EXPECT_EQ(session.run(random_tensor({1, 3, 24, 24}, 7)).shape(), (Shape{1, 80}));
}

}  // namespace
}  // namespace espalier::engine
