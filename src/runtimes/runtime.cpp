#include "runtimes/runtime.h"

#include "base/error.h"
#include "base/suggest.h"
#include "runtimes/native/native.h"

namespace espalier::runtimes {

std::unique_ptr<Runtime> make_runtime(const std::string& name) {
    if (name == "native") return std::make_unique<NativeRuntime>();
    const std::string known[] = {"native"};
    fail_usage("unknown runtime '{}'.{} Known runtimes: native", name, suggestion(name, known));
}

}  // namespace espalier::runtimes
