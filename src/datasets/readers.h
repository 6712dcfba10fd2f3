#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace espalier::datasets {

/// A folder with one sub-folder per class (see match_classes()). Images are the .jpg, .jpeg and .png files at
/// any depth below, sorted folders first, then sorted paths; hidden files and other types are left out, the
/// latter with a warning. Throws a usage Error when there is none.
std::unique_ptr<Dataset> open_image_folder(const std::filesystem::path& folder,
                                           const std::vector<std::string>& labels);

/// A CSV file (RFC 4180) whose heading has the columns "file" (relative to the CSV) and "class_index"; others
/// are ignored. Rows keep their order. Throws a usage Error naming the line that is wrong.
std::unique_ptr<Dataset> open_csv(const std::filesystem::path& file, const std::vector<std::string>& labels);

/// The binary version of CIFAR-10 (Krizhevsky 2009): records of 1 label byte and 3 x 32 x 32 planar RGB
/// bytes. Throws a usage Error unless the file is a whole number of records with labels of the model.
std::unique_ptr<Dataset> open_cifar10(const std::filesystem::path& file,
                                      const std::vector<std::string>& labels);

/// Images in IDX format (LeCun: magic 0x00000803, big-endian count, rows, columns) with labels (magic
/// 0x00000801) in the file of the same name with "labels" for "images" and "idx1" for "idx3". Throws a usage
/// Error when a header, a size or a label is wrong.
std::unique_ptr<Dataset> open_idx(const std::filesystem::path& images,
                                  const std::vector<std::string>& labels);

}  // namespace espalier::datasets
