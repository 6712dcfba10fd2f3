#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "meters/amdsmi/api.h"
#include "meters/availability.h"

namespace espalier::meters::amdsmi {

/// The library, initialized for GPUs. Shuts it down, and closes it, when destroyed.
class Library {
  public:
    /// `functions` are initialized; `file` keeps what they point into.
    Library(Functions functions, std::shared_ptr<void> file);
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    const Functions& functions() const { return functions_; }

  private:
    std::shared_ptr<void> file_;
    Functions functions_;
};

/// The library, or why there is none.
using Opened = std::variant<std::shared_ptr<const Library>, Availability>;

/// Loads a library by dlopen(3), looks its functions up and initializes it.
Opened open_library(const std::string& file);

/// open_library() of the first of libamd_smi.so.26, .25 and .24 that the loader, or /opt/rocm/lib, has: the
/// versions whose functions are known. Another version is unsupported.
Opened open_system_library();

/// Initializes functions that are at hand, or says why that fails.
Opened initialize(Functions functions, std::shared_ptr<void> file = nullptr);

/// A GPU of this machine. A board may hold several (MI250X has two), of which one counts for both.
struct Gpu {
    std::shared_ptr<const Library> library;  ///< that `handle` belongs to
    Processor handle = nullptr;
    std::string id;  ///< its UUID, or "gpu-0" where it has none
};

std::vector<Gpu> list_gpus(const std::shared_ptr<const Library>& library);

}  // namespace espalier::meters::amdsmi
