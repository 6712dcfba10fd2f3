#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

/// The report as data: what every output (HTML, JSON, CSV, Markdown) is made from. The JSON form is
/// "espalier.report/1", its keys are the field names below; web/src/model.ts is its mirror in TypeScript.
/// What is not known is empty (null in JSON), never 0, and says why in `reason` where there is one.
namespace espalier::report {

inline constexpr const char* kSchema = "espalier.report/1";

using Number = std::optional<double>;
using Count = std::optional<std::int64_t>;
using Text = std::optional<std::string>;

/// How large a difference is, beside its ratio. It describes; findings rest on the tests.
struct Effect {
    /// Cliff's, -1 where every run of the variant is lower than every one of the baseline
    double delta = 0.0;
    double delta_low = 0.0;
    double delta_high = 0.0;
    std::string magnitude;  ///< negligible, small, medium, large
    double a12 = 0.5;       ///< probability that a run of the variant is higher than one of the baseline
    double typical = 1.0;   ///< variant / baseline within a block: Hodges-Lehmann of the logarithms
    double typical_low = 1.0;
    double typical_high = 1.0;
    std::string typical_interval;  ///< how it was made: "BCa"; "percentile" where BCa is not defined
    Number normality_p;            ///< Shapiro-Wilk of the log ratios; empty where it is not defined
    Number equivalence_p;  ///< of "no difference beyond the least effect", after Holm; empty where not tested
};

/// A variant against the baseline of its model: value = variant / baseline, or variant - baseline.
struct Comparison {
    Number value;
    Number low;  ///< 95 % interval of value
    Number high;
    Number p;                            ///< after Holm's correction; empty where no test was made
    Text test;                           ///< name of the test, e.g. "signed-rank, exact"
    std::string finding = "not-tested";  ///< better, worse, no-difference, inconclusive, not-tested
    std::optional<Effect> effect;        ///< of repeated metrics
    /// Standard uncertainty of value by the GUM, what both have of one meter's error left out; of energies
    /// that are measured.
    Number uncertainty;
};

/// How far the mean over blocks may be from the truth, one sigma, in the unit of the metric (GUM): the
/// scatter of the blocks and the budget of the meter in one.
struct Uncertainty {
    double standard = 0.0;
    double repetitions = 0.0;  ///< type A: s / sqrt(n)
    double meter = 0.0;        ///< type B: refresh, resolution, averaging of the meter
    double expanded = 0.0;     ///< covers 95 %
};

/// One number with all that is needed to trust it. Its unit is that of the Metric it is stored under.
struct Measure {
    Number value;
    Number low;
    Number high;
    Text interval;  ///< how low and high were made: bootstrap-95, wilson-95, newcombe-95, factor, range
    Text source;    ///< what the number comes from, e.g. "RAPL package + DRAM"
    Text tier;      ///< A to E, for energy and power only
    Text scope;     ///< for energy and power only, e.g. "package-0, dram-0; gross"
    Text reason;    ///< why the value is unknown or not valid
    std::vector<Number> per_block;  ///< one for each of Model::blocks; empty if not repeated by block
    std::optional<Comparison> comparison;
    /// Of energy and power that are measured, where the meter has a budget
    std::optional<Uncertainty> uncertainty;
};

/// When the cost of making a variant is earned back, in one currency: energy, money, carbon, time or rent.
struct Payback {
    std::string currency;
    std::string unit;  ///< of cost and saving, e.g. "J"
    Number cost;       ///< of making the variant
    Number saving;     ///< per image, against the baseline; negative when the variant costs more
    Number saving_low;
    Number saving_high;
    Number images;  ///< break-even; empty with a reason where it is not shown
    Number images_low;
    Number images_high;
    Text reason;
};

/// Proof that the tactic happened in the variant that was measured.
struct Evidence {
    Count nodes_before;
    Count nodes_after;
    Count parameters;
    Count nonzero_parameters;
    Count weight_bytes;  ///< resident
    Count disk_bytes;
    Count arena_bytes;
    Count macs;  ///< per image
    std::string macs_counted_on = "executed graph";
    std::map<std::string, double> macs_share;  ///< kernel class -> share of macs
    Count effective_macs;
    bool effective_macs_exploited = false;
    std::vector<std::string> kernels;
    std::vector<std::string> passes;
    std::string device;
    std::vector<std::string> notes;
};

struct Variant {
    std::string id;  ///< unique within the model
    std::string label;
    std::string tactic;
    std::string runtime;
    std::string device;
    int batch = 1;    ///< 0: unknown
    int threads = 1;  ///< 0: unknown
    bool baseline = false;
    std::string status = "complete";          ///< complete, partial, failed
    Text reason;                              ///< what went wrong, where something did
    int excluded = 0;                         ///< trials left out of every number, for a cause the plan names
    std::map<std::string, Measure> measures;  ///< by Metric::key
    std::vector<Payback> paybacks;
    std::optional<Evidence> evidence;
};

/// One line of the verdict: a metric before and after.
struct Change {
    std::string metric;  ///< Metric::key
    std::string label;
    std::string unit;
    Number from;
    Number to;
    Number change;            ///< in change_unit
    std::string change_unit;  ///< "%" or "pt" (percentage points)
    Number low;
    Number high;
    Text remark;
};

struct Rejection {
    std::string variant;  ///< Variant::id
    std::string label;
    std::string reason;
};

/// A place among the variants of a model, the baseline among them.
struct Place {
    std::string label;
    int group = 1;  ///< 1 needs least; within a group no difference is shown that is worth a change
};

/// The recommendation for one model. Computed by the lab; this floor only shows it.
struct Verdict {
    std::string decision = "none";  ///< adopt, provisional (accuracy not shown), keep, none
    Text variant;                   ///< Variant::id of what is recommended
    std::string headline;           ///< "Use compile+dynamic-quantization."
    Text because;                   ///< one sentence
    std::vector<Change> changes;
    std::vector<std::string> conditions;
    std::vector<Rejection> rejected;  ///< may not be used: they lose too much, or failed
    std::vector<Rejection> others;    ///< might be used, but were not chosen; best first
    std::vector<std::string> cautions;
    /// Groups of Scott-Knott ESD by the quantity that variants are chosen by, the least first; empty where
    /// too few blocks allow none.
    std::vector<Place> ranking;
    Text happened;             ///< evidence in one line
    Text payback;              ///< "after 41 000 images: optimizing cost 50 kJ"
    Number max_accuracy_drop;  ///< accepted loss of top-1, in percentage points
    std::string tier = "N";
    Text source;
};

/// Whether baseline and variants are all alike in one metric.
struct OmnibusTest {
    std::string metric;      ///< Metric::key
    std::string test;        ///< "Friedman"
    double statistic = 0.0;  ///< chi-squared
    int degrees_of_freedom = 0;
    double p = 1.0;
    int blocks = 0;  ///< that all of them have
};

struct Model {
    std::string name;
    std::string architecture;
    Text origin;
    Text revision;
    Text sha256;
    std::string dataset;
    Count images;
    Count classes;
    std::string input;              ///< e.g. "3 x 224 x 224"
    std::vector<int> blocks;        ///< block numbers behind Measure::per_block
    std::vector<Variant> variants;  ///< the baseline first
    std::vector<OmnibusTest> omnibus;
    Verdict verdict;
};

/// One tactic over several models; the model is the unit.
struct TacticAcross {
    std::string tactic;
    int models = 0;      ///< in which it could be compared
    int saving = 0;      ///< in which a saving is shown
    int admissible = 0;  ///< in which its accuracy does not rule it out
    Number change;       ///< typical change, in per cent
    Number low;          ///< exact interval over models; empty for fewer than 6
    Number high;
};

/// Models of one kind.
struct FamilyAcross {
    std::string family;
    std::vector<std::string> models;
    Text best;  ///< tactic that saves most of those that save and are admissible in all of them
    std::vector<TacticAcross> tactics;
};

/// Which tactic, for which family of models. Computed by the lab.
struct Across {
    std::string quantity;  ///< "energy" or "time"
    std::vector<TacticAcross> tactics;
    std::vector<FamilyAcross> families;
    Text test;  ///< result of the omnibus test over models, or why none was made
};

struct Metric {
    std::string key;
    std::string label;
    std::string unit;
    std::string group;
    Text better;      ///< lower, higher, or neither
    Text comparison;  ///< ratio, difference, or none
    std::string description;
};

struct Fact {
    std::string group;
    std::string name;
    Text value;
    Text note;
};

struct ProtocolStep {
    std::string name;
    std::string description;
    Number seconds;  ///< median over all trials
};

struct Meter {
    std::string name;
    std::string tier;
    std::string source;
    std::string scope;
    Number refresh_ms;
    Text note;
};

struct Method {
    std::string design;
    Count seed;
    int blocks = 0;
    Count images_per_trial;
    std::vector<ProtocolStep> steps;
    std::vector<Meter> meters;
    std::vector<std::string> statistics;
};

struct Study {
    std::string id;
    std::string name;
    std::string question;
    Text started;  ///< ISO 8601, UTC
    Text finished;
    int blocks_planned = 0;
    int blocks_complete = 0;
    int trials_planned = 0;
    int trials_done = 0;
    int trials_failed = 0;
    int trials_excluded = 0;  ///< done, but left out of every number
    std::string machine;
    Text command;  ///< that repeats the study
};

/// A figure somebody gave (price, intensity, PUE); never measured by the study.
struct CostInput {
    std::string name;
    Number value;
    std::string unit;
    Text date;
    std::string source;
};

struct Warning {
    std::string severity = "warning";  ///< warning, note
    std::string text;
    Text remedy;
};

struct Generator {
    std::string name = "espalier";
    std::string version;
    Text commit;
};

struct Report {
    Generator generator;
    std::string created;  ///< ISO 8601, UTC
    Study study;
    std::vector<Fact> environment;
    Method method;
    std::vector<Metric> metrics;
    std::vector<CostInput> inputs;
    std::vector<Model> models;
    std::optional<Across> across;  ///< of two models or more
    std::vector<Warning> warnings;
};

/// "espalier.report/1". Numbers that are not finite become null.
nlohmann::json to_json(const Report& report);

}  // namespace espalier::report
