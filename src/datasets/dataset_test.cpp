#include "datasets/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include <fstream>
#include <map>
#include <set>

#include "datasets/golden_test.h"

namespace espalier::datasets {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kPets{"cat", "dog", "tench, Tinca tinca"};

/// A folder of its own for each test, removed afterwards.
class DatasetTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        root_ = fs::temp_directory_path() / fmt::format("espalier-{}-{}", getpid(), test->name());
        fs::create_directories(root_);
    }
    void TearDown() override { fs::remove_all(root_); }

    void write(const std::string& name, const std::string& content) const {
        fs::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name, std::ios::binary) << content;
    }
    void image(const std::string& name) const {
        fs::create_directories((root_ / name).parent_path());
        fs::copy_file(golden_dir() / "images" / "one_pixel.jpg", root_ / name);
    }
    std::string problem(const std::string& name = "", const std::vector<std::string>& labels = kPets) const {
        try {
            open_dataset(root_ / name, labels);
            return {};
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kUsage);
            return error.what();
        }
    }
    std::vector<std::string> listing(const std::string& name = "",
                                     const std::vector<std::string>& labels = kPets) const {
        const auto dataset = open_dataset(root_ / name, labels);
        std::vector<std::string> lines;
        for (std::int64_t i = 0; i < dataset->size(); ++i) {
            const Sample sample = dataset->sample(i);
            EXPECT_EQ(sample.name, dataset->name(i));
            EXPECT_EQ(sample.label, dataset->label(i));
            EXPECT_GT(decode(sample).height, 0);
            lines.push_back(fmt::format("{} {}", sample.name, sample.label));
        }
        return lines;
    }

    fs::path root_;
};

TEST_F(DatasetTest, ImageFolderSortsFoldersThenFiles) {
    for (const char* name : {"dog/b.jpg", "dog/a.JPG", "dog/deeper/c.jpeg", "cat/2.jpg", "dog/.hidden.jpg"})
        image(name);
    write("cat/notes.txt", "no image");
    EXPECT_THAT(listing(), ElementsAre("cat/2.jpg 0", "dog/a.JPG 1", "dog/b.jpg 1", "dog/deeper/c.jpeg 1"));
}

TEST_F(DatasetTest, FoldersMatchLabelsLeniently) {
    for (const char* name : {"Tinca_Tinca/1.jpg", "CAT/1.jpg"}) image(name);
    EXPECT_THAT(listing(), ElementsAre("CAT/1.jpg 0", "Tinca_Tinca/1.jpg 2"));
}

TEST_F(DatasetTest, FoldersMayBeClassIndices) {
    for (const char* name : {"0/1.jpg", "2/1.jpg"}) image(name);
    EXPECT_THAT(listing(), ElementsAre("0/1.jpg 0", "2/1.jpg 2"));
    // Labels that are numbers themselves are matched as labels.
    EXPECT_THAT(listing("", {"2", "1", "0"}), ElementsAre("0/1.jpg 2", "2/1.jpg 0"));
}

TEST_F(DatasetTest, AsManyUnknownFoldersAsClassesAreTakenInOrder) {
    for (const char* name : {"n03/1.jpg", "n01/1.jpg", "n02/1.jpg"}) image(name);
    EXPECT_THAT(listing(), ElementsAre("n01/1.jpg 0", "n02/1.jpg 1", "n03/1.jpg 2"));
}

TEST_F(DatasetTest, FoldersThatFitNoLabelAreListed) {
    for (const char* name : {"cat/1.jpg", "dgo/1.jpg", "zebra/1.jpg"}) image(name);
    EXPECT_THAT(problem(), testing::AllOf(HasSubstr("\"dgo\""), HasSubstr("\"zebra\""), HasSubstr("2 of 3")));
    EXPECT_THAT(problem("", {"cat", "zebra", "crane", "crane", "dogs"}), HasSubstr("dgo"));
}

TEST_F(DatasetTest, ALabelOfTwoClassesIsAmbiguous) {
    image("crane/1.jpg");
    EXPECT_THAT(problem("", {"crane", "dog", "crane"}), HasSubstr("more than one label"));
}

