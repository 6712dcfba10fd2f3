#include "kernels/onednn_yardstick.h"

#if defined(ESPALIER_ONEDNN)

#include <dnnl.hpp>
#include <unordered_map>

#include "tensor/tensor.h"

namespace espalier::kernels {

struct OnednnYardstick::State {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    dnnl::convolution_forward convolution;
    std::unordered_map<int, dnnl::memory> arguments;
    std::string name;
};

namespace {

dnnl::primitive_attr attributes(Activation activation, bool residual) {
    dnnl::post_ops post;
    if (residual) post.append_sum(1.0f);
    if (activation == Activation::kRelu) post.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    if (activation == Activation::kClip) post.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, 0.0f, 6.0f);
    if (activation == Activation::kGelu)
        post.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_erf, 0.0f, 0.0f);
    if (activation == Activation::kSilu)
        post.append_eltwise(1.0f, dnnl::algorithm::eltwise_swish, 1.0f, 0.0f);
    dnnl::primitive_attr attr;
    attr.set_post_ops(post);
    return attr;
}

}  // namespace

OnednnYardstick::OnednnYardstick(const Conv2dShape& s, std::int64_t h, std::int64_t w, Activation activation,
                                 bool residual, bool bf16)
    : state_(std::make_unique<State>()) {
    using dnnl::memory;
    const auto factor = bf16 ? memory::data_type::bf16 : memory::data_type::f32;
    const auto any = [](const memory::dims& dims, memory::data_type type = memory::data_type::f32) {
        return memory::desc(dims, type, memory::format_tag::any);
    };
    memory::dims weights{s.c_out, s.group_in(), s.kernel_h, s.kernel_w};
    if (s.groups > 1) {
        weights.front() /= s.groups;
        weights.insert(weights.begin(), s.groups);
    }
    const dnnl::convolution_forward::desc desc(
        dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_auto, any({1, s.c_in, h, w}, factor),
        any(weights, factor), any({s.c_out}), any({1, s.c_out, s.output_h(h), s.output_w(w)}),
        {s.stride_h, s.stride_w}, {s.dilation_h - 1, s.dilation_w - 1}, {s.pad_top, s.pad_left},
        {s.pad_bottom, s.pad_right});
    const dnnl::convolution_forward::primitive_desc primitive(desc, attributes(activation, residual),
                                                              state_->engine);
    state_->convolution = dnnl::convolution_forward(primitive);
    state_->name = primitive.impl_info_str();
    const auto add = [&](int argument, const memory::desc& md,
                         memory::data_type type = memory::data_type::f32) {
        memory buffer(md, state_->engine);
        const auto fill = [&]<typename T>(T* elements, auto&& convert) {
            for (std::size_t i = 0; i < md.get_size() / sizeof(T); ++i) {
                elements[i] = convert(0.01f * static_cast<float>(i % 97));
            }
        };
        if (type == memory::data_type::bf16) {
            fill(static_cast<std::uint16_t*>(buffer.get_data_handle()), f32_to_bf16);
        } else {
            fill(static_cast<float*>(buffer.get_data_handle()), [](float value) { return value; });
        }
        state_->arguments.emplace(argument, buffer);
    };
    add(DNNL_ARG_SRC, primitive.src_desc(), factor);
    add(DNNL_ARG_WEIGHTS, primitive.weights_desc(), factor);
    add(DNNL_ARG_BIAS, primitive.bias_desc());
    add(DNNL_ARG_DST, primitive.dst_desc());
}

bool OnednnYardstick::available() const { return true; }
std::string OnednnYardstick::name() const { return state_->name; }
void OnednnYardstick::run() const {
    state_->convolution.execute(state_->stream, state_->arguments);
    state_->stream.wait();
}

#else

namespace espalier::kernels {

struct OnednnYardstick::State {};

OnednnYardstick::OnednnYardstick(const Conv2dShape&, std::int64_t, std::int64_t, Activation, bool, bool) {}
bool OnednnYardstick::available() const { return false; }
std::string OnednnYardstick::name() const { return ""; }
void OnednnYardstick::run() const {}

#endif

OnednnYardstick::~OnednnYardstick() = default;

}  // namespace espalier::kernels
