// Runs a fuzz target without libFuzzer: over its corpus, and over inputs made from that with a
// seed, which is 1 unless it is given.
//
//     troth-invoke-fuzz CORPUS-FOLDER [COUNT [SEED]]

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

constexpr int COUNT = 2000;
constexpr size_t INPUT_MAX = 512;

std::vector<Input> readCorpus(const char* folder) {
  std::vector<std::filesystem::path> paths;
  for (auto& entry: std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Input> corpus;
  for (auto& path: paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

Input mutate(Input input, const Input& other, std::mt19937& random) {
  for (auto changes = random() % 8 + 1; changes > 0; --changes) {
    auto at = input.empty() ? 0 : random() % input.size();
    switch (random() % 4) {
      case 0: input.insert(input.begin() + at, random()); break;
      case 1: input.insert(input.end(), other.begin(), other.end()); break;
      case 2:
        if (!input.empty()) input.erase(input.begin() + at);
        break;
      default:
        if (!input.empty()) input[at] = random();
    }
  }
  if (input.size() > INPUT_MAX) input.resize(INPUT_MAX);
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fprintf(stderr, "usage: %s CORPUS-FOLDER [COUNT [SEED]]\n", argv[0]), 2;
  auto corpus = readCorpus(argv[1]);
  if (corpus.empty()) return fprintf(stderr, "%s has no inputs\n", argv[1]), 2;
  for (auto& input: corpus) LLVMFuzzerTestOneInput(input.data(), input.size());
  std::mt19937 random(argc > 3 ? atoi(argv[3]) : 1);
  auto count = argc > 2 ? atoi(argv[2]) : COUNT;
  for (int i = 0; i < count; ++i) {
    auto input = mutate(corpus[random() % corpus.size()], corpus[random() % corpus.size()], random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  printf("%zu inputs of the corpus and %d made from them\n", corpus.size(), count);
}
