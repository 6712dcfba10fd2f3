#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/pixels.h"
#include "lab/workload.h"
#include "runtimes/runtime.h"
#include "store/records.h"

namespace espalier::lab {

/// A model under a tactic, classifying preprocessed images.
class ModelWorkload final : public Workload {
  public:
    /// `sha256` is the model's content as it was when the study was planned; load() refuses another.
    ModelWorkload(runtimes::Runtime& runtime, runtimes::VariantSpec spec, std::string sha256,
                  std::shared_ptr<const PixelFile> pixels);

    void load() override;
    void optimize() override;
    std::int64_t window_calls() const override { return window_calls_; }
    std::int64_t further_calls() const override { return all_calls_ - window_calls_; }
    std::int64_t call(std::int64_t index) override;
    void keep(std::int64_t index) override;
    void unload() override;

    /// What really happened; known after unload().
    const runtimes::Evidence& evidence() const { return evidence_; }
    /// Kept so far, in the order of the images.
    const store::PredictionRecord& predictions() const { return predictions_; }

  private:
    void touch_pixels() const;
    std::int64_t batch_images(std::int64_t index) const;

    runtimes::Runtime& runtime_;
    runtimes::VariantSpec spec_;
    std::string sha256_;
    std::shared_ptr<const PixelFile> pixels_;
    std::unique_ptr<runtimes::Instance> instance_;
    runtimes::Evidence evidence_;
    store::PredictionRecord predictions_;
    Tensor logits_;
    std::int64_t window_calls_ = 0;
    std::int64_t all_calls_ = 0;
};

}  // namespace espalier::lab
