#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"

/// What libFuzzer, and replay.cpp without it, call with each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace espalier::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Runs what reads an input. Refusing it with an Error is right; everything else is a finding.
template <typename Read>
int refuse_or_accept(Read&& read) {
    try {
        read();
    } catch (const Error&) {
    }
    return 0;
}

}  // namespace espalier::fuzz
