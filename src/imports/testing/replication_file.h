#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"

namespace espalier::imports::testing {

/// A mistake that a synthetic file is made with.
enum class Plant {
    kDuplicateRow,          ///< one row twice
    kContradictoryCorrect,  ///< Correct Prediction turned in one row
    kContradictoryLabel,    ///< another true class for one image in one run
    kNotANumber,            ///< NaN as a time
    kNegativeTime,          ///< a negative time
    kShrunkenInt8,          ///< dynamic quantization, a tenth of the size
    kShrunkenPruned,        ///< local pruning, half the size
    kIdleGpu,               ///< local pruning with utilization 0
    kZeroPower,             ///< global pruning with power 0
    kNegativePower,         ///< global pruning with power -5 W
    kHugePower,             ///< compile with 95 000 W
    kGuessing,              ///< global pruning guesses
    kShortWindow,           ///< windows of compile of a few ms
    kMissingImage,          ///< local pruning lacks one image in one run
    kMissingRun,            ///< compile lacks the last run
    kOneRun,                ///< one run of everything
    kCopiedTime,            ///< the time of the run on each of its rows
    kCopiedRun,             ///< the last run of the baseline is the first
    kQuantizedOnGpu,        ///< dynamic quantization under the condition gpu
};

struct ReplicationFile {
    int models = 2;
    int runs = 10;
    int images = 60;
    int classes = 10;
    std::string condition = "gpu";
    std::vector<std::string> tactics = {"No Optimization", "torch.compile", "local pruning",
                                        "global pruning"};
    std::set<Plant> plants;
    char separator = ',';  ///< with ';' numbers get a decimal comma
    const char* line_end = "\n";
    bool byte_order_mark = false;
};

namespace detail {

/// What one run of one variant is like.
struct Run {
    int model, tactic, number;
    double image_s, power_w, utilization, load, size_mb;
    bool guesses = false;
};

class Writer {
  public:
    Writer(const ReplicationFile& description, std::ostream& out) : d_(description), out_(out), random_(11) {}

    void write() {
        if (d_.byte_order_mark) out_ << "\xef\xbb\xbf";
        heading();
        const int runs = planted(Plant::kOneRun) ? 1 : d_.runs;
        for (int number = 0; number < runs; ++number) {
            for (int model = 0; model < d_.models; ++model) {
                for (int tactic = 0; tactic < static_cast<int>(d_.tactics.size()); ++tactic)
                    one_run(model, tactic, number, runs);
            }
        }
    }

  private:
    bool planted(Plant plant) const { return d_.plants.contains(plant); }
    bool is(int tactic, const char* name) const {
        return d_.tactics[static_cast<std::size_t>(tactic)].find(name) != std::string::npos;
    }

    void heading() {
        const char* columns[] = {"Experiment",
                                 "Optimization",
                                 "Model",
                                 "Datasets",
                                 "Image ID",
                                 "y_pred",
                                 "y_true",
                                 "Correct Prediction",
                                 "Total Time",
                                 "Model Size",
                                 "avg_utilization_gpu",
                                 "avg_power_draw",
                                 "avg_load"};
        std::string line;
        for (const char* column : columns)
            line += (line.empty() ? "" : std::string(1, d_.separator)) + column;
        out_ << line << d_.line_end;
    }

    std::string number(double value, int digits) const {
        std::string text = fmt::format("{:.{}f}", value, digits);
        if (d_.separator != ',') std::replace(text.begin(), text.end(), '.', ',');
        return text;
    }

