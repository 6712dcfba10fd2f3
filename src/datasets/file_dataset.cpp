#include "datasets/file_dataset.h"

#include "base/mapped_file.h"

namespace espalier::datasets {

Sample FileDataset::sample(std::int64_t index) const {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const auto file = MappedFile::open(root_ / entry.name);
    const auto bytes = file->bytes();
    return {entry.name, entry.label, std::vector<std::byte>(bytes.begin(), bytes.end())};
}

}  // namespace espalier::datasets
