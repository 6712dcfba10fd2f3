#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "meters/discovery.h"
#include "meters/file_tree.h"
#include "store/records.h"

namespace espalier::lab {

/// What stays the same during a study: processor, system, compiler, GPUs, meters with their tiers and scopes.
nlohmann::json describe_machine(const meters::FileTree& files, const meters::Discovery& discovery);

/// Names a machine in the store: 12 hexadecimal digits of a hash over its identity (etc/machine-id),
/// processor and number of processors. Nothing can be told from it but whether two machines are one.
std::string machine_id(const meters::FileTree& files);

/// Notes on what in the machine weakens a study, each with its remedy: "governor", "virtual-machine",
/// "no-energy-meter". `executing` is what the study's variants are executed on.
std::vector<store::NoteRecord> judge_machine(const meters::FileTree& files,
                                             const meters::Discovery& discovery, meters::Part executing);

/// Notes "meter-broken" on energy counters that stand still or cannot be read, seen by watching those that
/// have a new value within a second for half a second, or for five of their values where that is longer.
std::vector<store::NoteRecord> watch_counters(const meters::Discovery& discovery, Clock& clock);

}  // namespace espalier::lab
