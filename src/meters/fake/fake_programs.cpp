#include "meters/fake/fake_programs.h"

#include <stdlib.h>

#include <filesystem>

namespace espalier::meters {

namespace fs = std::filesystem;

namespace {

void set_variable(const std::string& variable, const std::optional<std::string>& value) {
    if (value) {
        ::setenv(variable.c_str(), value->c_str(), 1);
    } else {
        ::unsetenv(variable.c_str());
    }
}

}  // namespace

FakePrograms::FakePrograms() {
    // Only what the scripts themselves need is found besides.
    set("PATH", folder_.path().string() + ":/usr/bin:/bin");
}

FakePrograms::~FakePrograms() {
    for (const auto& [variable, value] : before_) set_variable(variable, value);
}

void FakePrograms::set(const std::string& variable, const std::optional<std::string>& value) {
    const char* now = ::getenv(variable.c_str());
    before_.emplace(variable, now == nullptr ? std::nullopt : std::optional<std::string>(now));
    set_variable(variable, value);
}

/// Written under another name first: a program that is open for writing cannot be executed.
void FakePrograms::write(const std::string& program, const std::string& script) const {
    const fs::path fresh = folder_.write(program + ".new", "#!/bin/sh\n" + script + "\n");
    fs::permissions(fresh, fs::perms::owner_all);
    fs::rename(fresh, folder_ / program);
}

void FakePrograms::says(const std::string& program, const std::string& arguments, const std::string& output) {
    folder_.write(program + " " + arguments + ".txt", output);
    // The longest beginning of its arguments for which there is an answer decides.
    write(program, "args=\"$*\"\nwhile :; do\n  f=\"" + (folder_ / program).string() +
                       " $args.txt\"\n  [ -f \"$f\" ] && exec cat \"$f\"\n"
                       "  case $args in *' '*) args=${args% *};; *) break;; esac\ndone\n"
                       "echo \"unexpected: $*\" >&2; exit 64");
}

void FakePrograms::fails(const std::string& program, const std::string& error) {
    write(program, "echo '" + error + "' >&2; exit 1");
}

void FakePrograms::lacks(const std::string& program) {
    fs::remove(folder_ / program);
    set("PATH", folder_.path().string());
}

}  // namespace espalier::meters
