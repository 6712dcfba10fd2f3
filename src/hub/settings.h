#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/units.h"

namespace espalier::hub {

/// How the Hub is reached and where its files are kept. The command line fills it in from the environment.
struct Settings {
    std::string endpoint = "https://huggingface.co";  ///< no slash at the end
    std::filesystem::path cache;                      ///< holds models--org--name; may not exist yet
    std::string token;                                ///< sent to the endpoint only; empty: none
    std::string certificates;                         ///< file of trusted authorities; empty: the system's
    bool offline = false;                             ///< nothing is asked of the network
    bool symlinks = true;                             ///< false: files lie in the snapshot itself
    int answer_timeout_s = 10;                        ///< for metadata: until the answer is there
    int silence_timeout_s = 10;                       ///< for contents: the longest silence
    std::function<void(Seconds)> pause;               ///< waits before a retry; must be set
};

}  // namespace espalier::hub
