#pragma once

#include <string>

namespace espalier {

/// Identifies the program that runs to the bit: what the linker hashed of it (--build-id), in hexadecimal
/// digits, behind the version. The version alone where the linker was not asked to.
std::string build_id();

}  // namespace espalier
