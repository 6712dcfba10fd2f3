#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// conv(x)  =>  transpose(conv_nhwc(transpose(x))), for every op that works on images, with the transposes
/// carried through pointwise ops, concatenations, slices and pads until they meet and vanish.
graph::Graph channels_last(const graph::Graph& graph, Change& change);

/// transpose(transpose(x))  =>  one transpose or x;  reshape(reshape(x))  =>  one reshape;  transposes that
/// only move axes of extent 1  =>  reshape;  ops that change nothing vanish.
graph::Graph merge_movements(const graph::Graph& graph, Change& change);

}  // namespace espalier::passes
