#pragma once

#include "models/scope.h"

namespace espalier::models {

/// Height and width of a grid of tokens, which lie row by row.
struct Grid {
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t tokens() const { return height * width; }
};

/// Tokens [n, grid.tokens(), c].
struct Tokens {
    graph::NodeId node = graph::NodeId::kNone;
    Grid grid;
};

/// Square windows that cover a grid of tokens (Liu et al. 2021, section 3.2). Tokens of zeros fill the
/// windows that reach over the bottom and right edge; the filled grid is first rolled up and left by `shift`.
struct Windows {
    Grid grid;
    std::int64_t edge = 1;
    std::int64_t shift = 0;

    std::int64_t rows() const { return (grid.height + edge - 1) / edge; }
    std::int64_t columns() const { return (grid.width + edge - 1) / edge; }
    std::int64_t count() const { return rows() * columns(); }
    std::int64_t tokens() const { return edge * edge; }
};

/// The tokens at `indices`; an index behind the last token stands for a token of zeros. [n, t, c] -> [n, i,
/// c].
graph::NodeId pick_tokens(const Scope& scope, graph::NodeId x, graph::Ints indices);

/// [n, grid.tokens(), c] -> [n * count, tokens, c], the windows of each image one behind the other.
graph::NodeId partition(const Scope& scope, graph::NodeId x, const Windows& windows);
/// The inverse of partition(), without the tokens of zeros.
graph::NodeId restore(const Scope& scope, graph::NodeId x, const Windows& windows);

/// Each 2 x 2 tokens side by side, in the order top left, bottom left, top right, bottom right, with zeros
/// behind odd edges. [n, h * w, c] -> [n, ceil(h / 2) * ceil(w / 2), 4 * c].
Tokens merge_neighbours(const Scope& scope, const Tokens& x);

}  // namespace espalier::models
