#include "models/windows.h"

#include <algorithm>

#include "base/error.h"

namespace espalier::models {

using namespace graph;

namespace {

/// Most tokens of a grid, which has an index each: an image of 2048 x 2048 pixels in patches of 4 x 4.
constexpr std::int64_t kMostTokens = std::int64_t{1} << 18;

void check_size(const Grid& grid) {
    if (grid.tokens() > kMostTokens) {
        fail("a grid of {} x {} tokens is too large: at most {} tokens can be rearranged", grid.height,
             grid.width, kMostTokens);
    }
}

/// The token at each place of each window; grid.tokens() for a token of zeros.
Ints window_order(const Windows& windows) {
    const auto& [grid, edge, shift] = windows;
    check_size({windows.rows() * edge, windows.columns() * edge});
    const std::int64_t height = windows.rows() * edge;
    const std::int64_t width = windows.columns() * edge;
    Ints order;
    for (std::int64_t window = 0; window < windows.count(); ++window) {
        for (std::int64_t place = 0; place < windows.tokens(); ++place) {
            const std::int64_t row = (window / windows.columns() * edge + place / edge + shift) % height;
            const std::int64_t column = (window % windows.columns() * edge + place % edge + shift) % width;
            const bool filled = row >= grid.height || column >= grid.width;
            order.push_back(filled ? grid.tokens() : row * grid.width + column);
        }
    }
    return order;
}

/// Where each token lies within window_order().
Ints place_of_each_token(const Windows& windows) {
    const Ints order = window_order(windows);
    Ints places(static_cast<std::size_t>(windows.grid.tokens()));
    for (std::size_t place = 0; place < order.size(); ++place) {
        if (order[place] < windows.grid.tokens()) {
            places[static_cast<std::size_t>(order[place])] = static_cast<std::int64_t>(place);
        }
    }
    return places;
}

bool is_whole(const Windows& windows) {
    return windows.shift == 0 && windows.edge == windows.grid.height && windows.edge == windows.grid.width;
}

}  // namespace

NodeId pick_tokens(const Scope& scope, NodeId x, Ints indices) {
    const std::int64_t tokens = scope.type(x).shape[1];
    const bool filled = std::find(indices.begin(), indices.end(), tokens) != indices.end();
    if (filled) x = scope.add(Pad{.before = {0, 0, 0}, .after = {0, 1, 0}}, {x}, "zeros");
    return scope.add(Gather{.axis = 1, .indices = std::move(indices)}, {x}, "picked");
}

NodeId partition(const Scope& scope, NodeId x, const Windows& windows) {
    if (is_whole(windows)) return x;
    const std::int64_t width = scope.type(x).shape[2];
    const NodeId ordered = pick_tokens(scope / "partition", x, window_order(windows));
    return scope.add(Reshape{{-1, windows.tokens(), width}}, {ordered}, "windows");
}

NodeId restore(const Scope& scope, NodeId x, const Windows& windows) {
    if (is_whole(windows)) return x;
    const std::int64_t width = scope.type(x).shape[2];
    const NodeId rows = scope.add(Reshape{{-1, windows.count() * windows.tokens(), width}}, {x}, "rows");
    return pick_tokens(scope / "restore", rows, place_of_each_token(windows));
}

Tokens merge_neighbours(const Scope& scope, const Tokens& x) {
    const Grid& from = x.grid;
    check_size(from);
    const Grid to{(from.height + 1) / 2, (from.width + 1) / 2};
    Ints order;
    for (std::int64_t token = 0; token < to.tokens(); ++token) {
        for (std::int64_t neighbour = 0; neighbour < 4; ++neighbour) {
            const std::int64_t row = token / to.width * 2 + neighbour % 2;
            const std::int64_t column = token % to.width * 2 + neighbour / 2;
            const bool filled = row >= from.height || column >= from.width;
            order.push_back(filled ? from.tokens() : row * from.width + column);
        }
    }
    const NodeId picked = pick_tokens(scope, x.node, std::move(order));
    const std::int64_t width = scope.type(x.node).shape[2];
    return {scope.add(Reshape{{0, to.tokens(), 4 * width}}, {picked}, "neighbours"), to};
}

}  // namespace espalier::models
