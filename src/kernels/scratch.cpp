#include "kernels/scratch.h"

#include <array>
#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace espalier::kernels {
namespace {

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

struct Buffer {
    std::unique_ptr<void, Free> memory;
    std::size_t bytes = 0;
};

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kKinds = static_cast<std::size_t>(Scratch::kLocalRows) + 1;

}  // namespace

void* scratch(Scratch kind, std::size_t bytes) {
    thread_local std::array<Buffer, kKinds> buffers;
    Buffer& buffer = buffers[static_cast<std::size_t>(kind)];
    if (buffer.bytes < bytes || !buffer.memory) {
        buffer.memory.reset();
        buffer.bytes = 0;
        const std::size_t rounded = (bytes / kAlignment + 1) * kAlignment;
        buffer.memory.reset(std::aligned_alloc(kAlignment, rounded));
        if (!buffer.memory) fail("not enough memory for {} bytes of kernel scratch", rounded);
        buffer.bytes = rounded;
    }
    return buffer.memory.get();
}

}  // namespace espalier::kernels
