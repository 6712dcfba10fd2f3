#pragma once

#include <functional>
#include <string>

#include "base/units.h"
#include "hub/directory.h"

namespace espalier::hub {

/// An exclusive lock on one blob, held until the end of the object: flock(2) on a file, as huggingface_hub
/// takes it, so that the two wait for each other.
class Lock {
  public:
    /// Waits for whoever holds it, and says so once. `pause` is called between tries.
    Lock(const Directory& folder, const std::string& name, const std::function<void(Seconds)>& pause);

  private:
    Descriptor file_;
};

}  // namespace espalier::hub
