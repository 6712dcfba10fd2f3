#include "cli/gpu_access.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace espalier::cli {
namespace {

// Requirement 10.
TEST(GpuAccess, TellsEmptyFromNotSet) {
    ::unsetenv("CUDA_VISIBLE_DEVICES");
    ::unsetenv("CUDA_DEVICE_ORDER");
    EXPECT_FALSE(gpu_access().visible_devices);
    EXPECT_EQ(gpu_access().device_order, "");
    ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
    ::setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 1);
    EXPECT_EQ(gpu_access().visible_devices, "");
    EXPECT_EQ(gpu_access().device_order, "PCI_BUS_ID");
    ::unsetenv("CUDA_VISIBLE_DEVICES");
    ::unsetenv("CUDA_DEVICE_ORDER");
    EXPECT_TRUE(gpu_access().open);
}

}  // namespace
}  // namespace espalier::cli
