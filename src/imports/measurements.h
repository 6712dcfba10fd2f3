#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imports/artefact.h"
#include "store/records.h"

namespace espalier::imports {

/// Energy of one zone over one repetition, with what the file tells beside it.
struct Energy {
    store::EnergyRecord record;
    std::optional<double> power_w;  ///< stated beside the energy, not what the energy was made from
    /// What the file gives as energy (J) or power (W) and is none: 0 or negative
    std::optional<double> refused;
    std::optional<double> refresh_s;  ///< of the sensor, where it is known
    std::optional<double> limit_w;    ///< of the device, as the file states it
};

/// One run of one variant: the unit of statistics.
struct Repetition {
    std::size_t variant = 0;  ///< index into Measurements::variants
    int number = 0;           ///< block; the same number pairs the variants of a model
    std::string where;        ///< file and lines, or trial
    std::int64_t images = 0;  ///< 0: not told
    std::optional<double> duration_s;
    std::vector<float> latency_s;  ///< of each call, in the file's order
    std::vector<Energy> energies;
    std::optional<double> utilization_percent;  ///< of the GPU
    std::vector<store::ReadingRecord> readings;
    std::uint64_t image_set = 0;    ///< equal for equal sets of images; 0: not told
    std::uint64_t predictions = 0;  ///< equal for equal predictions; 0: not told
    bool copied_time = false;       ///< one time stands on all rows
};

struct Variant {
    std::string model;
    std::string tactic;               ///< ours where it has one of our names, else as the file calls it
    std::string runtime = "unknown";  ///< what executed it
    std::string device = "unknown";   ///< "cpu", "gpu"
    int batch = 0;                    ///< 0: not told
    int threads = 0;
    std::optional<double> size;  ///< of the stored model, in the file's unit
    std::optional<store::PredictionRecord> prediction;
    int classes = 0;  ///< that occur; 0: not told
};

/// What foreign files, or a study in a store, say: all that is audited and imported.
struct Measurements {
    std::string format;
    std::vector<store::ImportedFile> files;
    std::vector<Variant> variants;
    std::vector<Repetition> repetitions;
    std::string data = "unknown";     ///< the images, as the file calls them
    std::vector<std::string> images;  ///< their names; empty: not told
    bool rows_are_images = false;
    std::string environment = "{}";  ///< JSON, keys as lab::describe_machine() writes them
    std::vector<std::string> notes;  ///< what could not be mapped, and how the rest was
    std::vector<Artefact> found;     ///< while reading
};

/// "resnet-50 compile": how artefacts name a variant.
inline std::string title(const Variant& variant) { return variant.model + " " + variant.tactic; }

}  // namespace espalier::imports
