#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "imports/format.h"
#include "imports/kinds.h"
#include "imports/replication_parts.h"

/// The table of the study "Impact of ML Optimization Tactics on Greener Pre-Trained ML Models": one row for
/// each image of each run. Figures of the whole run (power, utilization, size) stand on each of its rows.
namespace espalier::imports {
namespace {

constexpr std::array<std::string_view, 5> kColumns = {"Experiment", "Optimization", "Model", "Image ID",
                                                      "Total Time"};

/// NVML renews its power reading about so often.
constexpr double kPowerRefreshS = 0.1;

/// 30 years: no image takes longer, whatever the unit was meant to be.
constexpr double kMostSeconds = 1e9;

/// One image of a run, as far as accuracy is concerned.
struct Seen {
    std::int32_t image;
    std::int32_t predicted;  ///< index of the class, or whether it was right where classes are not told
    bool stated;             ///< what the column Correct Prediction says
};

/// Everything of one run that rows add to.
struct Run {
    std::size_t variant = 0;
    int experiment = 0;
    std::uint32_t pass = 0;  ///< how often its images had come before under the same experiment
    std::string file;
    std::int64_t first_line = 0;
    std::int64_t last_line = 0;
    std::int64_t rows = 0;
    RunFigure time, power, utilization, load;
    double energy_j = 0.0;
    std::vector<float> latency_s;
    std::uint64_t image_set = 0;
    std::uint64_t predictions = 0;
    bool keeps_images = false;
    std::vector<Seen> images;
};

struct VariantRows {
    Variant variant;
    std::string condition;
    std::size_t images_run = 0;  ///< the run whose predictions are kept
    bool has_images_run = false;
};

class ReplicationReader final : public Reader {
  public:
    void read(Table& table, const Source& source) override;
    Measurements finish() override;

  private:
    struct Columns {
        std::size_t experiment, optimization, model, image, time;
        std::optional<std::size_t> data, predicted, truth, correct, size, utilization, power, load;
    };

    static Columns look_up(const Table& table);
    void read_row(const Table& table, const Columns& columns);
    std::size_t variant_of(const Table& table, const Columns& columns, const Experiment& experiment);
    std::size_t run_of(const Table& table, std::size_t variant, int experiment, std::int32_t image);
    std::optional<double> checked(const Table& table, const std::optional<std::size_t>& column, double least,
                                  double most);
    void add_prediction(const Table& table, const Columns& columns, Run& run, std::int32_t image);
    std::optional<bool> read_correct(const Table& table, const Columns& columns);

    Repetition repetition_of(const Run& run, int number) const;
    void name_models(std::vector<Variant>& variants) const;
    std::string device_of(const std::string& condition) const;
    void add_predictions(Measurements& into);
    store::PredictionRecord record_of(const Run& run, const std::vector<std::int32_t>& images) const;
    void add_notes(Measurements& into) const;

