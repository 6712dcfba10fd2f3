#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "meters/named/kinds.h"
#include "meters/named/stated.h"

namespace espalier::meters {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::optional<std::string> no_variable(const std::string&) { return std::nullopt; }

std::string refusal_of(const std::string& text) {
    try {
        name_meter(text, no_variable);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage) << text;
        return error.what();
    }
    ADD_FAILURE() << text << " was taken";
    return "";
}

TEST(MeterSpec, IsTakenApart) {
    const MeterSpec plug = parse_spec("shelly2://u:p@plug.lan:8080/2?period=10s&accuracy=1.5%");
    EXPECT_EQ(plug.scheme, "shelly2");
    EXPECT_EQ(plug.place, "plug.lan:8080");
    EXPECT_EQ(plug.part, "2");
    EXPECT_EQ(plug.credentials, "u:p");
    EXPECT_EQ(plug.duration("period"), Seconds(10));
    EXPECT_EQ(plug.share("accuracy"), 0.015);
    EXPECT_EQ(host_and_port(plug, 80).port, 8080);
    const MeterSpec v6 = parse_spec("netio://[fe80::1]/1");
    EXPECT_EQ(host_and_port(v6, 80).host, "fe80::1");
    EXPECT_EQ(host_and_port(v6, 80).port, 80);
    const MeterSpec json = parse_spec("http-json:https://u:p@h/x?a=b&c=d#/w/0?unit=W");
    EXPECT_EQ(json.place, "https://h/x?a=b&c=d");
    EXPECT_EQ(json.part, "/w/0");
    EXPECT_EQ(json.credentials, "u:p");
    EXPECT_EQ(json.option("unit"), "W");
    const MeterSpec command = parse_spec("command?unit=W&period=500ms:/bin/read --url http://a:b@c/?x=1");
    EXPECT_EQ(command.place, "/bin/read --url http://a:b@c/?x=1");
    EXPECT_EQ(command.duration("period"), Seconds(0.5));
    EXPECT_EQ(command.credentials, "");
    EXPECT_TRUE(command.runs_program());
}

TEST(NameMeter, SaysWhatIsWrongAndWhatIsNear) {
    EXPECT_THAT(refusal_of("shely2://h"), HasSubstr("Did you mean 'shelly2'"));
    EXPECT_THAT(refusal_of("shelly2://h?perod=1s"), HasSubstr("Did you mean 'period'"));
    EXPECT_THAT(refusal_of("http-json:http://h#/w"), HasSubstr("unit=..."));
    EXPECT_THAT(refusal_of("http-json:http://h#/w?unit=kw"), HasSubstr("Did you mean 'kW'"));
    EXPECT_THAT(refusal_of("http-json:http://h#w?unit=W"), HasSubstr("no JSON pointer"));
    EXPECT_THAT(refusal_of("http-json:http://h#/w?unit=W&tier=A"), HasSubstr("accuracy"));
    EXPECT_THAT(refusal_of("http-json:http://h#/w?unit=W&tier=E"), HasSubstr("no meter"));
    EXPECT_THAT(refusal_of("http-json:http://h#/w?unit=W&scope=rack"), HasSubstr("machine"));
    EXPECT_THAT(refusal_of("shelly2://h/x"), HasSubstr("no channel"));
    EXPECT_THAT(refusal_of("shelly2://h:70000"), HasSubstr("no port"));
    EXPECT_THAT(refusal_of("shelly2://h?period=0s"), HasSubstr("duration"));
    EXPECT_THAT(refusal_of("shelly2://h?accuracy=200%"), HasSubstr("share"));
    EXPECT_THAT(refusal_of("redfish://h?tls=no"), HasSubstr("insecure"));
    EXPECT_THAT(refusal_of("ptdaemon://h?volts=300"), HasSubstr("both ranges"));
    EXPECT_THAT(refusal_of("command?unit=W:"), HasSubstr("what to ask"));
    EXPECT_THAT(refusal_of("command?unit=W:say 'x"), HasSubstr("does not end"));
    EXPECT_THAT(refusal_of("prometheus:http://h#a{b=c}?unit=W"), HasSubstr("no metric"));
    EXPECT_THAT(refusal_of("impi"), HasSubstr("Did you mean 'ipmi'"));
    EXPECT_THAT(refusal_of("ipmi://h"), HasSubstr("is written ipmi"));
    EXPECT_THAT(refusal_of("slurm?period=1s"), HasSubstr("no option 'period'"));
    EXPECT_THAT(refusal_of("ipmi?averaging"), HasSubstr("NAME=VALUE"));
    EXPECT_THAT(refusal_of("shelly2?period=1s"), HasSubstr("shelly2://HOST"));
    for (const char* nothing : {"", "shelly2", "shelly2:", "shelly2://", "://h", "shelly2://h?period"})
        EXPECT_FALSE(refusal_of(nothing).empty());
}

TEST(NameMeter, NoRefusalShowsALogin) {
    for (const char* text :
         {"shely2://me:pw@h", "shelly2://me:pw@h?perod=1s", "shelly2://me:pw@h:99999", "shelly2://me:p/pw@h",
          "shelly2://me:p?pw@h", "http-json:http://me:pw@h#w?unit=W", "redfish://me:pw@?tls=on",
          "shelly2:me:pw@h"})
        EXPECT_THAT(refusal_of(text), Not(HasSubstr("pw"))) << text;
    EXPECT_THAT(refusal_of("shelly2://h?login=NOT_SET"), HasSubstr("NOT_SET, which is not set"));
}

TEST(NamedKinds, EachIsWrittenAsItsFormSays) {
    for (const NamedKind& kind : named_kinds()) {
        EXPECT_TRUE(kind.form.starts_with(kind.scheme)) << kind.scheme;
        EXPECT_FALSE(kind.what.empty());
        EXPECT_LT(kind.tier, Tier::kUncalibratedModel);
    }
}

TEST(Stated, ConvertsEveryUnit) {
    const auto factor = [](const char* unit) {
        return unit_of({.scheme = "command", .options = {{"unit", unit}}}).factor;
    };
    EXPECT_EQ(factor("W"), 1);
    EXPECT_EQ(factor("mW"), 1e-3);
    EXPECT_EQ(factor("uJ"), 1e-6);
    EXPECT_EQ(factor("Wh"), 3600);
    EXPECT_EQ(factor("kWh"), 3.6e6);
    EXPECT_EQ(factor("mWh"), 3.6);
    EXPECT_EQ(factor("Wmin"), 60);
}

}  // namespace
}  // namespace espalier::meters
