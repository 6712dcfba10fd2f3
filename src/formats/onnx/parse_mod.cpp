#include "base/error.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {
namespace {

/// The remainder with the sign of the divisor, or of the dividend where `c_like`.
std::int64_t remainder(std::int64_t a, std::int64_t b, bool c_like) {
    if (b == 0) fail("a shape computation divides {} by zero", a);
    if (b == -1) return 0;
    const std::int64_t left = a % b;
    return left != 0 && !c_like && (left < 0) != (b < 0) ? left + b : left;
}

}  // namespace

/// Mod of constant integers and shapes; what is left of a multiple of the batch size is 0.
void parse_mod(Call& call) {
    const auto a = call.integers(0);
    const auto b = call.integers(1);
    if (!a || !b) fail("only constant integers and shapes have a remainder");
    const bool c_like = call.integer("fmod", 0) != 0;
    call.give(combine(*a, *b, [c_like](Extent l, Extent r) {
        if (!r.known()) fail("a remainder by the batch size is not supported");
        if (!l.known() && remainder(l.per_batch, r.constant, c_like) != 0)
            fail("the remainder of {} by {} depends on the batch size", l.str(), r.constant);
        return Extent{remainder(l.constant, r.constant, c_like), 0};
    }));
}

}  // namespace espalier::formats::onnx
