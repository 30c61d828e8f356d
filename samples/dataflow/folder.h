#pragma once
// A folder of a few files, in memory.

#include <troth/vat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "files.troth.h"

class FileServer final: public troth::Server<files::File> {
public:
  explicit FileServer(std::string text): text(std::move(text)) {}

  kj::Promise<void> size(Size call) override { return call.fulfill(text.size()); }

  kj::Promise<void> read(Read call) override {
    auto offset = std::min<uint64_t>(call.offset(), text.size());
    return call.fulfill(text.substr(offset, call.length()));
  }

private:
  std::string text;
};

class FolderServer final: public troth::Server<files::Folder> {
public:
  kj::Promise<void> open(Open call) override {
    return call.fulfill(kj::heap<FileServer>(std::string("the text of ") + call.name().cStr()));
  }

  kj::Promise<void> list(List call) override {
    auto entries = call.results().initEntries(std::size(NAMES));
    for (size_t i = 0; i < std::size(NAMES); ++i) {
      entries[i].setName(NAMES[i]);
      troth::Ref<files::File> file = kj::heap<FileServer>(std::string("the text of ") + NAMES[i]);
      entries[i].setFile(file);
    }
    return kj::READY_NOW;
  }

private:
  static constexpr const char* NAMES[] = {"ape", "bear", "cat", "dog", "eel", "fox", "goat", "hen"};
};
