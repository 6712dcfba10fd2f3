#include <algorithm>

#include "base/error.h"
#include "formats/pytorch/pickle.h"
#include "formats/pytorch/printable.h"
#include "formats/pytorch/pytorch.h"
#include "formats/pytorch/strided.h"
#include "formats/pytorch/zip.h"

namespace espalier::formats {

using namespace pytorch;

namespace {

constexpr std::string_view kPickle = "/data.pkl";

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Files that are not ZIP archives, by what users take for one.
void check_kind(std::span<const std::byte> bytes, const std::string& source) {
    // A pickle (protocol 2) of the integer 0x1950a86a20f9469cfc6c.
    constexpr std::string_view kOldMagic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14};
    const std::string_view text = text_of(bytes);
    if (text.starts_with("PK\x03\x04")) return;
    if (text.starts_with(kOldMagic) || (text.size() > 262 && text.substr(257, 5) == "ustar")) {
        fail(
            "{} has the form that torch.save used before PyTorch 1.6, which is not read. Convert it with "
            "PyTorch: torch.save(torch.load('{}', map_location='cpu', weights_only=True), 'new.bin')",
            source, std::filesystem::path(source).filename().string());
    }
    if (text.starts_with("version https://git-lfs")) {
        fail("{} is a pointer of Git LFS, not the checkpoint itself; run 'git lfs pull' in its folder",
             source);
    }
    fail("{} is not a PyTorch checkpoint: it is no ZIP archive", source);
}

/// The folder in the archive that holds everything: "archive", or the name of the file when it was saved.
std::string root_of(const ZipEntries& entries, const std::string& source) {
    std::string root;
    for (const auto& [name, content] : entries) {
        if (!name.ends_with(kPickle) || name.find('/') != name.size() - kPickle.size()) continue;
        if (!root.empty())
            fail("{} holds two checkpoints, '{}' and '{}'", source, printable(root), printable(name));
        root = name.substr(0, name.size() - kPickle.size());
    }
    if (root.empty()) fail("{} is a ZIP archive without data.pkl, not a PyTorch checkpoint", source);
    if (entries.contains(root + "/constants.pkl")) {
        fail("{} is a TorchScript program, not a checkpoint of weights; save its state_dict()", source);
    }
    return root;
}

void check_byte_order(const ZipEntries& entries, const std::string& root, const std::string& source) {
    const auto found = entries.find(root + "/byteorder");
    if (found == entries.end() || text_of(found->second) == "little") return;
    fail("{}: the byte order is '{}', but only 'little' is supported", source,
         printable(text_of(found->second)));
}

/// The first key of a dictionary that does not hold a tensor; null where every one does.
const std::pair<Ref, Ref>* first_other(const Dict& dict, const Values& values) {
    const auto found = std::find_if(dict.items.begin(), dict.items.end(), [&](const auto& item) {
        return !std::holds_alternative<std::string_view>(values[item.first]) ||
               !std::holds_alternative<StridedTensor>(values[item.second]);
    });
    return found == dict.items.end() ? nullptr : &*found;
}

const Dict* state_dict_in(const Dict& dict, const Values& values) {
    for (const auto& [key, value] : dict.items) {
        const auto* name = std::get_if<std::string_view>(&values[key]);
        const auto* inner = std::get_if<Dict>(&values[value]);
        if (name && *name == "state_dict" && inner && !first_other(*inner, values)) return inner;
    }
    return nullptr;
}

std::string described(const Value& key) {
    const auto* text = std::get_if<std::string_view>(&key);
    return text ? fmt::format("the key '{}'", printable(*text))
                : fmt::format("a key of type {}", type_name(key));
}

/// The dictionary of tensors.
const Dict& state_dict_of(const Pickle& pickle, const std::string& source, std::vector<std::string>& notes) {
    const auto* top = std::get_if<Dict>(&pickle.top());
    if (!top) {
        fail("{} holds a {}, but a dictionary of tensors was expected; save the model's state_dict()", source,
             type_name(pickle.top()));
    }
    const auto* other = first_other(*top, pickle.values);
    if (!other) return *top;
    if (const Dict* inner = state_dict_in(*top, pickle.values)) {
        notes.push_back(fmt::format("The weights are those under 'state_dict' in {}.",
                                    std::filesystem::path(source).filename().string()));
        return *inner;
    }
    fail("{}: {} holds a {}, but a dictionary of tensors was expected. Save the model's state_dict() alone",
         source, described(pickle.values[other->first]), type_name(pickle.values[other->second]));
}

class Storages {
  public:
    Storages(const SharedBytes& file, const ZipEntries& entries, std::string root)
        : file_(file), entries_(entries), root_(std::move(root)) {}

    SharedBytes content(const Storage& storage) const {
        const auto found = entries_.find(fmt::format("{}/data/{}", root_, storage.key));
        if (found == entries_.end()) fail("the archive lacks its storage '{}'", printable(storage.key));
        return {found->second, file_.owner};
    }

  private:
    const SharedBytes& file_;
    const ZipEntries& entries_;
    std::string root_;
};

TensorMap tensors_of(const Dict& dict, const Values& values, const Storages& storages, std::size_t file_bytes,
                     const std::string& source) {
    // Transposed and sliced tensors hold at most what the file holds, unless they repeat elements.
    std::size_t copy_budget_bytes = (std::size_t{64} << 20) + 2 * file_bytes;
    TensorMap tensors;
    for (const auto& [key, value] : dict.items) {
        const auto name = std::get<std::string_view>(values[key]);
        const auto& strided = std::get<StridedTensor>(values[value]);
        try {
            if (printable(name) != name) fail("its name is not printable ASCII of at most 512 characters");
            Tensor tensor = dense(strided, storages.content(strided.storage), copy_budget_bytes);
            if (!tensors.emplace(name, std::move(tensor)).second) fail("its name occurs twice");
        } catch (const Error& error) {
            fail("{}: tensor '{}': {}", source, printable(name), error.what());
        }
    }
    return tensors;
}

}  // namespace

PytorchCheckpoint read_pytorch(const SharedBytes& file, const std::string& source) {
    check_kind(file.bytes, source);
    const ZipEntries entries = read_zip(file.bytes, source);
    const std::string root = root_of(entries, source);
    check_byte_order(entries, root, source);
    const Pickle pickle = read_pickle(entries.at(root + std::string(kPickle)), source);
    PytorchCheckpoint checkpoint;
    const Dict& state_dict = state_dict_of(pickle, source, checkpoint.notes);
    checkpoint.tensors =
        tensors_of(state_dict, pickle.values, Storages(file, entries, root), file.bytes.size(), source);
    return checkpoint;
}

PytorchCheckpoint read_pytorch(const std::filesystem::path& path) {
    return read_pytorch(SharedBytes::of_file(path), path.string());
}

}  // namespace espalier::formats
