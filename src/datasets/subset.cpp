#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "datasets/dataset.h"

namespace espalier::datasets {
namespace {

class Subset final : public Dataset {
  public:
    Subset(std::shared_ptr<const Dataset> whole, std::vector<std::int64_t> indices)
        : whole_(std::move(whole)), indices_(std::move(indices)) {}

    std::string format() const override { return whole_->format(); }
    std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
    int label(std::int64_t index) const override { return whole_->label(at(index)); }
    std::string name(std::int64_t index) const override { return whole_->name(at(index)); }
    Sample sample(std::int64_t index) const override { return whole_->sample(at(index)); }
    const std::vector<std::string>& labels() const override { return whole_->labels(); }

  private:
    std::int64_t at(std::int64_t index) const { return indices_.at(static_cast<std::size_t>(index)); }

    std::shared_ptr<const Dataset> whole_;
    std::vector<std::int64_t> indices_;
};

/// One class's images in seeded order, and how many of them are taken.
struct Stratum {
    std::vector<std::int64_t> indices;
    std::int64_t quota = 0;
    std::int64_t remainder = 0;
};

std::vector<Stratum> strata_of(const Dataset& dataset, Random& random) {
    std::map<int, Stratum> by_label;
    for (std::int64_t i = 0; i < dataset.size(); ++i) by_label[dataset.label(i)].indices.push_back(i);
    std::vector<Stratum> strata;
    for (auto& [label, stratum] : by_label) {
        random.shuffle(std::span(stratum.indices));
        strata.push_back(std::move(stratum));
    }
    // Where remainders tie, a random class gets the odd image rather than always the first.
    random.shuffle(std::span(strata));
    return strata;
}

/// Hare quotas: each class its whole share, the rest to the largest remainders.
void share_out(std::vector<Stratum>& strata, std::int64_t count, std::int64_t size) {
    std::int64_t left = count;
    for (Stratum& stratum : strata) {
        const std::int64_t share = static_cast<std::int64_t>(stratum.indices.size()) * count;
        stratum.quota = share / size;
        stratum.remainder = share % size;
        left -= stratum.quota;
    }
    std::ranges::stable_sort(strata, std::greater{}, &Stratum::remainder);
    for (std::size_t i = 0; left > 0; ++i, --left) ++strata[i].quota;
}

/// Indices of the images that are chosen, and of the others.
struct Division {
    std::vector<std::int64_t> chosen;
    std::vector<std::int64_t> others;
};

Division divide(const Dataset& dataset, std::int64_t count, std::uint64_t seed) {
    if (count <= 0) fail_usage("a subset needs at least one image, not {}", count);
    Random random(seed);
    std::vector<Stratum> strata = strata_of(dataset, random);
    share_out(strata, count, dataset.size());
    Division division;
    for (const Stratum& stratum : strata) {
        const auto end = stratum.indices.begin() + stratum.quota;
        division.chosen.insert(division.chosen.end(), stratum.indices.begin(), end);
        division.others.insert(division.others.end(), end, stratum.indices.end());
    }
    std::ranges::sort(division.chosen);
    std::ranges::sort(division.others);
    return division;
}

}  // namespace

std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, std::int64_t count,
                                      std::uint64_t seed) {
    if (count >= dataset->size()) return dataset;
    auto chosen = divide(*dataset, count, seed).chosen;
    return std::make_shared<Subset>(std::move(dataset), std::move(chosen));
}

std::shared_ptr<const Dataset> outside_subset(std::shared_ptr<const Dataset> dataset, std::int64_t count,
                                              std::uint64_t seed) {
    if (count >= dataset->size()) return nullptr;
    auto others = divide(*dataset, count, seed).others;
    return std::make_shared<Subset>(std::move(dataset), std::move(others));
}

}  // namespace espalier::datasets
