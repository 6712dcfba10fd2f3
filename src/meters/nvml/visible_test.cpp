#include "meters/nvml/visible.h"

#include <gtest/gtest.h>

namespace espalier::meters::nvml {
namespace {

Gpu board(const std::string& uuid, const std::string& name = "H100") {
    Gpu gpu;
    gpu.uuid = uuid;
    gpu.name = name;
    return gpu;
}

/// Four boards; the third is divided into two instances.
std::vector<Gpu> machine() {
    std::vector<Gpu> gpus = {board("GPU-aa11"), board("GPU-ab22"), board("GPU-cc33"), board("GPU-dd44")};
    gpus[2].mig = true;
    gpus[2].instances = {"MIG-5500", "MIG-5600"};
    return gpus;
}

std::vector<std::string> shown(const std::optional<std::string>& variable) {
    std::vector<std::string> uuids;
    for (const Gpu& gpu : choose_visible(machine(), variable, "PCI_BUS_ID").gpus) uuids.push_back(gpu.uuid);
    return uuids;
}

using Uuids = std::vector<std::string>;

TEST(VisibleDevices, AreAllWhereTheVariableIsNotSet) {
    EXPECT_EQ(shown(std::nullopt), (Uuids{"GPU-aa11", "GPU-ab22", "GPU-cc33", "GPU-dd44"}));
}

TEST(VisibleDevices, AreNoneWhereItIsEmpty) {
    EXPECT_EQ(shown(""), Uuids{});
    EXPECT_EQ(shown("-1"), Uuids{});
    EXPECT_EQ(shown("NoDevFiles"), Uuids{});
    const Visible none = choose_visible(machine(), "", "");
    EXPECT_NE(none.hidden.find("CUDA_VISIBLE_DEVICES=''"), std::string::npos);
}

// Requirement 10.
TEST(VisibleDevices, CanBeNumberedInAnyOrder) {
    EXPECT_EQ(shown("3,0"), (Uuids{"GPU-dd44", "GPU-aa11"}));
    EXPECT_EQ(shown(" 1 , 2 "), (Uuids{"GPU-ab22", "GPU-cc33"}));
}

TEST(VisibleDevices, EndAtTheFirstThatIsNone) {
    EXPECT_EQ(shown("0,1,7,2"), (Uuids{"GPU-aa11", "GPU-ab22"}));
    EXPECT_EQ(shown("0,-1,1"), (Uuids{"GPU-aa11"}));
    EXPECT_EQ(shown("0,x,1"), (Uuids{"GPU-aa11"}));
    EXPECT_EQ(shown("1,1,0"), (Uuids{"GPU-ab22"}));
    EXPECT_EQ(shown("99999999999999999999"), Uuids{});
    const Visible cut = choose_visible(machine(), "0,7", "PCI_BUS_ID");
    ASSERT_EQ(cut.notes.size(), 1u);
    EXPECT_NE(cut.notes[0].find("'7'"), std::string::npos);
}

TEST(VisibleDevices, CanBeNamedByTheBeginningOfAUuidThatFitsOne) {
    EXPECT_EQ(shown("GPU-ab22,GPU-d"), (Uuids{"GPU-ab22", "GPU-dd44"}));
    EXPECT_EQ(shown("GPU-a"), Uuids{});  // fits two
    EXPECT_EQ(shown("GPU-zz"), Uuids{});
}

TEST(VisibleDevices, AnInstanceStandsForItsBoard) {
    EXPECT_EQ(shown("MIG-5600"), Uuids{"GPU-cc33"});
    EXPECT_EQ(shown("MIG-5500,MIG-5600"), Uuids{"GPU-cc33"});
    EXPECT_EQ(shown("MIG-GPU-cc33/1/0"), Uuids{"GPU-cc33"});
    EXPECT_EQ(shown("MIG-GPU-aa11/1/0"), Uuids{});  // not divided
    EXPECT_EQ(shown("MIG-5"), Uuids{});             // fits two
}

TEST(VisibleDevices, NumbersAreAGuessWhereBoardsDiffer) {
    const std::vector<Gpu> mixed = {board("GPU-1", "T4"), board("GPU-2", "H100")};
    EXPECT_EQ(choose_visible(mixed, "0", "").notes.size(), 1u);
    EXPECT_TRUE(choose_visible(mixed, "0", "PCI_BUS_ID").notes.empty());
    EXPECT_TRUE(choose_visible(mixed, "GPU-1", "").notes.empty());
    EXPECT_TRUE(choose_visible(machine(), "0", "").notes.empty());
}

}  // namespace
}  // namespace espalier::meters::nvml
