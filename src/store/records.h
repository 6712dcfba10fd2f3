#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace espalier::store {

/// Row identifier inside one store; 0 before the row is written.
using Id = std::int64_t;

enum class TrialState { kPlanned, kRunning, kDone, kFailed };

/// 'planned', 'running', 'done', 'failed'.
std::string name(TrialState state);
/// Inverse of name(). Throws Error for another word.
TrialState parse_trial_state(const std::string& text);

/// Energy of one zone of one meter over one phase.
struct EnergyRecord {
    std::string meter;
    std::string zone;
    std::optional<double> joules;  ///< unset: a gap, with `problem` saying why
    std::string tier;              ///< "A".."E"
    std::string scope;             ///< what the zone covers
    bool in_total = true;          ///< false for zones contained in another one; those are never added
    double factor_low = 1.0;       ///< the true value lies in joules * [factor_low, factor_high]
    double factor_high = 1.0;
    std::string problem;
    std::string device = "cpu";  ///< what draws it: "cpu", "gpu", "module" (both in one) or "machine"
};

/// Any other quantity of a phase.
struct ReadingRecord {
    std::string name;
    std::string unit;
    std::optional<double> value;
};

/// One step of the protocol inside a trial, on the trial's monotonic clock.
struct PhaseRecord {
    /// "idle", "load", "optimize", "warm-up", "measure", "accuracy", "unload", "idle-after"
    std::string name;
    double start_s = 0.0;
    double end_s = 0.0;
    std::int64_t calls = 0;
    std::int64_t images = 0;
    std::optional<double> cpu_s;   ///< processor time of the trial's process, all threads
    std::vector<float> latency_s;  ///< one per call, in order; empty where calls are not timed one by one
    std::vector<EnergyRecord> energies;
    std::vector<ReadingRecord> readings;

    double duration_s() const { return end_s - start_s; }
};

/// A series over time: power, utilization, temperature. NaN marks a gap.
struct TraceRecord {
    std::string meter;
    std::string zone;
    std::string unit;
    std::vector<double> times_s;
    std::vector<double> samples;
};

/// Per-image outcome of a variant; all arrays have one entry per image, in the data set's order.
struct PredictionRecord {
    std::vector<std::int32_t> labels;     ///< true class
    std::vector<std::int32_t> predicted;  ///< class with the largest logit
    /// Place of the true class among the logits, 0 = largest; kUnknownRank where only the first place is
    /// known.
    std::vector<std::int32_t> ranks;

    /// Of an image that was classified wrongly by somebody who recorded no more than that.
    static constexpr std::int32_t kUnknownRank = -1;
    /// Whether ranks tell who is among the first `places`.
    bool tells(int places) const {
        return places <= 1 || std::find(ranks.begin(), ranks.end(), kUnknownRank) == ranks.end();
    }
};

struct AttemptRecord {
    int number = 0;
    std::string started_at;
    std::string ended_at;  ///< empty while it runs, or when the runner was killed
    std::string outcome;   ///< "done", "failed", "crashed", "timed out", "interrupted"; empty as above
    std::string detail;
};

/// One cell of the design and everything measured in it.
struct TrialRecord {
    Id id = 0;
    Id variant_id = 0;
    int block = 0;
    int position = 0;
    TrialState state = TrialState::kPlanned;
    std::string started_at;
    std::string ended_at;
    std::string error;  ///< why it failed; empty otherwise
    std::string predictions_sha256;
    std::string evidence;     ///< JSON, empty before the trial is done
    std::string environment;  ///< JSON, empty before the trial is done
    std::vector<AttemptRecord> attempts;
    std::vector<PhaseRecord> phases;
    std::vector<TraceRecord> traces;
};

struct ModelRecord {
    Id id = 0;
    std::string name;
    std::string path;
    std::string architecture;
    std::string sha256;
    int classes = 0;
    std::string info;  ///< JSON: labels, input shape, preprocessing
};

struct VariantRecord {
    Id id = 0;
    Id model_id = 0;
    std::string tactic;
    std::string runtime;
    std::string device = "cpu";
    int batch = 1;    ///< 0: unknown, which only an imported study's may be
    int threads = 1;  ///< 0: unknown, as above
    bool is_baseline = false;
    std::optional<PredictionRecord> prediction;  ///< unset until a trial of the variant is done
};

struct DatasetRecord {
    std::string path;
    std::string kind;
    std::string sha256;
    std::int64_t images = 0;
    std::vector<std::string> names;  ///< one per image
};

/// Something a reader of the results must know. trial_id 0: it concerns the whole study.
struct NoteRecord {
    Id trial_id = 0;
    std::string code;
    std::string text;
    std::string created_at;
};

/// One run of the control workload: the same work each time, so that what it shows is the machine.
struct ControlRecord {
    std::int64_t after_trials = 0;  ///< trials of the study that were done before
    std::string made_at;
    double time_s = 0.0;             ///< median of its calls
    std::optional<double> energy_j;  ///< per call, of the best meter of tier A to D
    std::optional<double> power_w;
    std::string meter;  ///< of the energy; empty where there is none
    std::string tier;
    std::string scope;
};

/// Trials by state.
struct Progress {
    std::int64_t planned = 0;
    std::int64_t running = 0;
    std::int64_t done = 0;
    std::int64_t failed = 0;
    std::int64_t total() const { return planned + running + done + failed; }
};

/// A file that a study was read from.
struct ImportedFile {
    std::string path;
    std::string sha256;
    std::int64_t bytes = 0;
    std::int64_t rows = 0;  ///< records below the heading
};

/// Where a study that was made elsewhere comes from.
struct ImportRecord {
    std::string name;    ///< for people
    std::string format;  ///< of the files, e.g. "replication"
    std::vector<ImportedFile> files;
};

/// One line of `list`.
struct StudySummary {
    Id id = 0;
    std::string key;
    std::string created_at;
    std::vector<std::string> models;
    std::vector<std::string> tactics;
    std::int64_t images = 0;
    int blocks = 0;
    Progress progress;
    std::string imported;  ///< name of an imported study; empty for one that was measured here
};

/// A whole study, as far as it has come. Models, variants and trials are in the order of the plan and design.
struct StudyRecord {
    Id id = 0;
    std::string key;        ///< names the study on screen; any unambiguous beginning of it finds it
    std::string plan_hash;  ///< SHA-256 of `plan`
    int repeat = 0;         ///< 0, 1, ...: the same plan carried out anew
    std::string plan;       ///< resolved plan, JSON
    std::int64_t seed = 0;
    int blocks = 0;
    std::string tool_version;
    std::string created_at;
    std::string environment;  ///< JSON
    DatasetRecord dataset;
    std::vector<ModelRecord> models;
    std::vector<VariantRecord> variants;
    std::vector<TrialRecord> trials;
    std::vector<NoteRecord> notes;
    std::vector<ControlRecord> controls;  ///< in the order they were made
    std::string verdict;  ///< JSON espalier.verdict/1 as last computed; empty where there is none
    std::optional<ImportRecord> imported;  ///< set where it was made elsewhere and has nothing to be run
};

}  // namespace espalier::store
