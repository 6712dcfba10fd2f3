#include <span>

#include "datasets/image.h"
#include "fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace espalier;
    return fuzz::refuse_or_accept([&] {
        const auto bytes = std::as_bytes(std::span(data, size));
        datasets::with_channels(datasets::decode_image(bytes, "input"), 1);
    });
}
