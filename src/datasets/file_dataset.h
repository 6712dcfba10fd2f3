#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace espalier::datasets {

/// A data set of separate image files: what ImageFolder and CSV manifests come down to.
class FileDataset final : public Dataset {
  public:
    struct Entry {
        std::string name;  ///< relative to the root
        int label;
    };

    FileDataset(std::string format, std::filesystem::path root, std::vector<Entry> entries,
                std::vector<std::string> labels)
        : format_(std::move(format)),
          root_(std::move(root)),
          entries_(std::move(entries)),
          labels_(std::move(labels)) {}

    std::string format() const override { return format_; }
    std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }
    int label(std::int64_t index) const override {
        return entries_.at(static_cast<std::size_t>(index)).label;
    }
    std::string name(std::int64_t index) const override {
        return entries_.at(static_cast<std::size_t>(index)).name;
    }
    Sample sample(std::int64_t index) const override;
    const std::vector<std::string>& labels() const override { return labels_; }

  private:
    std::string format_;
    std::filesystem::path root_;
    std::vector<Entry> entries_;
    std::vector<std::string> labels_;
};

}  // namespace espalier::datasets
