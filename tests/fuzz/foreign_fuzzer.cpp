#include <algorithm>
#include <cstring>

#include "fuzzer.h"
#include "imports/audit/audit.h"
#include "imports/format.h"
#include "imports/study.h"

namespace espalier {
namespace {

void read(std::string_view text) {
    imports::Table table(
        [text, at = std::size_t{0}](std::span<char> into) mutable {
            const std::size_t count = std::min(into.size(), text.size() - at);
            std::memcpy(into.data(), text.data() + at, count);
            at += count;
            return count;
        },
        "input");
    const auto reader = imports::recognize(table).make({});
    reader->read(table, {});
    if (table.provenance().rows == 0) return;
    auto measurements = reader->finish();
    measurements.files.push_back(table.provenance());
    imports::study_of(measurements, imports::audit(measurements), {}, "");
}

}  // namespace
}  // namespace espalier

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace espalier;
    return fuzz::refuse_or_accept([&] { read(fuzz::text_of(data, size)); });
}
