#pragma once

#include <span>
#include <string>

#include "formats/pytorch/value.h"

namespace espalier::formats::pytorch {

/// What a pickle made. Texts in it are views of the pickle's bytes.
struct Pickle {
    Values values;
    Ref root = 0;

    const Value& top() const { return values[root]; }
};

/// Interprets a pickle (protocols 2 to 4) as far as torch.save writes it for dictionaries of tensors: plain
/// values, tuples, lists, dictionaries, and the few globals of find_global(). Nothing is imported or called.
///
/// Limits: 16 MiB, 2^19 values, 2^16 values on the stack, texts of 2^16 bytes. Throws Error naming `source`,
/// the position and what is refused.
Pickle read_pickle(std::span<const std::byte> bytes, const std::string& source);

}  // namespace espalier::formats::pytorch
