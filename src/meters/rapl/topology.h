#pragma once

#include <string>
#include <vector>

#include "meters/file_tree.h"

namespace espalier::meters {

/// A logical CPU through which the counters of its package, or die, can be read.
struct PackageReader {
    int cpu = 0;
    std::string package;  ///< "package-0", or "package-0-die-1" where readers of its other dies exist
};

/// "0-2,8" gives 0 1 2 8; empty where the text is no list of CPUs or names more than 65536.
std::vector<int> parse_cpu_list(const std::string& text);

/// The logical CPUs that the kernel lists, ascending.
std::vector<int> listed_cpus(const FileTree& files);

/// Names the package of each of these CPUs after the kernel's topology. A CPU of which the topology is not
/// told is of package 0.
std::vector<PackageReader> readers_of(const FileTree& files, const std::vector<int>& cpus);

/// One of these CPUs for each package, or for each die.
enum class Spread { kPackages, kDies };
std::vector<PackageReader> one_reader_each(const FileTree& files, const std::vector<int>& cpus,
                                           Spread spread);

}  // namespace espalier::meters
