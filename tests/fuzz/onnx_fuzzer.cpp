#include <vector>

#include "formats/onnx/import.h"
#include "fuzzer.h"
#include "passes/recognize/recognize.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace espalier;
    return fuzz::refuse_or_accept([&] {
        const auto file = SharedBytes::copy_of(fuzz::text_of(data, size));
        // A folder that is not there: external data would make the result depend on the machine.
        const graph::Graph graph = formats::import_onnx(file, "absent/input.onnx", {8, 8});
        graph::verify(graph);
        std::vector<passes::PassRecord> records;
        graph::verify(passes::run_passes(graph, passes::recognition_passes(), records));
    });
}