TEST_F(DatasetTest, NothingToReadIsAnError) {
    EXPECT_THAT(problem(), HasSubstr("no class folders"));
    EXPECT_THAT(problem("absent"), HasSubstr("there is no data set"));
    write("cat/readme.txt", "");
    EXPECT_THAT(problem(), HasSubstr("none of them holds"));
    write("archive.zip", "");
    EXPECT_THAT(problem("archive.zip"), HasSubstr("is no data set"));
}

TEST_F(DatasetTest, CsvKeepsTheOrderOfRows) {
    for (const char* name : {"b.jpg", "a, \"b\".jpg"}) image(name);
    write("labels.csv",
          "\xef\xbb\xbf"
          "note,file,class_index\r\nx,b.jpg,1\r\n\r\n\"y,\nz\",\"a, \"\"b\"\".jpg\",0\r\n");
    EXPECT_THAT(listing(), ElementsAre("b.jpg 1", "a, \"b\".jpg 0"));
    EXPECT_THAT(listing("labels.csv"), ElementsAre("b.jpg 1", "a, \"b\".jpg 0"));
}

TEST_F(DatasetTest, CsvErrorsNameTheLine) {
    image("a.jpg");
    const auto problem_of_csv = [&](const std::string& text) {
        write("labels.csv", text);
        return problem();
    };
    EXPECT_THAT(problem_of_csv(""), HasSubstr("is empty"));
    EXPECT_THAT(problem_of_csv("file,label\na.jpg,1\n"), HasSubstr("class_index"));
    EXPECT_THAT(problem_of_csv("file,class_index\n"), HasSubstr("lists no image"));
    EXPECT_THAT(problem_of_csv("file,class_index\na.jpg,1\na.jpg\n"), HasSubstr("line 3"));
    EXPECT_THAT(problem_of_csv("file,class_index\na.jpg,3\n"), HasSubstr("0 to 2"));
    EXPECT_THAT(problem_of_csv("file,class_index\na.jpg,-1\n"), HasSubstr("line 2"));
    EXPECT_THAT(problem_of_csv("file,class_index\na.jpg,1x\n"), HasSubstr("not a whole number"));
    EXPECT_THAT(problem_of_csv("file,class_index\nabsent.jpg,1\n"), HasSubstr("absent.jpg"));
}

TEST_F(DatasetTest, Cifar10IsPlanar) {
    std::string record(3073, '\0');
    record[0] = 2;
    for (std::size_t c = 0; c < 3; ++c) record[1 + c * 1024 + 33] = static_cast<char>(10 + c);
    write("two.bin", record + record);
    const auto dataset = open_dataset(root_, kPets);
    EXPECT_EQ(dataset->format(), "cifar10");
    ASSERT_EQ(dataset->size(), 2);
    EXPECT_EQ(dataset->name(1), "two.bin#1");
    const Image decoded = decode(dataset->sample(1));
    EXPECT_THAT(std::vector<int>(decoded.row(1) + 3, decoded.row(1) + 6), ElementsAre(10, 11, 12));
    EXPECT_THROW(dataset->sample(2), Error);
    write("two.bin", record + "x");
    EXPECT_THAT(problem(), HasSubstr("3073"));
    write("two.bin", "");
    EXPECT_THAT(problem(), HasSubstr("empty"));
    record[0] = 3;
    write("two.bin", record);
    EXPECT_THAT(problem(), HasSubstr("only 3 classes"));
    write("another.bin", record);
    EXPECT_THAT(problem(), HasSubstr("name one of them"));
}

