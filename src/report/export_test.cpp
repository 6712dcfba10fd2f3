#include "report/export.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "report/build.h"
#include "report/page.h"
#include "report/synthetic_study.h"

namespace espalier::report {
namespace {

Verdict verdict() {
    Verdict v;
    v.decision = "adopt";
    v.variant = "compile";
    v.headline = "Use compile.";
    v.because = "It needs less energy.";
    v.changes.push_back(
        {"energy_j_per_image", "Energy", "J/image", 0.202, 0.101, -50.0, "%", -50.1, -49.9, {}});
    v.conditions = {"this machine"};
    v.ranking = {{"compile", 1}, {"baseline", 2}, {"local-pruning:0.5", 2}};
    v.rejected.push_back({"local-pruning:0.5", "local-pruning:0.5", "no saving | shown"});
    return v;
}

Report build() {
    BuildOptions options{"0.1.0", {}, "2026-11-23T12:00:00Z", {}, {}, 300};
    options.verdicts[1] = verdict();
    options.across =
        Across{"energy",
               {{"compile", 2, 1, 2, -40.0, {}, {}}},
               {{"transformer", {"tiny", "other"}, "compile", {{"compile", 2, 2, 2, -40.0, {}, {}}}}},
               "Fewer than 10 models."};
    return build_report(testing::study(), options);
}

/// The report of one study with that headline; built once.
Report example(const std::string& headline = "Use compile.") {
    static const Report built = build();
    Report report = built;
    report.models[0].verdict.headline = headline;
    return report;
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
}

/// The text between the data element's tags.
std::string data_of(const std::string& html) {
    const std::string open = R"(id="data">)";
    const auto start = html.find(open) + open.size();
    return html.substr(start, html.find("</script>", start) - start);
}

TEST(Html, CarriesTheViewModelInOnePage) {
    const std::string html = to_html(example());
    EXPECT_EQ(nlohmann::json::parse(data_of(html)), to_json(example()));
    EXPECT_EQ(html.find(R"({"espalier":"data"})"), std::string::npos);
}

TEST(Html, NothingInTheDataEndsItsBlock) {
    const std::string hostile =
        "</script><script>alert(1)</script><!-- & \xE2\x80\xA8 \xE2\x80\xA9 \xE2\x80\xA6 \xFF";
    const std::string html = to_html(example(hostile));
    const std::string data = data_of(html);
    for (const char* forbidden : {"<", ">", "&", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
        EXPECT_EQ(data.find(forbidden), std::string::npos) << forbidden;
    }
    const auto headline = nlohmann::json::parse(data)["models"][0]["verdict"]["headline"].get<std::string>();
    EXPECT_EQ(headline, hostile.substr(0, hostile.size() - 1) + "\xEF\xBF\xBD");
}

TEST(Html, ThePageAsksForNothingAndStaysSmall) {
    const std::string page(page_template());
    EXPECT_LE(page.size(), 200'000u);
    EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
    for (const char* forbidden :
         {"src=\"http", "href=\"http", "url(http", "fetch(", "XMLHttpRequest", "import("}) {
        EXPECT_EQ(page.find(forbidden), std::string::npos) << forbidden;
    }
}

TEST(Html, ThePageIsTheCommittedOne) {
    std::ifstream file(ESPALIER_SOURCE_DIR "/web/dist/report.html", std::ios::binary);
    const std::string committed((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(committed, page_template());
}

TEST(Json, NamesItsSchemaAndWritesUnknownAsNull) {
    const auto json = nlohmann::json::parse(render(example(), Format::kJson));
    EXPECT_EQ(json["schema"], "espalier.report/1");
    EXPECT_TRUE(json["models"][0]["revision"].is_null());
    EXPECT_TRUE(json["models"][0]["variants"][0]["measures"]["top1"]["comparison"].is_null());
}

// Requirement 39.
TEST(Json, TheSameStudyGivesTheSameBytes) {
    EXPECT_EQ(render(build(), Format::kJson), render(build(), Format::kJson));
}

// Requirement 40.
TEST(Csv, HasOneRowPerVariantWithTierAndEmptyUnknowns) {
    const auto rows = lines(to_csv(example()));
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0].rfind("model,variant,tactic,runtime,device,batch,threads,status,reason,trials_excluded,"
                            "verdict,rank_group,energy_tier,",
                            0),
              0u);
    EXPECT_EQ(rows[2].substr(0, 64), "tiny,compile,compile,native,cpu,1,2,complete,,0,adopt,1,B,RAPL e");
    EXPECT_EQ(rows[3].substr(0, 62), "tiny,local-pruning:0.5,local-pruning:0.5,native,cpu,1,2,comple");
    EXPECT_NE(rows[0].find("energy_j_per_image_cliffs_delta,energy_j_per_image_typical_ratio"),
              std::string::npos);
    EXPECT_NE(rows[0].find("energy_j_per_image_ratio_low"), std::string::npos);
    EXPECT_NE(
        rows[0].find("energy_j_per_image_standard_uncertainty,energy_j_per_image_uncertainty_repetitions,"
                     "energy_j_per_image_uncertainty_meter"),
        std::string::npos);
    EXPECT_EQ(rows[0].find("latency_ms_standard_uncertainty"), std::string::npos);
    EXPECT_NE(rows[0].find("break_even_energy_images_low"), std::string::npos);
    for (const auto& row : rows) {
        EXPECT_EQ(std::count(row.begin(), row.end(), ','), std::count(rows[0].begin(), rows[0].end(), ','));
    }
}

TEST(Csv, QuotesWhatNeedsIt) {
    auto report = example();
    report.models[0].name = "a,\"b\"\n";
    EXPECT_NE(to_csv(report).find("\"a,\"\"b\"\"\n\",baseline"), std::string::npos);
}

TEST(Timm, StartsWithTheColumnsOfItsTables) {
    const auto rows = lines(to_timm(example()));
    EXPECT_EQ(rows[0].rfind(
                  "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,"
                  "infer_gmacs,infer_macts,",
                  0),
              0u);
    EXPECT_EQ(rows[1].rfind("tiny,32,", 0), 0u);
}

// Requirements 33 and 40.
TEST(Markdown, TellsHowSureEveryEnergyIs) {
    const std::string text = to_markdown(example());
    for (const char* what :
         {"Energy: tier B, RAPL energy counters (powercap), CPU package 0; gross; u is the standard "
          "uncertainty (GUM)",
          "; u 0.0008", " %: repetitions 0.", ", meter 0.40 %)", "| Reading the meters, %"}) {
        EXPECT_NE(text.find(what), std::string::npos) << what << "\n" << text;
    }
}

// Requirements 34 and 40.
TEST(Markdown, ClaimsNothingOfAnEstimate) {
    const std::string text =
        to_markdown(build_report(testing::study("E"), {"0.1.0", {}, "now", {}, {}, 300}));
    EXPECT_NE(text.find("the interval is the factor of the model, and nothing is claimed of energy"),
              std::string::npos);
    const auto line = text.find("| Energy, J/image");
    const std::string row = text.substr(line, text.find('\n', line) - line);
    EXPECT_EQ(row.find("better"), std::string::npos) << row;
    EXPECT_EQ(row.find("; u "), std::string::npos) << row;
}

// Requirement 40.
TEST(Markdown, TellsTheVerdictFirstAndTheTierBesideEveryEnergyFigure) {
    const std::string text = to_markdown(example());
    const auto at = [&](const char* what) { return text.find(what); };
    EXPECT_LT(at("## tiny"), at("**Use compile.**"));
    EXPECT_LT(at("**Use compile.**"), at("| Energy, J/image \\[tier B\\] |"));
    EXPECT_NE(at("- Energy: -50 % (-50.1 to -49.9)"), std::string::npos);
    EXPECT_NE(at("-50 % better |"), std::string::npos);
    EXPECT_NE(at("no saving \\| shown"), std::string::npos);
    EXPECT_NE(at("compile, energy: after 99 images"), std::string::npos);
}

TEST(Markdown, TellsEffectsGroupsAndWhatSuitsAFamily) {
    const std::string text = to_markdown(example());
    for (const char* what :
         {"- Energy: all alike? Friedman, chi2 ", "- Energy, compile: delta -1.00 (-1.00 to ",
          ", large), A12 0.00", "- groups, the least first: compile (1), baseline (2)",
          "- transformer (2): compile", "| compile | -40 % | 2 | 1 | 2 |", "Fewer than 10 models."}) {
        EXPECT_NE(text.find(what), std::string::npos) << what;
    }
}

TEST(Json, HoldsEffectsTestsAndModelsCompared) {
    const auto json = nlohmann::json::parse(render(example(), Format::kJson));
    const auto& model = json["models"][0];
    const auto& effect = model["variants"][1]["measures"]["latency_ms"]["comparison"]["effect"];
    EXPECT_EQ(effect["delta"], -1.0);
    EXPECT_EQ(effect["typical_interval"], "BCa");
    EXPECT_TRUE(model["variants"][1]["measures"]["macs"]["comparison"]["effect"].is_null());
    EXPECT_EQ(model["omnibus"][0]["test"], "Friedman");
    EXPECT_EQ(model["verdict"]["ranking"][0]["group"], 1);
    EXPECT_EQ(json["across"]["families"][0]["best"], "compile");
    EXPECT_TRUE(json["across"]["tactics"][0]["low"].is_null());
}

TEST(Markdown, EscapesMarkup) {
    EXPECT_EQ(to_markdown(example("<img src=x onerror=1> *a*")).find("<img"), std::string::npos);
}

TEST(Format, ComesFromTheExtensionOrTheName) {
    EXPECT_EQ(format_of("a/report.html"), Format::kHtml);
    EXPECT_EQ(format_of("r.md"), Format::kMarkdown);
    EXPECT_EQ(parse_format("timm"), Format::kTimm);
    EXPECT_THROW(format_of("report.doc"), Error);
    EXPECT_THROW(format_of("report"), Error);
    EXPECT_THROW(parse_format("htlm"), Error);
}

}  // namespace
}  // namespace espalier::report
