#include "models/checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "formats/pytorch/pytorch.h"
#include "formats/safetensors/safetensors.h"
#include "formats/shards.h"

namespace espalier::models {
namespace {

using Notes = std::vector<std::string>;

formats::TensorMap read_safetensors_file(const std::filesystem::path& path, Notes&) {
    return formats::read_safetensors(path).tensors;
}

formats::TensorMap read_pytorch_file(const std::filesystem::path& path, Notes& notes) {
    formats::PytorchCheckpoint checkpoint = formats::read_pytorch(path);
    notes.insert(notes.end(), checkpoint.notes.begin(), checkpoint.notes.end());
    return std::move(checkpoint.tensors);
}

struct Form {
    const char* file;
    bool is_index;  ///< of several files
    formats::TensorMap (*read)(const std::filesystem::path& path, Notes& notes);
};

/// In order of preference: safetensors need no interpreter.
constexpr std::array<Form, 4> kForms{{
    {kWeightsFile, false, read_safetensors_file},
    {kShardsFile, true, read_safetensors_file},
    {kPytorchFile, false, read_pytorch_file},
    {kPytorchShardsFile, true, read_pytorch_file},
}};

const Form* find_form(const Folder& folder) {
    const auto found =
        std::find_if(kForms.begin(), kForms.end(), [&](const Form& form) { return folder.has(form.file); });
    return found == kForms.end() ? nullptr : &*found;
}

}  // namespace

bool has_checkpoint(const Folder& folder) { return find_form(folder) != nullptr; }

Checkpoint read_checkpoint(const Folder& folder) {
    const Form* form = find_form(folder);
    if (!form) {
        std::vector<std::string_view> names;
        for (const Form& known : kForms) names.emplace_back(known.file);
        fail("{} has no weights: none of {}", folder.path.string(), fmt::join(names, ", "));
    }
    Checkpoint checkpoint{{}, {form->file}, {}};
    const std::filesystem::path path = folder.path / form->file;
    if (!form->is_index) {
        checkpoint.tensors = form->read(path, checkpoint.notes);
        return checkpoint;
    }
    formats::Shards shards =
        formats::read_shards(path, [&](const auto& file) { return form->read(file, checkpoint.notes); });
    checkpoint.tensors = std::move(shards.tensors);
    checkpoint.files.insert(checkpoint.files.end(), shards.files.begin(), shards.files.end());
    return checkpoint;
}

}  // namespace espalier::models
