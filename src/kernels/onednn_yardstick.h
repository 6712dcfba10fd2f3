#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// The same layer in oneDNN, in whatever layouts it likes best and with random content: only for comparing
/// times in the benchmark. Threads follow OMP_NUM_THREADS.
class OnednnYardstick {
  public:
    /// `bf16`: input and weights are bf16, the output f32.
    OnednnYardstick(const Conv2dShape& shape, std::int64_t h, std::int64_t w, Activation activation,
                    bool residual, bool bf16 = false);
    ~OnednnYardstick();

    /// False where the benchmark was built without oneDNN.
    bool available() const;
    /// The implementation oneDNN chose.
    std::string name() const;
    void run() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace espalier::kernels
