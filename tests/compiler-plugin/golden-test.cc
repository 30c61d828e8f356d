// Compares what the plugin writes with golden files. To accept what it writes now:
//
//     TROTH_UPDATE_GOLDEN=1 ./dev test -R Golden

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

std::string readText(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> goldenNames() {
  std::istringstream names(GOLDEN_NAMES);
  return {std::istream_iterator<std::string>(names), {}};
}

class Golden: public testing::TestWithParam<std::string> {};

TEST_P(Golden, IsWhatThePluginWrites) {
  auto golden = std::filesystem::path(GOLDEN_DIR) / (GetParam() + ".troth.h");
  auto generated = std::filesystem::path(GENERATED_DIR) / (GetParam() + ".troth.h");
  if (std::getenv("TROTH_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::copy_file(
        generated, golden, std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_EQ(readText(golden), readText(generated));
}

INSTANTIATE_TEST_SUITE_P(
    Stubs, Golden, testing::ValuesIn(goldenNames()), [](const auto& info) { return info.param; });

}  // namespace
