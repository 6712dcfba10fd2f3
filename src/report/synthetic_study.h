#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "store/records.h"

namespace espalier::report::testing {

/// A study as the store would return it: one model of 20 classes, tactics baseline, compile (half the time
/// and energy, same predictions) and local-pruning:0.5 (no saving, three of 100 images lost), ten blocks. The
/// drift over the blocks is common to all variants. Numbers are chosen so that expectations can be written by
/// hand.
inline store::PhaseRecord phase(const std::string& name, double start, double end) {
    store::PhaseRecord record;
    record.name = name;
    record.start_s = start;
    record.end_s = end;
    return record;
}

inline void add_energy(store::PhaseRecord& record, double joules, const std::string& tier) {
    store::EnergyRecord energy;
    energy.meter = tier == "E" ? "estimate" : "powercap";
    energy.zone = "package-0";
    energy.joules = joules;
    energy.tier = tier;
    energy.scope = "CPU package 0";
    if (tier == "E") {
        energy.factor_low = 0.4;
        energy.factor_high = 1.6;
    } else {
        record.readings.push_back({"powercap standard uncertainty", "J", 0.004 * joules});
    }
    record.energies.push_back(energy);
}

/// 100 images in calls of one, `ms` each (one slow call of twice that), `watts` throughout.
inline store::TrialRecord trial(store::Id id, store::Id variant, int block, double ms, double watts,
                                const std::string& tier) {
    store::TrialRecord record;
    record.id = id;
    record.variant_id = variant;
    record.block = block;
    record.state = store::TrialState::kDone;
    record.ended_at = "2026-11-23T10:00:00Z";
    auto optimize = phase("optimize", 0.0, variant == 1 ? 0.1 : 0.5);
    add_energy(optimize, optimize.duration_s() * watts, tier);
    auto measure = phase("measure", 1.0, 1.0 + ms * 0.101);
    measure.images = measure.calls = 100;
    measure.cpu_s = measure.duration_s() * 2.0;
    measure.latency_s.assign(100, static_cast<float>(ms * 1e-3));
    measure.latency_s[7] *= 2.0F;
    measure.readings.push_back({"memory peak", "B", 60e6});
    measure.readings.push_back({"sampler cpu time", "s", 0.001 * measure.duration_s()});
    add_energy(measure, measure.duration_s() * watts, tier);
    record.phases = {optimize, measure};
    record.evidence = nlohmann::json{{"nodes_before", 30},
                                     {"nodes_after", variant == 2 ? 12 : 30},
                                     {"parameters", 1000},
                                     {"nonzero_parameters", variant == 3 ? 500 : 1000},
                                     {"weight_bytes", 4000},
                                     {"disk_bytes", 4000},
                                     {"arena_bytes", 800},
                                     {"macs", 50000},
                                     {"macs_share", {{"f32", 1.0}}},
                                     {"effective_macs", variant == 3 ? 25000 : 50000},
                                     {"effective_macs_exploited", false},
                                     {"kernels", {"gemm_f32/avx2"}},
                                     {"passes", nlohmann::json::array()},
                                     {"device", "cpu"},
                                     {"notes", nlohmann::json::array()}}
                          .dump();
    return record;
}

/// 100 images of 20 classes; the last `wrong` of them are classified wrongly.
inline store::PredictionRecord predictions(int wrong) {
    store::PredictionRecord record;
    for (int image = 0; image < 100; ++image) {
        const bool right = image < 100 - wrong;
        record.labels.push_back(image % 20);
        record.predicted.push_back(right ? image % 20 : (image + 1) % 20);
        record.ranks.push_back(right ? 0 : 7);
    }
    return record;
}

inline store::StudyRecord study(const std::string& tier = "B", int blocks = 10) {
    store::StudyRecord record;
    record.id = 1;
    record.key = "0123456789ab";
    record.seed = 7;
    record.blocks = blocks;
    record.created_at = "2026-11-23T09:00:00Z";
    record.plan =
        nlohmann::json{
            {"models", {"zoo/tiny"}},
            {"data", "zoo/images"},
            {"tactics", {"baseline", "compile", "local-pruning:0.5"}},
            {"blocks", blocks},
            {"images", 100},
            {"batch", 1},
            {"threads", 2},
            {"limits", {{"max_accuracy_drop", 0.01}, {"min_effect", 0.02}}},
            {"costs",
             {{"currency", "EUR"},
              {"carbon_g_per_kwh", nullptr},
              {"pue", nullptr},
              {"rent_per_h", nullptr},
              {"price_per_kwh", {{"value", 0.36}, {"date", "2026-11-01"}, {"source", "--price"}}}}}}
            .dump();
    record.environment = R"({"cpu":"Test CPU","usable_cpus":2,"governor":null,"meters":[],"findings":[]})";
    record.dataset = {"zoo/images", "image folder", "", 100, {}};
    record.models.push_back({1, "tiny", "zoo/tiny", "resnet", std::string(64, 'a'), 20,
                             R"({"channels":3,"height":32,"width":32})"});
    const char* tactics[] = {"baseline", "compile", "local-pruning:0.5"};
    const int wrong[] = {5, 5, 8};
    const double ms[] = {10.0, 5.0, 10.0};
    for (int v = 0; v < 3; ++v) {
        record.variants.push_back(
            {v + 1, 1, tactics[v], "native", "cpu", 1, 2, v == 0, predictions(wrong[v])});
    }
    for (int block = 0; block < blocks; ++block) {
        for (int v = 0; v < 3; ++v) {
            const double drift = 1.0 + 0.001 * block + 0.0001 * ((block * 3 + v * 5) % 7);
            record.trials.push_back(trial(block * 3 + v + 1, v + 1, block, ms[v] * drift, 20.0, tier));
        }
    }
    return record;
}

}  // namespace espalier::report::testing
