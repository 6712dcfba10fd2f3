#pragma once

#include <functional>
#include <string>

#include "cli/command.h"
#include "hub/settings.h"

namespace espalier::cli {

/// The value of an environment variable, or an empty text.
using Environment = std::function<std::string(const char* name)>;

/// That of this process.
std::string environment_variable(const char* name);

/// Where programs keep what they can make again: XDG_CACHE_HOME, or ~/.cache.
std::string cache_home(const Environment& environment);

/// What huggingface_hub would take from the environment: HF_HUB_CACHE (HUGGINGFACE_HUB_CACHE), HF_HOME,
/// XDG_CACHE_HOME, HF_TOKEN, HF_TOKEN_PATH, HF_ENDPOINT, HF_HUB_OFFLINE (TRANSFORMERS_OFFLINE),
/// HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT, HF_HUB_DISABLE_SYMLINKS, HF_HUB_DISABLE_IMPLICIT_TOKEN; and
/// REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE. An empty variable counts as unset. Throws a usage
/// Error for one that cannot be understood.
hub::Settings hub_settings(const Globals& globals, const Environment& environment = environment_variable);

/// Whether a variable's text means yes, as huggingface_hub reads it: 1, on, yes or true.
bool means_yes(const std::string& text);

}  // namespace espalier::cli
