#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "hub/fake_hub_test.h"
#include "hub/fetch.h"

namespace espalier::hub::testing {

namespace fs = std::filesystem;

/// A model of the usual files on a fake Hub, an empty cache, and pauses that are noted instead of waited.
class HubTest : public ::testing::Test {
  protected:
    HubTest() {
        hub.add("config.json", R"({"model_type": "resnet"})");
        hub.add("preprocessor_config.json", R"({"size": 224})");
        hub.add("README.md", "A model.");
        hub.add("model.safetensors", weights, true);
        settings.endpoint = hub.hub().url();
        settings.cache = folder / "hub";
        settings.token = "secret";
        settings.silence_timeout_s = 1;
        settings.pause = [this](Seconds pause) { pauses.push_back(pause.value()); };
    }
    ~HubTest() override { fs::remove_all(folder); }

    Snapshot fetch_model(const std::string& text = "org/net", FetchOptions options = {}) const {
        return fetch(settings, parse_reference(text), options);
    }

    std::string error_of_fetch(const std::string& text = "org/net", FetchOptions options = {}) const {
        try {
            fetch_model(text, std::move(options));
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    }

    static std::string content_of(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    static void write(const fs::path& path, const std::string& content) {
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
    }

    fs::path repository() const { return settings.cache / "models--org--net"; }
    fs::path snapshot() const { return repository() / "snapshots" / kCommit; }
    fs::path blob(const std::string& name) const { return repository() / "blobs" / hub.etag(name); }
    fs::path incomplete(const std::string& name) const { return blob(name).string() + ".incomplete"; }

    static fs::path new_folder() {
        std::string pattern = (fs::temp_directory_path() / "espalier-hub-XXXXXX").string();
        return ::mkdtemp(pattern.data());
    }

    const std::string weights = std::string(100'000, 'w') + "end";
    const fs::path folder = new_folder();
    FakeHub hub;
    Settings settings;
    std::vector<double> pauses;
};

}  // namespace espalier::hub::testing
