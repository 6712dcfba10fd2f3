#include "lab/regions/region.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::lab {
namespace {

/// A table with the citation that its figures are shown with, and the PUE of its provider.
struct RegionTable {
    std::string_view rows;
    const char* source;
    double pue = 0.0;  ///< 0: not known
};

/// As GreenAlgorithms (GA-data v3.0, default_PUE.csv) collects them from what the providers publish.
constexpr const char* kPueSource = "the provider's, by GreenAlgorithms GA-data v3.0";
constexpr const char* kPueDate = "read 2026-11";

constexpr std::array<RegionTable, 3> kTables = {{
    {
#include "lab/regions/countries.csv"
        ,
        "Our World in Data from Ember and the Energy Institute, CC BY 4.0",
    },
    {
#include "lab/regions/gcp.csv"
        ,
        "Google, Carbon data across GCP regions, by codecarbon, MIT",
        1.12,
    },
    {
#include "lab/regions/azure.csv"
        ,
        "Cloud Carbon Footprint, ccf-coefficients, Apache-2.0",
        1.12,
    },
}};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

Region parse_row(const std::string& line, const RegionTable& table) {
    std::istringstream fields(line);
    std::string value;
    Region region;
    std::getline(fields, region.name, ',');
    std::getline(fields, region.place, ',');
    std::getline(fields, value, ',');
    std::getline(fields, region.carbon.date, ',');
    region.carbon.value = std::stod(value);
    region.carbon.source = region.place + ", " + table.source;
    if (table.pue > 0.0) region.pue = CostFigure{table.pue, kPueDate, kPueSource};
    return region;
}

}  // namespace

std::vector<Region> all_regions() {
    std::vector<Region> regions;
    for (const auto& table : kTables) {
        std::istringstream lines{std::string(table.rows)};
        for (std::string line; std::getline(lines, line);) {
            if (!line.empty() && line.front() != '#') regions.push_back(parse_row(line, table));
        }
    }
    return regions;
}

Region find_region(const std::string& name) {
    std::vector<std::string> names;
    for (auto& region : all_regions()) {
        if (lower(region.name) == lower(name)) return region;
        names.push_back(region.name);
    }
    fail_usage(
        "there is no region '{}'.{} Regions are countries by three letters (ESP), gcp:REGION and "
        "azure:REGION; any other intensity is given as --carbon 350g/kWh",
        name.substr(0, 60), suggestion(name, names));
}

}  // namespace espalier::lab
