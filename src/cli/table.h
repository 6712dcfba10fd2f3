#pragma once

#include <string>
#include <vector>

namespace espalier::cli {

/// Rows of cells; the first row is the heading.
using Table = std::vector<std::vector<std::string>>;

/// Columns aligned with spaces, the first to the left and the others to the right.
std::string write_aligned(const Table& table);
/// GitHub-flavoured Markdown; '|' in cells is escaped.
std::string write_markdown(const Table& table);
/// RFC 4180.
std::string write_csv(const Table& table);
/// One record per line, tab separated, no heading.
std::string write_plain(const Table& table);

}  // namespace espalier::cli
