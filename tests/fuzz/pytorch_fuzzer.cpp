#include "formats/pytorch/pickle.h"
#include "formats/pytorch/pytorch.h"
#include "fuzzer.h"
#include "tensors.h"

// Inputs that are not archives are taken for the pickle in one, which saves the fuzzer from having to keep
// the archive around it intact.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace espalier;
    return fuzz::refuse_or_accept([&] {
        const auto file = SharedBytes::copy_of(fuzz::text_of(data, size));
        if (size > 0 && data[0] != 'P') {
            formats::pytorch::read_pickle(file.bytes, "input");
        } else {
            fuzz::touch(formats::read_pytorch(file, "input").tensors);
        }
    });
}
