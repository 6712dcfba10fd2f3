#pragma once

#include <string_view>

namespace espalier::report {

/// The report's page without data, web/dist/report.html as it was committed when the library was built.
std::string_view page_template();

}  // namespace espalier::report
