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

}  // namespace

std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, std::int64_t count,
                                      std::uint64_t seed) {
    if (count <= 0) fail_usage("a subset needs at least one image, not {}", count);
    if (count >= dataset->size()) return dataset;
    Random random(seed);
    std::vector<Stratum> strata = strata_of(*dataset, random);
    share_out(strata, count, dataset->size());
    std::vector<std::int64_t> chosen;
    for (const Stratum& stratum : strata) {
        chosen.insert(chosen.end(), stratum.indices.begin(), stratum.indices.begin() + stratum.quota);
    }
    std::ranges::sort(chosen);
    return std::make_shared<Subset>(std::move(dataset), std::move(chosen));
}

}  // namespace espalier::datasets
