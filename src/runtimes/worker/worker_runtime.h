#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "runtimes/runtime.h"
#include "runtimes/worker/exchange.h"
#include "runtimes/worker/worker_process.h"

namespace espalier::runtimes {

/// What a worker says of itself.
struct WorkerHello {
    std::string runtime;
    std::string version;
    std::map<std::string, std::string> libraries;  ///< name -> version
    std::vector<std::string> devices;
    std::vector<std::string> formats;  ///< that it reads, of "huggingface", "espalier" and "onnx"

    bool reads(const std::string& format) const;
};

/// Starts the exchange. Throws Error where the worker speaks another protocol or says less than it must.
WorkerHello greet(WorkerProcess& worker);

/// A runtime whose every variant is executed by a process of its own (docs/runtimes.md).
class WorkerRuntime final : public Runtime {
  public:
    explicit WorkerRuntime(WorkerCommand command, WorkerPatience patience = {});

    std::string name() const override { return command_.runtime; }
    std::string version() override;
    std::map<std::string, std::string> libraries() override;
    std::string objection(const VariantSpec& spec) override;
    ModelInfo look(const VariantSpec& spec) override;
    void start(const VariantSpec& spec) override;
    std::unique_ptr<Instance> load(const VariantSpec& spec) override;
    int process() const override;
    /// Starts the worker where none runs.
    const WorkerHello& hello();

  private:
    /// A model in the form that the worker reads.
    struct Form {
        std::string named;  ///< as the user did
        ModelInfo info;
        std::string folder;  ///< that the worker reads where there is no ONNX file
        std::optional<std::string> onnx;
        std::int64_t macs = 0;  ///< of the model's graph, per image
    };

    WorkerProcess& worker();
    const Form& form_of(const VariantSpec& spec);
    std::string exchanged(Exchange form, const models::Model& model, const VariantSpec& spec);

    WorkerCommand command_;
    WorkerPatience patience_;
    std::shared_ptr<WorkerProcess> worker_;  ///< greeted; load() gives it away
    std::optional<WorkerHello> hello_;
    std::optional<Form> form_;
    std::unique_ptr<TemporaryFolder> own_cache_;
    int process_ = 0;
};

}  // namespace espalier::runtimes
