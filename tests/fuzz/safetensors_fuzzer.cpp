#include "formats/safetensors/safetensors.h"

#include "fuzzer.h"
#include "tensors.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace espalier;
    return fuzz::refuse_or_accept([&] {
        const auto file = SharedBytes::copy_of(fuzz::text_of(data, size));
        fuzz::touch(formats::read_safetensors(file, "input").tensors);
    });
}
