#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lab/numbers.h"
#include "lab/verdict.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

/// Below this share a kernel class is not worth naming in one line.
constexpr double kLeastShare = 0.005;
/// Fewer new zeros come from rounding weights to 8 bits, not from pruning.
constexpr double kLeastZeros = 0.05;

/// One line put together from the differences between two pieces of evidence.
class Line {
  public:
    Line(const json& before, const json& after) : before_(before), after_(after) {}

    std::string write() {
        add_kernel_shares();
        add_zeros();
        add_bytes("weight_bytes", "in memory");
        add_bytes("disk_bytes", "on disk");
        add_nodes();
        return text_;
    }

  private:
    void add(const std::string& part) { text_ += (text_.empty() ? "" : ", ") + part; }

    static std::optional<double> number(const json& evidence, const char* key) {
        const auto found = evidence.find(key);
        if (found == evidence.end() || !found->is_number()) return std::nullopt;
        return found->get<double>();
    }

    void add_kernel_shares() {
        const auto shares = after_.find("macs_share");
        if (shares == after_.end() || !shares->is_object()) return;
        for (const auto& [kernel, share] : shares->items()) {
            if (kernel == "f32" || !share.is_number() || share.get<double>() < kLeastShare) continue;
            add(fmt::format("{:.0f} % of MACs in {} kernels", share.get<double>() * 100.0, kernel));
        }
    }

    void add_zeros() {
        const auto all = number(after_, "parameters");
        const auto nonzero = number(after_, "nonzero_parameters");
        const auto before = number(before_, "nonzero_parameters");
        if (!all || !nonzero || !before || *all <= 0.0 || *before - *nonzero < kLeastZeros * *all) return;
        const bool exploited = after_.value("effective_macs_exploited", json(false)) == json(true);
        add(fmt::format("{:.0f} % of the weights are zero, {}", 100.0 * (1.0 - *nonzero / *all),
                        exploited ? "and kernels skip them" : "but no kernel skips them"));
    }

    void add_bytes(const char* key, const char* where) {
        const auto from = number(before_, key);
        const auto to = number(after_, key);
        if (from && to && *from != *to) add(fmt::format("weights {} {}", from_to(*from, *to, "B"), where));
    }

    void add_nodes() {
        const auto from = number(before_, "nodes_after");
        const auto to = number(after_, "nodes_after");
        if (from && to && *from != *to) add(fmt::format("{:.0f} -> {:.0f} nodes", *from, *to));
    }

    const json& before_;
    const json& after_;
    std::string text_;
};

}  // namespace

std::string describe_evidence(const std::string& baseline, const std::string& treated) {
    const json before = json::parse(baseline, nullptr, false);
    const json after = json::parse(treated, nullptr, false);
    if (!before.is_object() || !after.is_object()) return "";
    const std::string text = Line(before, after).write();
    return text.empty() ? "nothing that differs from the original" : text;
}

}  // namespace espalier::lab
