#include "meters/fake/fake_programs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace espalier::meters {
namespace fs = std::filesystem;

FakePrograms::FakePrograms() {
    std::string pattern = (fs::temp_directory_path() / "espalier-programs-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) fail("no folder for fake programs could be made: {}", pattern);
    folder_ = pattern;
    // Only what the scripts themselves need is found besides.
    set("PATH", folder_ + ":/usr/bin:/bin");
}

FakePrograms::~FakePrograms() {
    for (const auto& [variable, value] : before_) {
        if (value) {
            ::setenv(variable.c_str(), value->c_str(), 1);
        } else {
            ::unsetenv(variable.c_str());
        }
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void FakePrograms::set(const std::string& variable, const std::optional<std::string>& value) {
    const char* now = ::getenv(variable.c_str());
    before_.emplace(variable, now == nullptr ? std::nullopt : std::optional<std::string>(now));
    if (value) {
        ::setenv(variable.c_str(), value->c_str(), 1);
    } else {
        ::unsetenv(variable.c_str());
    }
}

/// Written under another name first: a program that is open for writing cannot be executed.
void FakePrograms::write(const std::string& program, const std::string& script) const {
    const std::string path = folder_ + "/" + program;
    std::ofstream(path + ".new") << "#!/bin/sh\n" << script << "\n";
    ::chmod((path + ".new").c_str(), 0700);
    fs::rename(path + ".new", path);
}

std::string FakePrograms::place(const std::string& program, const std::string& arguments) const {
    std::string name = program + " " + arguments;
    for (char& c : name) c = c == '/' ? '_' : c;
    return folder_ + "/" + name + ".txt";
}

void FakePrograms::says(const std::string& program, const std::string& arguments, const std::string& output) {
    std::ofstream(place(program, arguments)) << output;
    // The longest beginning of its arguments for which there is an answer decides.
    write(program, "args=\"$*\"\nwhile :; do\n  f=\"" + folder_ + "/" + program +
                       " $args.txt\"\n  [ -f \"$f\" ] && exec cat \"$f\"\n"
                       "  case $args in *' '*) args=${args% *};; *) break;; esac\ndone\n"
                       "echo \"unexpected: $*\" >&2; exit 64");
}

void FakePrograms::fails(const std::string& program, const std::string& error) {
    write(program, "echo '" + error + "' >&2; exit 1");
}

void FakePrograms::lacks(const std::string& program) {
    fs::remove(folder_ + "/" + program);
    set("PATH", folder_);
}

}  // namespace espalier::meters
