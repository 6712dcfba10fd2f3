// Runs a fuzzer's seeds and regressions once each, without libFuzzer: any compiler builds it, and every run
// of the tests includes it.

#include <glob.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "fuzzer.h"

namespace {

namespace fs = std::filesystem;

std::vector<std::string> matches(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
        paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    return paths;
}

/// The files that the lines of a list name, each a pattern below the source tree.
std::vector<std::string> seeds(const fs::path& source, const fs::path& list) {
    std::istringstream lines(espalier::read_text_file(list));
    std::vector<std::string> paths;
    for (std::string line; std::getline(lines, line);) {
        const auto found = matches(source / line);
        if (found.empty()) espalier::fail("no file matches '{}' in {}", line, list.string());
        paths.insert(paths.end(), found.begin(), found.end());
    }
    return paths;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " SOURCE LIST\n";
        return 2;
    }
    try {
        const auto paths = seeds(argv[1], argv[2]);
        for (const std::string& path : paths) {
            std::cout << path << std::endl;  // so that the last line names the file that crashed
            const std::string content = espalier::read_text_file(path);
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
        }
        std::cout << paths.size() << " inputs\n";
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
