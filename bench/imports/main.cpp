// Times reading, auditing and importing a synthetic replication table, and tells the memory that it took.
//   bench_imports FILE.csv ROWS      makes the file where it is absent
// Prints seconds of each step, processor time of all and the largest resident size; the store lies beside the
// file.

#include <fmt/core.h>
#include <sys/resource.h>

#include <charconv>
#include <exception>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/error.h"
#include "imports/audit/audit.h"
#include "imports/format.h"
#include "imports/study.h"
#include "imports/testing/replication_file.h"

namespace {

using namespace espalier;

constexpr int kImages = 500;
constexpr int kRuns = 10;

/// As many models as `rows` take, of four tactics.
void make(const std::filesystem::path& file, int rows) {
    imports::testing::ReplicationFile description;
    description.images = kImages;
    description.runs = kRuns;
    description.models = std::max(1, rows / (kImages * kRuns * static_cast<int>(description.tactics.size())));
    std::ofstream out(file, std::ios::binary);
    imports::testing::write(description, out);
    if (!out.flush()) fail("cannot write {}", file.string());
}

rusage usage() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return used;
}

double processor_s(const rusage& used) {
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

void measure(const std::filesystem::path& file) {
    const MonotonicClock clock;
    const double before_s = processor_s(usage());
    const Seconds start = clock.now();
    const auto measurements = imports::read_files({{file, ""}}, {});
    const Seconds read = clock.now();
    const auto artefacts = imports::audit(measurements);
    const Seconds audited = clock.now();
    auto study = imports::study_of(measurements, artefacts, {.again = true}, "");
    store::Database database(file.string() + ".db", store::Access::kWrite);
    imports::write_study(database, study, true);
    const Seconds written = clock.now();
    const rusage used = usage();
    fmt::print(
        "{{\"rows\": {}, \"bytes\": {}, \"read_s\": {:.2f}, \"audit_s\": {:.2f}, \"write_s\": {:.2f}, "
        "\"processor_s\": {:.2f}, \"peak_mib\": {:.0f}, \"artefacts\": {}}}\n",
        measurements.files[0].rows, measurements.files[0].bytes, (read - start).value(),
        (audited - read).value(), (written - audited).value(), processor_s(used) - before_s,
        static_cast<double>(used.ru_maxrss) / 1024.0, artefacts.size());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        int rows = 0;
        const std::string_view count = argc == 3 ? argv[2] : "";
        if (std::from_chars(count.data(), count.data() + count.size(), rows).ec != std::errc()) {
            fmt::print(stderr, "usage: bench_imports FILE.csv ROWS\n");
            return 2;
        }
        if (!std::filesystem::exists(argv[1])) make(argv[1], rows);
        measure(argv[1]);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