    Run describe(int model, int tactic, int number) {
        const double factor = is(tactic, "compile") ? 0.8 : is(tactic, "quantization") ? 0.6 : 1.0;
        Run run{model,
                tactic,
                number,
                0.05 * factor * (1.0 + 0.01 * random_.normal()),
                180.0 + 2.0 * random_.normal(),
                60.0 + random_.uniform(),
                300.0 + random_.uniform(),
                346.0 + model};
        if (is(tactic, "quantization")) run.size_mb /= planted(Plant::kShrunkenInt8) ? 10.0 : 3.9;
        if (is(tactic, "local") && planted(Plant::kShrunkenPruned)) run.size_mb /= 2.0;
        if (is(tactic, "local") && planted(Plant::kIdleGpu)) run.utilization = 0.0;
        if (is(tactic, "global") && planted(Plant::kZeroPower)) run.power_w = 0.0;
        if (is(tactic, "global") && planted(Plant::kNegativePower)) run.power_w = -5.0;
        if (is(tactic, "compile") && planted(Plant::kHugePower)) run.power_w = 95e3;
        if (is(tactic, "compile") && planted(Plant::kShortWindow)) run.image_s = 1e-4;
        run.guesses = is(tactic, "global") && planted(Plant::kGuessing);
        return run;
    }

    void one_run(int model, int tactic, int number, int runs) {
        const bool last = number == runs - 1 && number > 0;
        if (last && planted(Plant::kMissingRun) && is(tactic, "compile")) return;
        if (last && planted(Plant::kCopiedRun) && tactic == 0 && model == 0) {
            for (auto row : first_run_) {
                row.replace(0, row.find(d_.separator), experiment(number));
                out_ << row;
            }
            return;
        }
        const Run run = describe(model, tactic, number);
        const bool once = model == 0 && number == runs / 2;
        const double whole_s = run.image_s * d_.images;
        for (int image = 0; image < d_.images; ++image) {
            if (once && image == 3 && is(tactic, "local") && planted(Plant::kMissingImage)) continue;
            const std::string row = row_of(run, image, whole_s, once && image == 5 && tactic == 0);
            out_ << row;
            if (model == 0 && tactic == 0 && number == 0) first_run_.push_back(row);
            if (once && image == 7 && tactic == 0 && planted(Plant::kDuplicateRow)) out_ << row;
        }
    }

    std::string experiment(int number) const { return fmt::format("{}_{}", d_.condition, number + 1); }

    std::string time_of(const Run& run, double whole_s, bool plant_here) {
        if (plant_here && planted(Plant::kNotANumber)) return "NaN";
        const double seconds = run.image_s * (1.0 + 0.1 * random_.normal());
        if (plant_here && planted(Plant::kNegativeTime)) return number(-seconds, 9);
        return number(planted(Plant::kCopiedTime) ? whole_s : seconds, 9);
    }

    std::string row_of(const Run& run, int image, double whole_s, bool plant_here) {
        // Every variant of a model is wrong on the same images, so that nothing is lost.
        const int label = image % d_.classes;
        const bool right = run.guesses ? image % d_.classes == 0 && image % 2 == 0 : image % 10 != 9;
        const int predicted = right ? label : (label + 1) % d_.classes;
        const bool other = plant_here && run.number > 0 && planted(Plant::kContradictoryLabel);
        const bool turned = plant_here && planted(Plant::kContradictoryCorrect);
        const int shown = other ? (label + 2) % d_.classes : label;
        const bool correct = (predicted == shown) != turned;
        std::string row = experiment(run.number);
        for (const std::string& field :
             {d_.tactics[static_cast<std::size_t>(run.tactic)], fmt::format("model-{}", run.model),
              std::string("imagenet-v2"), fmt::format("image_{:05}.jpg", image),
              fmt::format("class {}", predicted), fmt::format("class {}", shown),
              std::string(correct ? "True" : "False"), time_of(run, whole_s, plant_here),
              number(run.size_mb, 3), number(run.utilization, 6), number(run.power_w, 6),
              number(run.load, 4)}) {
            row += d_.separator + field;
        }
        return row + d_.line_end;
    }

    const ReplicationFile& d_;
    std::ostream& out_;
    Random random_;
    std::vector<std::string> first_run_;
};

}  // namespace detail

/// Writes a file as the study's table is: rows of images, in the order of runs. The same description gives
/// the same file on every machine. Without plants it holds no artefact; a plant is put once, or into all runs
/// of its variant.
inline void write(const ReplicationFile& description, std::ostream& out) {
    detail::Writer(description, out).write();
}

/// The same as text.
inline std::string text_of(const ReplicationFile& description) {
    std::ostringstream out;
    write(description, out);
    return out.str();
}

}  // namespace espalier::imports::testing
