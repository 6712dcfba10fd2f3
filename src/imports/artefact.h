#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier::imports {

/// How sure it is that a figure cannot stand as it is.
enum class Severity {
    kImpossible,  ///< physics, arithmetic or the file itself excludes it
    kSuspicious,  ///< it can be, but a mistake of the measurement is the likelier cause
};

/// "impossible", "suspicious".
std::string name(Severity severity);

/// One kind of artefact: what every find of it has in common. kinds.h lists them.
struct Kind {
    std::string_view code;  ///< stable word for programs
    Severity severity;
    std::string_view why;
    std::string_view advice;
};

/// Something in a measurement that cannot be, or hardly.
struct Artefact {
    const Kind* kind = nullptr;
    std::string where;    ///< lines of a file, or the repetitions and variants that are meant
    std::string figures;  ///< what was found there
};

/// Finds made row by row while a file is read: of each kind and file the first figures and a few lines are
/// kept, and how many there were.
class RowFindings {
  public:
    /// Whether a find on this line will be the first of its kind in the file, so that its figures are worth
    /// writing.
    bool first(const Kind& kind, const std::string& file) const;
    void add(const Kind& kind, const std::string& file, std::int64_t line, std::string figures = "");

    std::vector<Artefact> artefacts() const;

  private:
    struct Find {
        std::vector<std::int64_t> lines;  ///< the first few
        std::int64_t count = 0;
        std::string figures;
    };
    std::map<std::pair<const Kind*, std::string>, Find> finds_;
    std::vector<std::pair<const Kind*, std::string>> order_;
};

}  // namespace espalier::imports
