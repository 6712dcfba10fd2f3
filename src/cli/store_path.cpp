#include "cli/store_path.h"

namespace espalier::cli {

std::filesystem::path store_path(const Globals& globals) {
    return globals.store.empty() ? std::filesystem::path(".espalier") / "lab.db"
                                 : std::filesystem::path(globals.store);
}

}  // namespace espalier::cli
