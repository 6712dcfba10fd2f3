#include "base/build_id.h"

#include <elf.h>
#include <fmt/core.h>
#include <link.h>

#include <cstring>

#include "base/version.h"

namespace espalier {
namespace {

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

/// The build id among the notes of [note, end); empty where there is none.
std::string id_among(const char* note, const char* end) {
    while (note + sizeof(ElfW(Nhdr)) <= end) {
        ElfW(Nhdr) header;
        std::memcpy(&header, note, sizeof(header));
        const char* const owner = note + sizeof(header);
        const char* const content = owner + padded(header.n_namesz);
        if (content + header.n_descsz > end) break;
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(owner, "GNU", 4) == 0) {
            std::string digits;
            for (std::size_t i = 0; i < header.n_descsz; ++i)
                digits += fmt::format("{:02x}", static_cast<unsigned char>(content[i]));
            return digits;
        }
        note = content + padded(header.n_descsz);
    }
    return "";
}

/// Called for the program itself first, and stopped after it.
int find_id(dl_phdr_info* object, std::size_t, void* result) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        if (segment.p_type != PT_NOTE) continue;
        const char* const notes = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
        auto& id = *static_cast<std::string*>(result);
        id = id_among(notes, notes + segment.p_memsz);
        if (!id.empty()) break;
    }
    return 1;
}

}  // namespace

std::string build_id() {
    std::string id;
    dl_iterate_phdr(find_id, &id);
    return id.empty() ? kVersion : fmt::format("{}-{}", kVersion, id);
}

}  // namespace espalier
