#pragma once

#include <string_view>

#include "formats/pytorch/value.h"

namespace espalier::formats::pytorch {

/// The class or function of that name, if a checkpoint of weights needs it:
///   collections.OrderedDict, torch.Size, torch._utils._rebuild_tensor_v2, torch._utils._rebuild_parameter,
///   torch.FloatStorage and the other storages of supported element types.
/// Throws Error naming any other.
Global find_global(std::string_view module, std::string_view name);

/// The value of global(*arguments), appended to `values` unless it is one of the arguments, which must be a
/// tuple. Throws Error when the arguments are not those that torch.save writes.
Ref call(Global global, Ref arguments, Values& values);

/// The storage that a persistent id ("storage", type, key, location, elements) names.
Storage storage_of(const Tuple& id, const Values& values);

}  // namespace espalier::formats::pytorch
