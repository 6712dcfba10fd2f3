#include "passes/pass.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace espalier::passes {

graph::Graph run_passes(const graph::Graph& graph, std::span<const Pass> passes,
                        std::vector<PassRecord>& records, std::span<const std::string> disabled) {
    const MonotonicClock clock;
    graph::Graph current = graph;
    for (const Pass& pass : passes) {
        if (std::find(disabled.begin(), disabled.end(), pass.name) != disabled.end()) continue;
        const Seconds start = clock.now();
        Change change;
        const int before = current.operations();
        try {
            graph::Graph next = pass.apply(current, change);
            graph::verify(next);
            current = std::move(next);
        } catch (const Error& error) {
            log::debug("graph before pass {}:\n{}", pass.name, graph::print(current));
            fail("pass {}: {}", pass.name, error.what());
        }
        records.push_back({std::string(pass.name), change.count, before, current.operations(),
                           (clock.now() - start).value(), change.removed_parameters, std::move(change.notes),
                           std::move(change.kept)});
    }
    return current;
}

}  // namespace espalier::passes
