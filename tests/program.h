#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/temporary_folder.h"

namespace espalier::tests {

namespace fs = std::filesystem;

inline std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

/// What a run of the program gave.
struct Outcome {
    int exit_code = -1;  ///< 128 + signal where a signal ended it
    std::string out;
    std::string err;
};

/// Runs the program through the shell. Arguments with blanks must be quoted by the caller.
inline Outcome run_program(const std::string& arguments) {
    const TemporaryFolder folder;
    const fs::path out = folder / "out";
    const fs::path err = folder / "err";
    const std::string command = std::string(ESPALIER_PROGRAM) + " " + arguments + " >" + out.string() +
                                " 2>" + err.string() + " </dev/null";
    const int status = std::system(command.c_str());
    Outcome outcome;
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = content_of(out);
    outcome.err = content_of(err);
    return outcome;
}

/// The smallest model and the images that ship with the project.
inline fs::path zoo_model(const std::string& name) {
    return fs::path(ESPALIER_SOURCE_DIR) / "zoo/models" / name;
}
inline fs::path zoo_images() { return fs::path(ESPALIER_SOURCE_DIR) / "zoo/images/test"; }

}  // namespace espalier::tests
