#include "lab/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "lab/quantities.h"

namespace espalier::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string same(const std::string& text) { return text; }

/// The message of the Error that `call` throws; empty where it throws none.
template <typename Call>
std::string complaint(Call call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
        return error.what();
    }
    return "";
}

std::string plan_complaint(const std::string& text) {
    return complaint([&] { parse_plan(text, "plan.toml", "/plans"); });
}

constexpr const char* kPlan = R"(
models = ["models/vit", "/abs/resnet"]
data = "images"
tactics = ["compile"]
blocks = 12
images = 100
batch = 2
threads = 3
seed = 99

[protocol]
idle = "300ms"
warmup = 5
window = "2s"
timeout = "1m"

[costs]
price = { value = "0.25/kWh", date = "2026-11", source = "bill" }
carbon = "350g/kWh"
images-per-day = 20000
currency = "EUR"
embodied = { value = "320kg/4y", date = "2025", source = "maker" }

[limits]
max-accuracy-drop = "0.5pt"
min-effect = "3%"
)";

TEST(PlanFile, IsReadCompletely) {
    const Plan plan = resolve(parse_plan(kPlan, "plan.toml", "/plans"), same);
    EXPECT_THAT(plan.models, ElementsAre("/plans/models/vit", "/abs/resnet"));
    EXPECT_EQ(plan.data, "/plans/images");
    EXPECT_THAT(plan.tactics, ElementsAre("baseline", "compile"));
    EXPECT_EQ(plan.blocks, 12);
    EXPECT_EQ(plan.images, 100);
    EXPECT_EQ(plan.batch, 2);
    EXPECT_EQ(plan.threads, 3);
    EXPECT_EQ(plan.seed, 99u);
    EXPECT_DOUBLE_EQ(plan.protocol.idle.value(), 0.3);
    EXPECT_EQ(plan.protocol.warmup_calls, 5);
    EXPECT_DOUBLE_EQ(plan.protocol.timeout.value(), 60.0);
    EXPECT_DOUBLE_EQ(plan.costs.price->value, 0.25);
    EXPECT_EQ(plan.costs.price->source, "bill");
    EXPECT_DOUBLE_EQ(plan.costs.carbon->value, 350.0);
    EXPECT_EQ(plan.costs.currency, "EUR");
    EXPECT_DOUBLE_EQ(plan.limits.max_accuracy_drop, 0.005);
    EXPECT_DOUBLE_EQ(plan.limits.min_effect, 0.03);
}

// Requirement 37.
TEST(PlanFile, ErrorsNameLineAndColumn) {
    EXPECT_THAT(plan_complaint("blocks = 3\nblock = 4\n"),
                HasSubstr("plan.toml:2:1: there is no key 'block'"));
    EXPECT_THAT(plan_complaint("blocks = 3\nblock = 4\n"), HasSubstr("Did you mean 'blocks'?"));
    EXPECT_THAT(plan_complaint("[protocol]\nwindo = \"1s\"\n"), HasSubstr("'protocol.windo'"));
    EXPECT_THAT(plan_complaint("blocks = \"many\""),
                HasSubstr("plan.toml:1:10: 'blocks' must be a whole number"));
    EXPECT_THAT(plan_complaint("blocks = -1"), HasSubstr("out of range"));
    EXPECT_THAT(plan_complaint("models = 3"), HasSubstr("must be a list of texts and tables"));
    EXPECT_THAT(plan_complaint("protocol = 3"), HasSubstr("'protocol' must be a table"));
    EXPECT_THAT(plan_complaint("[protocol]\nidle = \"soon\""), HasSubstr("for example 20ms"));
    EXPECT_THAT(plan_complaint("blocks = = 3"), HasSubstr("plan.toml:1:"));
    EXPECT_THAT(plan_complaint("[costs]\nprice = { value = \"0.2/kWh\" }"), HasSubstr("lacks the date"));
    EXPECT_THAT(plan_complaint("[costs]\nprice = { date = \"2026\" }"), HasSubstr("lacks its value"));
    EXPECT_THAT(plan_complaint("[costs]\npue = 0.5"), HasSubstr("at least 1"));
}