    std::vector<VariantRows> variants_;
    std::unordered_map<std::string, std::size_t> variant_indices_;
    std::vector<Run> runs_;
    std::map<std::tuple<std::size_t, int, std::uint32_t>, std::size_t> run_indices_;
    std::unordered_map<std::uint64_t, std::uint32_t> passes_;  ///< by scattered group and image
    std::unordered_set<std::uint64_t> rows_;
    std::unordered_map<std::string, Experiment> experiments_;
    Dictionary images_, classes_, data_;
    std::vector<std::int32_t> labels_;  ///< true class of each image, -1 unknown
    RowFindings findings_;
    std::string key_;
    bool has_classes_ = false;
    bool has_load_ = false;
    bool has_power_ = false;
    std::int64_t equal_texts_ = 0;   ///< rows whose y_pred equals y_true
    std::int64_t stated_right_ = 0;  ///< rows that Correct Prediction calls right
};

ReplicationReader::Columns ReplicationReader::look_up(const Table& table) {
    return {table.need("Experiment"),
            table.need("Optimization"),
            table.need("Model"),
            table.need("Image ID"),
            table.need("Total Time"),
            table.find("Datasets"),
            table.find("y_pred"),
            table.find("y_true"),
            table.find("Correct Prediction"),
            table.find("Model Size"),
            table.find("avg_utilization_gpu"),
            table.find("avg_power_draw"),
            table.find("avg_load")};
}

void ReplicationReader::read(Table& table, const Source&) {
    const Columns columns = look_up(table);
    const bool has_classes = columns.predicted && columns.truth;
    if (!runs_.empty() && has_classes != has_classes_) {
        fail_usage(
            "{} line 1: y_pred and y_true are in one of the files and not in the other; import them apart",
            table.file());
    }
    has_classes_ = has_classes;
    has_load_ = has_load_ || columns.load;
    has_power_ = has_power_ || columns.power;
    while (table.next()) {
        if (rows_.insert(table.hash()).second) {
            read_row(table, columns);
        } else {
            findings_.add(kind::kDuplicateRows, table.file(), table.line());
        }
    }
}

void ReplicationReader::read_row(const Table& table, const Columns& columns) {
    key_.assign(table.text(columns.experiment));
    auto known = experiments_.find(key_);
    if (known == experiments_.end()) known = experiments_.emplace(key_, parse_experiment(key_)).first;
    const std::size_t variant = variant_of(table, columns, known->second);
    key_.assign(table.text(columns.image));
    if (key_.empty()) fail_usage("{}: the column \"Image ID\" is empty", table.where());
    if (columns.data) key_.insert(0, std::string(table.text(*columns.data)) + "/");
    const std::int32_t image = images_.index(key_);
    Run& run = runs_[run_of(table, variant, known->second.number, image)];
    const double no_limit = std::numeric_limits<double>::max();
    const auto time = checked(table, columns.time, std::numeric_limits<double>::min(), kMostSeconds);
    const auto power = checked(table, columns.power, -no_limit, no_limit);
    run.time.add(time);
    run.power.add(power);
    run.utilization.add(checked(table, columns.utilization, 0.0, 100.0));
    run.load.add(checked(table, columns.load, -no_limit, no_limit));
    if (time) run.latency_s.push_back(static_cast<float>(*time));
    if (time && power) run.energy_j += *time * *power;
    run.last_line = table.line();
    ++run.rows;
    run.image_set += scatter(static_cast<std::uint64_t>(image));
    auto& size = variants_[variant].variant.size;
    if (!size) size = checked(table, columns.size, std::numeric_limits<double>::min(), no_limit);
    add_prediction(table, columns, run, image);
}

/// The number, or nothing where it is a gap or cannot be; the latter is a find.
std::optional<double> ReplicationReader::checked(const Table& table, const std::optional<std::size_t>& column,
                                                 double least, double most) {
    const auto value = table.number(column);
    if (!value) return std::nullopt;
    if (std::isfinite(*value) && *value >= least && *value <= most) return value;
    findings_.add(kind::kImpossibleValue, table.file(), table.line(),
                  findings_.first(kind::kImpossibleValue, table.file())
                      ? fmt::format("{} {}", table.columns()[*column], table.text(*column))
                      : "");
    return std::nullopt;
}

std::size_t ReplicationReader::variant_of(const Table& table, const Columns& columns,
                                          const Experiment& experiment) {
    key_.assign(experiment.condition).append(1, '\x1f').append(table.text(columns.model));
    key_.append(1, '\x1f').append(table.text(columns.optimization));
    const auto [found, added] = variant_indices_.try_emplace(key_, variants_.size());
    if (added) {
        VariantRows rows;
        rows.variant.model = table.text(columns.model);
        rows.variant.tactic = tactic_name(table.text(columns.optimization));
        if (rows.variant.model.empty()) fail_usage("{}: the column \"Model\" is empty", table.where());
        if (rows.variant.tactic.empty())
            fail_usage("{}: the column \"Optimization\" is empty", table.where());
        rows.condition = experiment.condition;
        variants_.push_back(std::move(rows));
        if (columns.data) data_.index(table.text(*columns.data));
    }
    return found->second;
}

/// The run to which a row belongs: each time an image comes again under the same variant and experiment, it
/// is another one.
std::size_t ReplicationReader::run_of(const Table& table, std::size_t variant, int experiment,
                                      std::int32_t image) {
    const auto group = scatter(scatter(variant) ^ static_cast<std::uint64_t>(experiment));
    const std::uint32_t pass = passes_[scatter(group ^ scatter(static_cast<std::uint64_t>(image)))]++;
    const auto [found, added] = run_indices_.try_emplace(std::tuple(variant, experiment, pass), runs_.size());
    if (added) {
        Run run;
        run.variant = variant;
        run.experiment = experiment;
        run.pass = pass;
        run.file = table.file();
        run.first_line = table.line();
        run.keeps_images = !variants_[variant].has_images_run;
        if (run.keeps_images) {
            variants_[variant].images_run = runs_.size();
            variants_[variant].has_images_run = true;
        }
        runs_.push_back(std::move(run));
    }
    return found->second;
}

std::optional<bool> ReplicationReader::read_correct(const Table& table, const Columns& columns) {
    if (!columns.correct) return std::nullopt;
    const std::string text = lower(table.text(*columns.correct));
    if (text == "true" || text == "1" || text == "1.0" || text == "yes") return true;
    if (text == "false" || text == "0" || text == "0.0" || text == "no") return false;
    if (!text.empty())
        fail_usage("{}: column \"Correct Prediction\" holds \"{}\"; expected is True or False", table.where(),
                   text.substr(0, 40));
    return std::nullopt;
}

void ReplicationReader::add_prediction(const Table& table, const Columns& columns, Run& run,
                                       std::int32_t image) {
    const auto stated = read_correct(table, columns);
    stated_right_ += stated.value_or(false) ? 1 : 0;
    if (!has_classes_) {
        if (!stated) return;
        run.predictions += scatter(scatter(static_cast<std::uint64_t>(image)) + (*stated ? 1 : 0));
        if (run.keeps_images) run.images.push_back({image, *stated ? 1 : 0, *stated});
        return;
    }
    const auto predicted_text = table.text(*columns.predicted);
    const auto truth_text = table.text(*columns.truth);
    if (predicted_text.empty() || truth_text.empty()) return;
    const std::int32_t predicted = classes_.index(predicted_text);
    const std::int32_t truth = classes_.index(truth_text);
    equal_texts_ += predicted == truth ? 1 : 0;
    if (labels_.size() <= static_cast<std::size_t>(image))
        labels_.resize(static_cast<std::size_t>(image) + 1, -1);
    auto& label = labels_[static_cast<std::size_t>(image)];
    if (label >= 0 && label != truth) {
        findings_.add(kind::kContradictoryLabel, table.file(), table.line(),
                      fmt::format("image {} is {} and was {}", table.text(columns.image), truth_text,
                                  classes_.text(label)));
    }
    if (label < 0) label = truth;
    if (stated && *stated != (predicted == truth)) {
        findings_.add(kind::kContradictoryCorrect, table.file(), table.line(),
                      fmt::format("predicted {}, true {}, called {}", predicted_text, truth_text,
                                  *stated ? "right" : "wrong"));
    }
    run.predictions +=
        scatter(scatter(static_cast<std::uint64_t>(image)) ^ static_cast<std::uint64_t>(predicted));
    if (run.keeps_images) run.images.push_back({image, predicted, stated.value_or(predicted == truth)});
}

Repetition ReplicationReader::repetition_of(const Run& run, int number) const {
    Repetition repetition;
    repetition.variant = run.variant;
    repetition.number = number;
    repetition.where = fmt::format("{} lines {} to {}", run.file, run.first_line, run.last_line);
    repetition.images = run.rows;
    repetition.image_set = run.image_set;
    repetition.predictions = run.predictions;
    repetition.utilization_percent = run.utilization.mean();
    repetition.copied_time = run.time.count > 1 && run.time.least == run.time.most;
    if (repetition.copied_time) {
        repetition.duration_s = run.time.least;
    } else if (run.time.count > 0) {
        repetition.duration_s = run.time.sum;
        repetition.latency_s = run.latency_s;
    }
    if (const auto power = run.power.mean()) {
        Energy energy;
        energy.record = {
            .meter = "nvidia-smi", .zone = "gpu", .tier = "C", .scope = "GPU board", .device = "gpu"};
        if (*power <= 0.0) {
            energy.record.problem = fmt::format("avg_power_draw is {} W", *power);
            energy.refused = power;
        } else if (repetition.duration_s) {
            energy.record.joules = repetition.copied_time ? *power * *repetition.duration_s : run.energy_j;
        } else {
            energy.record.problem = "the time is not told";
        }
        energy.refresh_s = kPowerRefreshS;
        repetition.energies.push_back(std::move(energy));
    }
    if (const auto utilization = run.utilization.mean())
        repetition.readings.push_back({"GPU utilization", "%", utilization});
    if (const auto load = run.load.mean()) repetition.readings.push_back({"avg_load", "unknown", load});
    if (const auto& size = variants_[run.variant].variant.size)
        repetition.readings.push_back({"model size", "unknown", size});
    return repetition;
}

/// What executed the models under a condition: what its name says, else the GPU where any run kept it busy.
std::string ReplicationReader::device_of(const std::string& condition) const {
    const auto says = [&](const char* word) { return condition.find(word) != std::string::npos; };
    if (says("gpu") || says("cuda")) return "gpu";
    if (says("cpu")) return "cpu";
    for (const auto& run : runs_) {
        if (variants_[run.variant].condition == condition && run.utilization.count > 0 &&
            run.utilization.most > 0.0)
            return "gpu";
    }
    return "unknown";
}

/// A model under two conditions is two models: their runs are not to be compared as tactics.
void ReplicationReader::name_models(std::vector<Variant>& variants) const {
    std::map<std::string, std::set<std::string>> conditions;
    for (const auto& rows : variants_) conditions[rows.variant.model].insert(rows.condition);
    std::map<std::string, std::string> devices;
    for (const auto& rows : variants_) {
        Variant variant = rows.variant;
        const auto [device, added] = devices.try_emplace(rows.condition);
        if (added) device->second = device_of(rows.condition);
        variant.device = device->second;
        variant.classes = has_classes_ ? classes_.size() : 0;
        if (conditions[variant.model].size() > 1)
            variant.model += fmt::format(" ({})", rows.condition.empty() ? "no condition" : rows.condition);
        variants.push_back(std::move(variant));
    }
}

store::PredictionRecord ReplicationReader::record_of(const Run& run,
                                                     const std::vector<std::int32_t>& images) const {
    // Where no text of y_pred ever equals one of y_true, they are written differently and cannot be compared.
    const bool by_statement = !has_classes_ || (equal_texts_ == 0 && stated_right_ > 0);
    store::PredictionRecord record;
    auto seen = run.images.begin();
    for (const auto image : images) {
        while (seen->image != image) ++seen;
        const auto label = has_classes_ ? labels_[static_cast<std::size_t>(image)] : 1;
        const bool right = by_statement ? seen->stated : seen->predicted == label;
        record.labels.push_back(label);
        record.predicted.push_back(seen->predicted);
        record.ranks.push_back(right ? 0 : store::PredictionRecord::kUnknownRank);
    }
    return record;
}

/// Predictions of the first run of each variant, on the images that all variants of its model have.
void ReplicationReader::add_predictions(Measurements& into) {
    std::map<std::string, std::vector<std::size_t>> models;
    for (std::size_t i = 0; i < into.variants.size(); ++i) models[into.variants[i].model].push_back(i);
    for (const auto& [model, members] : models) {
        std::vector<std::int32_t> common;
        std::size_t most = 0;
        for (const std::size_t member : members) {
            auto& seen = runs_[variants_[member].images_run].images;
            std::sort(seen.begin(), seen.end(),
                      [](const Seen& a, const Seen& b) { return a.image < b.image; });
            std::vector<std::int32_t> own, both;
            for (const auto& one : seen) own.push_back(one.image);
            most = std::max(most, own.size());
            std::set_intersection(own.begin(), own.end(), common.begin(), common.end(),
                                  std::back_inserter(both));
            common = member == members.front() ? own : both;
        }
        if (common.size() < most) {
            into.notes.push_back(
                fmt::format("accuracy of {} is compared on the {} of {} images that all its variants have",
                            model, common.size(), most));
        }
        if (common.empty()) continue;
        for (const std::size_t member : members)
            into.variants[member].prediction = record_of(runs_[variants_[member].images_run], common);
    }
}

void ReplicationReader::add_notes(Measurements& into) const {
    if (has_power_) {
        into.notes.emplace_back(
            "energy is avg_power_draw (nvidia-smi, GPU board) times Total Time, tier C; how often power was "
            "sampled, and whether over the same window, is not in the file");
    }
    into.notes.emplace_back(
        "Total Time is taken in seconds and avg_power_draw in watts, as the study writes them; the heading "
        "states no unit");
    if (has_load_) {
        into.notes.emplace_back(
            "avg_load is kept as a reading of unknown unit: the file does not say which instrument it is of, "
            "so it is no energy");
    }
    const bool sized = std::any_of(variants_.begin(), variants_.end(),
                                   [](const auto& rows) { return rows.variant.size.has_value(); });
    if (sized)
        into.notes.emplace_back(
            "Model Size has no unit: it is compared between variants only, and is no evidence of a tactic");
    if (has_classes_ && equal_texts_ == 0 && stated_right_ > 0) {
        into.notes.emplace_back(
            "y_pred and y_true are written differently, so accuracy is what Correct Prediction says");
    }
    const bool device_unknown = std::any_of(into.variants.begin(), into.variants.end(),
                                            [](const auto& variant) { return variant.device == "unknown"; });
    if (device_unknown && has_power_)
        into.notes.emplace_back(
            "what executed the models is not told, so the energy of the GPU is shown and not compared");
}

Measurements ReplicationReader::finish() {
    Measurements result;
    result.rows_are_images = true;
    name_models(result.variants);
    std::map<std::pair<int, std::uint32_t>, int> numbers;
    for (const auto& run : runs_) numbers[{run.experiment, run.pass}] = 0;
    int next = 0;
    for (auto& [key, number] : numbers) number = next++;
    for (auto& run : runs_) {
        result.repetitions.push_back(repetition_of(run, numbers.at({run.experiment, run.pass})));
        run.latency_s = {};
    }
    add_predictions(result);
    if (data_.size() == 1) result.data = data_.text(0);
    if (data_.size() > 1) result.data = fmt::format("{} data sets", data_.size());
    for (std::int32_t i = 0; i < images_.size(); ++i) {
        const std::string& name = images_.text(i);
        result.images.push_back(data_.size() == 1 ? name.substr(data_.text(0).size() + 1) : name);
    }
    add_notes(result);
    result.found = findings_.artefacts();
    return result;
}

}  // namespace

const Format kReplication = {
    "replication", "the study's table: one row for each image of each run", kColumns,
    [](const ReadOptions&) -> std::unique_ptr<Reader> { return std::make_unique<ReplicationReader>(); }};

}  // namespace espalier::imports