TEST_F(DatasetTest, IdxReadsImagesWithTheirLabels) {
    using std::string_literals::operator""s;
    const std::string images = "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"s + "abcdefABCDEF";
    const std::string classes = "\0\0\x08\x01\0\0\0\x02\x01\x00"s;
    write("t10k-images-idx3-ubyte", images);
    EXPECT_THAT(problem(), HasSubstr("t10k-labels-idx1-ubyte"));
    write("t10k-labels-idx1-ubyte", classes);
    const auto dataset = open_dataset(root_, kPets);
    ASSERT_EQ(dataset->size(), 2);
    EXPECT_EQ(dataset->label(0), 1);
    const Image decoded = decode(dataset->sample(1));
    EXPECT_EQ(std::string(decoded.pixels.begin(), decoded.pixels.end()), "ABCDEF");
    EXPECT_EQ(decoded.width, 3);
    write("t10k-labels-idx1-ubyte", classes.substr(0, 9));
    EXPECT_THAT(problem(), HasSubstr("1 labels"));
    write("t10k-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\x02\x01\x07"s);
    EXPECT_THAT(problem(), HasSubstr("class 7"));
    write("t10k-labels-idx1-ubyte", classes);
    write("t10k-images-idx3-ubyte", images.substr(0, 20));
    EXPECT_THAT(problem(), HasSubstr("promises 2 images"));
    write("t10k-images-idx3-ubyte", "\x1f\x8b");
    EXPECT_THAT(problem(), HasSubstr("IDX file"));
}

TEST_F(DatasetTest, IdentityDependsOnNamesLabelsAndContents) {
    image("cat/1.jpg");
    image("dog/1.jpg");
    const auto identity = [&](const std::vector<std::string>& labels) {
        return content_sha256(*open_dataset(root_, labels));
    };
    const std::string before = identity(kPets);
    EXPECT_EQ(before.size(), 64u);
    EXPECT_EQ(identity(kPets), before);
    EXPECT_NE(identity({"dog", "cat"}), before);
    fs::rename(root_ / "cat" / "1.jpg", root_ / "cat" / "2.jpg");
    EXPECT_NE(identity(kPets), before);
    fs::rename(root_ / "cat" / "2.jpg", root_ / "cat" / "1.jpg");
    EXPECT_EQ(identity(kPets), before);
    fs::copy_file(golden_dir() / "images" / "rgb.png", root_ / "cat" / "1.jpg",
                  fs::copy_options::overwrite_existing);
    EXPECT_NE(identity(kPets), before);
}

TEST_F(DatasetTest, AVanishedFileIsAnError) {
    image("cat/1.jpg");
    const auto dataset = open_dataset(root_, kPets);
    fs::remove(root_ / "cat" / "1.jpg");
    EXPECT_THROW(dataset->sample(0), Error);
}

TEST_F(DatasetTest, SubsetIsStratifiedSeededAndInOrder) {
    for (int i = 0; i < 10; ++i) image(fmt::format("cat/{}.jpg", i));
    for (int i = 0; i < 5; ++i) image(fmt::format("dog/{}.jpg", i));
    const std::shared_ptr<const Dataset> whole = open_dataset(root_, kPets);
    const auto names = [&](std::int64_t count, std::uint64_t seed) {
        const auto part = subset(whole, count, seed);
        std::vector<std::string> all;
        for (std::int64_t i = 0; i < part->size(); ++i) all.push_back(part->name(i));
        return all;
    };
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto chosen = names(6, seed);
        EXPECT_EQ(std::set<std::string>(chosen.begin(), chosen.end()).size(), 6u);
        EXPECT_TRUE(std::ranges::is_sorted(chosen));
        EXPECT_EQ(std::ranges::count_if(chosen, [](const auto& name) { return name.starts_with("cat"); }), 4);
        EXPECT_EQ(chosen, names(6, seed));
    }
    EXPECT_NE(names(6, 1), names(6, 2));
    EXPECT_EQ(names(7, 1).size(), 7u);
    EXPECT_EQ(names(100, 1).size(), 15u);
    EXPECT_THROW(subset(whole, 0, 1), Error);
    const auto left = outside_subset(whole, 6, 3);
    ASSERT_EQ(left->size(), 9);
    std::set<std::string> together;
    for (const auto& name : names(6, 3)) together.insert(name);
    for (std::int64_t i = 0; i < left->size(); ++i) together.insert(left->name(i));
    EXPECT_EQ(together.size(), 15u);
    EXPECT_EQ(outside_subset(whole, 15, 3), nullptr);
}

}  // namespace
}  // namespace espalier::datasets
