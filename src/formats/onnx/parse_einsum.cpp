#include <algorithm>

#include "base/error.h"
#include "formats/onnx/batched_product.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// The axes of one operand or of the result, a letter each.
struct Equation {
    std::string a, b, y;
};

bool contains(const std::string& letters, char letter) { return letters.find(letter) != std::string::npos; }

void check_letters(const std::string& letters, int rank) {
    if (static_cast<int>(letters.size()) != rank)
        fail("'{}' does not name the axes of a value of rank {}", letters, rank);
    for (const char letter : letters) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
        if (!plain || std::count(letters.begin(), letters.end(), letter) != 1)
            fail("the axes '{}' are not supported: each must be a letter of its own", letters);
    }
}

/// "ab, bc -> ac"
Equation parse_equation(std::string text) {
    std::erase(text, ' ');
    const auto comma = text.find(',');
    const auto arrow = text.find("->");
    if (comma == std::string::npos || arrow == std::string::npos || comma > arrow)
        fail("the equation '{}' is not a product of two values with a named result", text);
    return {text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
}

/// The letters of `of` for which `keep` holds, in their order.
template <typename Keep>
std::string letters_where(const std::string& of, Keep keep) {
    std::string result;
    std::copy_if(of.begin(), of.end(), std::back_inserter(result), keep);
    return result;
}

/// `x` with its axes in another order of the same letters.
NodeId ordered(Call& call, NodeId x, const std::string& from, const std::string& to) {
    if (from == to) return x;
    Ints perm;
    for (const char letter : to) perm.push_back(static_cast<std::int64_t>(from.find(letter)));
    return call.add(Transpose{perm}, {x});
}

/// `x` with its axes joined into one for each group of letters, whose lengths are given.
NodeId joined(Call& call, NodeId x, const std::vector<std::size_t>& groups) {
    const auto extents = call.graph().extents(x);
    std::vector<Extent> to;
    std::size_t axis = 0;
    for (const std::size_t length : groups) {
        Extent all{1, 0};
        for (std::size_t i = 0; i < length; ++i) all = all * extents[axis++];
        to.push_back(all);
    }
    return to == extents ? x : call.reshape(x, to);
}

}  // namespace

/// A product of two values summed over the letters that the result lacks: y[batch, m, n] = sum_k a[batch, m,
/// k] b[batch, n, k], where each of the four stands for any number of axes.
void parse_einsum(Call& call) {
    if (call.inputs() != 2) fail("only products of two values are supported, not of {}", call.inputs());
    const Equation e = parse_equation(call.text("equation", ""));
    NodeId a = call.operand(0);
    NodeId b = call.operand(1);
    check_letters(e.a, call.type(a).shape.rank());
    check_letters(e.b, call.type(b).shape.rank());
    const auto batch = letters_where(e.y, [&](char l) { return contains(e.a, l) && contains(e.b, l); });
    const auto rows = letters_where(e.y, [&](char l) { return contains(e.a, l) && !contains(e.b, l); });
    const auto columns = letters_where(e.y, [&](char l) { return !contains(e.a, l) && contains(e.b, l); });
    const auto summed = letters_where(e.a, [&](char l) { return contains(e.b, l) && !contains(e.y, l); });
    check_letters(e.y, static_cast<int>(batch.size() + rows.size() + columns.size()));
    if (e.a.size() != batch.size() + rows.size() + summed.size() ||
        e.b.size() != batch.size() + columns.size() + summed.size())
        fail("a sum over an axis of one value alone is not supported");
    a = ordered(call, a, e.a, batch + rows + summed);
    b = ordered(call, b, e.b, batch + columns + summed);
    std::vector<Extent> y_extents = call.graph().extents(a);
    y_extents.resize(batch.size() + rows.size());
    const auto b_extents = call.graph().extents(b);
    for (std::size_t i = 0; i < columns.size(); ++i) y_extents.push_back(b_extents[batch.size() + i]);
    std::vector<std::size_t> single(batch.size(), 1);
    std::vector<std::size_t> a_groups = single, b_groups = single;
    a_groups.insert(a_groups.end(), {rows.size(), summed.size()});
    b_groups.insert(b_groups.end(), {columns.size(), summed.size()});
    NodeId y = batched_product(call, joined(call, a, a_groups), joined(call, b, b_groups), true);
    if (rows.size() != 1 || columns.size() != 1) y = call.reshape(y, y_extents);
    call.give(ordered(call, y, batch + rows + columns, e.y));
}

}  // namespace espalier::formats::onnx