TEST(PlanFile, HostileTextIsAnError) {
    EXPECT_NE(plan_complaint(std::string(100'000, '[')), "");
    EXPECT_NE(plan_complaint("a = " + std::string(100'000, '[')), "");
    EXPECT_NE(plan_complaint(std::string("\xff\xfe\0", 3)), "");
    EXPECT_NE(plan_complaint("blocks = 99999999999999999999"), "");
}

TEST(PlanFile, NamesRuntimesWorkersAndImagesOfAModel) {
    auto draft = parse_plan(R"(
models = ["vit", {path = "resnet", data = "cifar"}]
data = "images"
runtimes = ["pytorch", "mine"]
device = "cuda"
)",
                            "plan.toml", "/plans");
    draft.workers = {{"mine", {"./mine", "-v"}}, {"spare", {"other"}}};
    const Plan plan = resolve(draft, same);
    EXPECT_THAT(plan.models, ElementsAre("/plans/vit", "/plans/resnet"));
    EXPECT_EQ(data_for(plan, "/plans/vit"), "/plans/images");
    EXPECT_EQ(data_for(plan, "/plans/resnet"), "/plans/cifar");
    EXPECT_THAT(plan.runtimes, ElementsAre("pytorch", "mine"));
    EXPECT_EQ(plan.device, "cuda:0");
    // A worker that the plan does not use makes it no other plan.
    EXPECT_EQ(plan.workers, (std::map<std::string, std::vector<std::string>>{{"mine", {"./mine", "-v"}}}));
    EXPECT_EQ(to_json(plan_from_json(to_json(plan))), to_json(plan));
    EXPECT_THAT(plan_complaint("models = [{data = 'x'}]"), HasSubstr("has no 'path'"));
    EXPECT_THAT(plan_complaint("models = [{path = 'x', dta = 'y'}]"), HasSubstr("no 'dta'"));
    EXPECT_THAT(plan_complaint("workers = ['mine']"), HasSubstr("name a worker with --worker"));
    EXPECT_THAT(plan_complaint("runtime = 'native'"), HasSubstr("Did you mean 'runtimes'?"));
}

TEST(Plan, WithoutCommonImagesEveryModelNeedsItsOwn) {
    auto draft =
        parse_plan("models = [{path = 'a', data = 'x'}, {path = 'b', data = 'y'}]", "plan.toml", "/p");
    EXPECT_EQ(data_for(resolve(draft, same), "/p/b"), "/p/y");
    draft.model_data.back().clear();
    EXPECT_THAT(complaint([&] { resolve(draft, same); }), HasSubstr("--data"));
}

TEST(Plan, ReadsPlansOfEarlierVersions) {
    nlohmann::json stored = to_json(resolve(parse_plan(kPlan, "plan.toml", "/plans"), same));
    stored.erase("runtimes");
    stored.erase("device");
    stored["runtime"] = "native";
    EXPECT_THAT(plan_from_json(stored).runtimes, ElementsAre("native"));
    EXPECT_EQ(plan_from_json(stored).device, "cpu");
}

TEST(Plan, FlagsOverrideTheFile) {
    PlanDraft flags;
    flags.blocks = 3;
    flags.costs.price = CostFigure{0.4, "today", "--price"};
    const Plan plan = resolve(merge(flags, parse_plan(kPlan, "plan.toml", "/plans")), same);
    EXPECT_EQ(plan.blocks, 3);
    EXPECT_EQ(plan.images, 100);
    EXPECT_DOUBLE_EQ(plan.costs.price->value, 0.4);
    EXPECT_EQ(plan.costs.currency, "EUR");
}

PlanDraft minimal() {
    PlanDraft draft;
    draft.models = {{"/m"}};
    draft.data = "/d";
    return draft;
}

TEST(Plan, ChecksWhatItIsGiven) {
    EXPECT_THAT(complaint([] { resolve({}, same); }), HasSubstr("--model"));
    auto draft = minimal();
    draft.data.reset();
    EXPECT_THAT(complaint([&] { resolve(draft, same); }), HasSubstr("--data"));
    draft = minimal();
    draft.blocks = 0;
    EXPECT_THAT(complaint([&] { resolve(draft, same); }), HasSubstr("blocks must be from 1 to 10000; got 0"));
    draft = minimal();
    draft.threads = 5000;
    EXPECT_THAT(complaint([&] { resolve(draft, same); }), HasSubstr("threads"));
    draft = minimal();
    draft.tactics = {{"compil"}};
    const auto strict = [](const std::string& text) -> std::string {
        fail_usage("unknown tactic '{}'", text);
    };
    EXPECT_THAT(complaint([&] { resolve(draft, strict); }), HasSubstr("unknown tactic 'compil'"));
}

TEST(Plan, TheBaselineIsAlwaysThereAndNothingTwice) {
    auto draft = minimal();
    draft.tactics = {{"compile", "baseline", "compile"}};
    draft.models = {{"/m", "/m/", "/x/../m"}};
    const Plan plan = resolve(draft, same);
    EXPECT_THAT(plan.tactics, ElementsAre("baseline", "compile"));
    EXPECT_THAT(plan.models, ElementsAre("/m"));
}

// Requirement 26.
TEST(Plan, WhatIsLeftOutIsDecidedBeforeAnythingIsMeasured) {
    auto draft = minimal();
    const Plan usual = resolve(draft, same);
    EXPECT_THAT(usual.protocol.exclude, ElementsAre("suspended", "throttled"));
    draft.exclude = {{"steal", "battery", "steal"}};
    const Plan other = resolve(draft, same);
    EXPECT_THAT(other.protocol.exclude, ElementsAre("battery", "steal"));
    // Another cause is another study: none can be added once the numbers are known.
    EXPECT_NE(measured_part(other), measured_part(usual));
    draft.exclude = {{"throtled"}};
    EXPECT_THAT(complaint([&] { resolve(draft, same); }), HasSubstr("Did you mean 'throttled'?"));
    EXPECT_THAT(plan_complaint("[protocol]\nexclude = 3"), HasSubstr("must be a list of texts"));
}

TEST(Plan, ARegionGivesWhatTheFileDoesNotState) {
    const auto costs = [](const std::string& text) {
        return parse_plan("[costs]\n" + text, "plan.toml", "/plans").costs;
    };
    EXPECT_DOUBLE_EQ(costs("region = \"ESP\"").carbon->value, 174.05);
    EXPECT_EQ(costs("region = \"ESP\"").carbon->date, "2023");
    EXPECT_FALSE(costs("region = \"ESP\"").pue);
    EXPECT_DOUBLE_EQ(costs("region = \"gcp:europe-west9\"").pue->value, 1.12);
    EXPECT_DOUBLE_EQ(costs("region = \"ESP\"\ncarbon = \"350g/kWh\"").carbon->value, 350.0);
    EXPECT_DOUBLE_EQ(costs("pue = 1.4\nregion = \"gcp:europe-west9\"").pue->value, 1.4);
    EXPECT_THAT(plan_complaint("[costs]\nregion = \"nowhere\""),
                HasSubstr("plan.toml:2:10: there is no region"));
}

TEST(Plan, SurvivesItsJson) {
    const Plan plan = resolve(parse_plan(kPlan, "plan.toml", "/plans"), same);
    EXPECT_EQ(to_json(plan_from_text(to_json(plan).dump())), to_json(plan));
    EXPECT_THROW(plan_from_text("{}"), Error);
    EXPECT_THROW(plan_from_text("nonsense"), Error);
}

TEST(Plan, PricesAndPatienceMakeNoOtherStudy) {
    auto draft = parse_plan(kPlan, "plan.toml", "/plans");
    const auto before = measured_part(resolve(draft, same));
    draft.costs.price.reset();
    draft.max_accuracy_drop = 0.02;
    draft.timeout = Seconds(99);
    EXPECT_EQ(measured_part(resolve(draft, same)), before);
    draft.seed = 3;
    EXPECT_NE(measured_part(resolve(draft, same)), before);
}

TEST(Quantities, CarryTheirUnits) {
    EXPECT_DOUBLE_EQ(parse_duration("20ms", "x").value(), 0.02);
    EXPECT_DOUBLE_EQ(parse_duration("1.5 s", "x").value(), 1.5);
    EXPECT_DOUBLE_EQ(parse_duration("2h", "x").value(), 7200.0);
    EXPECT_DOUBLE_EQ(parse_points("0.5pt", "x"), 0.005);
    EXPECT_DOUBLE_EQ(parse_carbon("0.35kg/kWh", "x"), 350.0);
    EXPECT_NEAR(parse_embodied("320kg/4y", "x"), 320e3 / (4 * 8766.0), 1e-9);
    for (const char* wrong : {"320kg", "320/4y", "320kg/0y", "/4y", "320kg/4"}) {
        EXPECT_THAT(complaint([&] { parse_embodied(wrong, "--embodied"); }), HasSubstr("--embodied"))
            << wrong;
    }
    for (const char* wrong : {"", "5", "-1s", "nans", "infs", "1e999s", "5 parsecs", "s", "1s1s"}) {
        EXPECT_THAT(complaint([&] { parse_duration(wrong, "--window"); }), HasSubstr("--window")) << wrong;
    }
    EXPECT_EQ(describe_duration(Seconds(200)), "3 min 20 s");
    EXPECT_EQ(describe_duration(Seconds(0.85)), "850 ms");
}

TEST(Plan, NamesMetersAndKeepsNoLogin) {
    const auto draft =
        parse_plan(R"(meters = ["shelly2://plug/0", "redfish://me:secret@bmc"])", "plan.toml", "/plans");
    ASSERT_EQ(draft.meters->size(), 2u);
    EXPECT_THAT(plan_complaint("meters = [\"plug\"]"), HasSubstr("plan.toml:1:"));
    EXPECT_THAT(plan_complaint("meters = [\"command?unit=W:cat x\"]"), HasSubstr("runs no program"));
    Plan plan;
    const auto without = measured_part(plan);
    EXPECT_FALSE(without.contains("meters")) << "studies without them keep their identity";
    plan.meters = {{"redfish://bmc", "me:secret"}};
    const std::string stored = to_json(plan).dump();
    EXPECT_THAT(stored, HasSubstr("redfish://bmc"));
    EXPECT_THAT(stored, testing::Not(HasSubstr("secret")));
    EXPECT_EQ(plan_from_text(stored).meters.at(0).text, "redfish://bmc");
}

}  // namespace
}  // namespace espalier::lab
