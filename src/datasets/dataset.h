#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "datasets/image.h"

namespace espalier::datasets {

/// One labelled image, as stored: an encoded file, or raw pixels where the format has no encoding.
struct Sample {
    std::string name;  ///< path relative to the data set, or "FILE#INDEX"
    int label = 0;     ///< class index of the model
    std::variant<std::vector<std::byte>, Image> content;
};

/// Decodes a sample's content. Throws Error naming the sample when it is damaged.
Image decode(const Sample& sample);

/// Labelled images in a fixed order. Reading is const and safe from several threads.
class Dataset {
  public:
    virtual ~Dataset() = default;

    /// "imagefolder", "csv", "cifar10" or "idx".
    virtual std::string format() const = 0;
    /// Number of images; never 0.
    virtual std::int64_t size() const = 0;
    /// Class index of image `index`, known without reading the image.
    virtual int label(std::int64_t index) const = 0;
    /// Name of image `index`, the same wherever the data set lies.
    virtual std::string name(std::int64_t index) const = 0;
    /// Reads image `index` in [0, size()). Throws Error when its file has vanished or cannot be read.
    virtual Sample sample(std::int64_t index) const = 0;
    /// Class index -> label, as the model has them.
    virtual const std::vector<std::string>& labels() const = 0;
};

/// Opens a data set whose classes are those of a model with the given `labels`:
/// - a folder with labels.csv, or a .csv file: columns file (relative to the CSV) and class_index;
/// - a CIFAR-10 binary file (*.bin), or a folder with exactly one;
/// - an IDX file (*idx3-ubyte) with its label file beside it, or a folder with both;
/// - any other folder: one sub-folder per class, named as the label or as the class index.
/// Throws Error (usage) when the path fits none of these, holds no image, or its classes are not the model's.
std::unique_ptr<Dataset> open_dataset(const std::filesystem::path& path,
                                      const std::vector<std::string>& labels);

/// `count` images, spread over the classes in proportion, chosen by `seed` and kept in their order; all of
/// them when count >= size(). The same arguments give the same images on every machine. Throws Error unless
/// count > 0.
std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, std::int64_t count,
                                      std::uint64_t seed);

/// What subset() with the same arguments leaves over; null where it leaves nothing.
std::shared_ptr<const Dataset> outside_subset(std::shared_ptr<const Dataset> dataset, std::int64_t count,
                                              std::uint64_t seed);

/// SHA-256 of each image's content, in hexadecimal: the same for the same file or pixels under any name.
std::vector<std::string> image_sha256s(const Dataset& dataset);

/// Identity of names, labels and contents, in order: SHA-256 in hexadecimal. Reads every image.
std::string content_sha256(const Dataset& dataset);

}  // namespace espalier::datasets
