#include "meters/wall/wall.h"

#include <algorithm>

#include "meters/named/source_error.h"
#include "meters/wall/fields.h"
#include "meters/wall/meters.h"

namespace espalier::meters::wall {
namespace {

void apply_options(Dialect& dialect, const NamedRequest& request) {
    dialect.refresh = request.refresh_period(dialect.refresh);
    dialect.register_refresh = std::max(dialect.register_refresh, dialect.refresh);
    dialect.accuracy = request.spec.share("accuracy").value_or(dialect.accuracy);
}

Meters make(Dialect dialect, const NamedRequest& request, std::string base, bool verify) {
    apply_options(dialect, request);
    HttpAccess access(std::move(base), request.named.credentials, dialect.login, verify);
    if (dialect.login_in_query) access.put_login_into_query();
    return make_meters(request.name, std::make_shared<Source>(std::move(dialect), std::move(access),
                                                              request.clock, system_time));
}

Meters make_plug(Dialect dialect, const NamedRequest& request) {
    const Tls tls = tls_of(request.spec, Tls::kOff);
    return make(std::move(dialect), request, HttpAccess::origin(request.spec, tls), tls != Tls::kUnverified);
}

Meters make_url(Dialect dialect, const NamedRequest& request) {
    return make(std::move(dialect), request, request.spec.place,
                tls_of(request.spec, Tls::kOn) != Tls::kUnverified);
}

void check_common(const MeterSpec& spec) {
    spec.duration("period");
    spec.share("accuracy");
    tls_of(spec, Tls::kOff);
}

}  // namespace

Meters make_shelly1(const NamedRequest& request) { return make_plug(shelly1(request.spec), request); }
Meters make_shelly2(const NamedRequest& request) { return make_plug(shelly2(request.spec), request); }
Meters make_tasmota(const NamedRequest& request) { return make_plug(tasmota(request.spec), request); }
Meters make_netio(const NamedRequest& request) { return make_plug(netio(request.spec), request); }
Meters make_http_json(const NamedRequest& request) { return make_url(http_json(request.spec), request); }
Meters make_prometheus(const NamedRequest& request) { return make_url(prometheus(request.spec), request); }

void check_plug(const MeterSpec& spec) {
    check_common(spec);
    host_and_port(spec, 80);
    channel_of(spec, 0);
}

void check_value(const MeterSpec& spec) {
    check_common(spec);
    http_json(spec);
}

void check_metric(const MeterSpec& spec) {
    check_common(spec);
    prometheus(spec);
}

Meters make_meters(const std::string& name, std::shared_ptr<Source> source) {
    const Look& look = source->look(Reader::kPower);
    if (const auto* why = std::get_if<Availability>(&look.answer)) throw SourceError(*why);
    const Sample& sample = std::get<Sample>(look.answer);
    Meters meters;
    if (sample.power) meters.push_back(std::make_unique<PowerMeter>(name + "-power", source));
    if (sample.energy) meters.push_back(std::make_unique<RegisterMeter>(name + "-energy", source));
    if (meters.empty())
        throw SourceError({State::kUnsupported, source->base() + " says neither power nor energy", ""});
    return meters;
}

}  // namespace espalier::meters::wall
