#include "cli/model_source.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/fetch_progress.h"
#include "cli/hub_settings.h"
#include "hub/cache.h"
#include "hub/fetch.h"

namespace espalier::cli {
namespace {

bool exists(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

std::string download(const hub::Settings& settings, const hub::Reference& reference, const Globals& globals) {
    if (globals.dry_run && !settings.offline) {
        fail(
            "{} is not in the cache, and a dry run downloads nothing; what it would take: espalier fetch {} "
            "-n",
            reference.str(), reference.str());
    }
    FetchProgress progress(globals.quiet ? "none" : globals.progress);
    hub::FetchOptions options;
    options.progress = [&](const hub::FetchProgress& now) { progress.report(now); };
    return hub::fetch(settings, reference, options).folder.string();
}

/// Without the processor's file the model may be shown other pixels than it was trained on.
std::string use_in_doubt(const hub::CachedModel& cached, const hub::Reference& reference) {
    log::warn(
        "{}: the cache has no preprocessor_config.json, and does not know whether the Hub has one; "
        "the defaults of the model's type are used. To be sure: espalier fetch {}",
        reference.str(), reference.str());
    return cached.folder.string();
}

std::string path_on_hub(const std::string& given, const Globals& globals) {
    const hub::Reference reference = hub::parse_reference(given);
    const hub::Settings settings = hub_settings(globals);
    const auto cached = hub::find_cached(settings, reference);
    if (cached && cached->processor_known) return cached->folder.string();
    if (cached && (settings.offline || globals.dry_run)) return use_in_doubt(*cached, reference);
    try {
        return download(settings, reference, globals);
    } catch (const Error& error) {
        if (!cached) fail("there is no folder {} here, and of the Hub: {}", given, error.what());
        log::warn("{}", error.what());
        return use_in_doubt(*cached, reference);
    }
}

}  // namespace

std::string model_path(const std::string& given, const Globals& globals) {
    if (exists(given) || !hub::looks_like_reference(given)) return given;
    return path_on_hub(given, globals);
}

std::string model_path_in_plan(const std::string& path, const std::filesystem::path& folder,
                               const Globals& globals) {
    if (exists(path)) return path;
    const std::string name = std::filesystem::path(path).lexically_relative(folder).generic_string();
    return hub::looks_like_reference(name) ? path_on_hub(name, globals) : model_path(path, globals);
}

}  // namespace espalier::cli
