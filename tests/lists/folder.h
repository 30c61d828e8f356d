#pragma once
// The servers that the tests of promised lists talk to: ours, and the same made with stock Cap'n
// Proto.

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <troth/vat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "folder.troth.h"

namespace troth {

// What the servers of one test have done.
struct Counts {
  int calls = 0;
  int open = 0;
  int openMax = 0;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> gates;
  bool gateOpen = false;

  // Whether our folders hand out files that are made with stock Cap'n Proto.
  bool stockFiles = false;

  // The file that breaks when it is asked for its name.
  std::string nameless;

  void openGate() {
    gateOpen = true;
    for (auto& gate: gates) gate->fulfill();
    gates.clear();
  }
  kj::Promise<void> wait() {
    if (gateOpen) return kj::READY_NOW;
    auto gate = kj::newPromiseAndFulfiller<void>();
    gates.push_back(kj::mv(gate.fulfiller));
    return kj::mv(gate.promise);
  }
};

inline std::string contentOf(int64_t from, int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) text += static_cast<char>('a' + (from + i) % 26);
  return text;
}

class FileServer final: public Server<folder::File> {
public:
  FileServer(Counts& counts, std::string name, int64_t bytes)
      : counts(counts), fileName(std::move(name)), bytes(bytes) {}

  kj::Promise<void> size(Size call) override {
    ++counts.calls;
    return call.fulfill(bytes);
  }
  kj::Promise<void> name(Name call) override {
    ++counts.calls;
    KJ_REQUIRE(fileName != counts.nameless, "this file has no name");
    return call.fulfill(fileName);
  }
  kj::Promise<void> read(Read call) override {
    ++counts.calls;
    return call.fulfill(contentOf(call.from(), call.count()));
  }
  kj::Promise<void> copy(Copy call) override {
    ++counts.calls;
    return call.fulfill(kj::heap<FileServer>(counts, call.name().cStr(), bytes));
  }
  kj::Promise<void> hold(Hold call) override {
    counts.openMax = std::max(counts.openMax, ++counts.open);
    KJ_DEFER(--counts.open);
    co_await counts.wait();
    call.fulfill(bytes);
  }
  kj::Promise<void> fail(Fail call) override { KJ_FAIL_REQUIRE("cannot", kj::str(call.reason())); }
  kj::Promise<void> describe(Describe call) override {
    return call.fulfill([this](folder::Entry::Builder entry) {
      entry.setName(fileName);
      entry.setSize(bytes);
      entry.setRank(bytes);
    });
  }
  kj::Promise<void> children(Children call) override {
    auto files = call.results().initFiles(bytes);
    for (uint i = 0; i < files.size(); ++i) {
      files.set(i,
          Ref<folder::File>(kj::heap<FileServer>(counts, fileName + "/" + std::to_string(i), i)));
    }
    return kj::READY_NOW;
  }

private:
  Counts& counts;
  std::string fileName;
  int64_t bytes;
};

class StockFile final: public folder::File::Server {
public:
  StockFile(Counts& counts, std::string name, int64_t bytes)
      : counts(counts), fileName(std::move(name)), bytes(bytes) {}

  kj::Promise<void> size(SizeContext call) override {
    ++counts.calls;
    call.getResults().setBytes(bytes);
    return kj::READY_NOW;
  }
  kj::Promise<void> name(NameContext call) override {
    ++counts.calls;
    KJ_REQUIRE(fileName != counts.nameless, "this file has no name");
    call.getResults().setName(fileName);
    return kj::READY_NOW;
  }
  kj::Promise<void> read(ReadContext call) override {
    ++counts.calls;
    auto params = call.getParams();
    call.getResults().setText(contentOf(params.getFrom(), params.getCount()));
    return kj::READY_NOW;
  }
  kj::Promise<void> copy(CopyContext call) override {
    ++counts.calls;
    call.getResults().setFile(
        kj::heap<StockFile>(counts, call.getParams().getName().cStr(), bytes));
    return kj::READY_NOW;
  }
  kj::Promise<void> children(ChildrenContext call) override {
    auto files = call.getResults().initFiles(bytes);
    for (uint i = 0; i < files.size(); ++i) {
      files.set(i, kj::heap<StockFile>(counts, fileName + "/" + std::to_string(i), i));
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> fail(FailContext call) override {
    KJ_FAIL_REQUIRE("cannot", kj::str(call.getParams().getReason()));
  }
  kj::Promise<void> describe(DescribeContext call) override {
    auto entry = call.getResults().initEntry();
    entry.setName(fileName);
    entry.setSize(bytes);
    entry.setRank(bytes);
    return kj::READY_NOW;
  }

private:
  Counts& counts;
  std::string fileName;
  int64_t bytes;
};

inline constexpr kj::StringPtr COLOR_NAMES[] = {"red"_kj, "green"_kj, "blue"_kj};

// "one two/red/f0 f1/2 files/3 rows 1/yes"
inline std::string describeEvery(folder::Folder::EveryParams::Reader lists) {
  std::string text;
  for (auto word: lists.getWords()) text += kj::str(word, ' ').cStr();
  text += "/";
  for (auto color: lists.getColors()) {
    auto number = static_cast<uint>(color);
    text += kj::str(number < 3 ? COLOR_NAMES[number] : "none"_kj, ' ').cStr();
  }
  text += "/";
  for (auto entry: lists.getEntries()) text += kj::str(entry.getName(), ' ').cStr();
  text += "/";
  for (auto row: lists.getRows()) {
    for (auto number: row) text += std::to_string(number);
    text += " ";
  }
  text += "/";
  for (auto flag: lists.getFlags()) text += flag ? "yes " : "no ";
  return text + "/" + std::to_string(lists.getFiles().size());
}

class FolderServer final: public Server<folder::Folder> {
public:
  explicit FolderServer(Counts& counts): counts(counts) {}

  kj::Promise<void> list(List call) override {
    fillEntries(call.results().initEntries(call.count()));
    return kj::READY_NOW;
  }
  kj::Promise<void> files(Files call) override {
    auto files = call.results().initFiles(call.count());
    for (uint i = 0; i < files.size(); ++i) files.set(i, newFile(i));
    return kj::READY_NOW;
  }
  kj::Promise<void> numbers(Numbers call) override {
    auto numbers = call.results().initNumbers(call.count());
    for (uint i = 0; i < numbers.size(); ++i) numbers.set(i, i);
    return kj::READY_NOW;
  }
  kj::Promise<void> words(Words call) override {
    auto words = call.results().initWords(call.count());
    for (uint i = 0; i < words.size(); ++i) words.set(i, kj::str("word", i));
    return kj::READY_NOW;
  }
  kj::Promise<void> colors(Colors call) override {
    auto colors = call.results().initColors(call.count());
    for (uint i = 0; i < colors.size(); ++i) colors.set(i, static_cast<folder::Color>(i % 3));
    return kj::READY_NOW;
  }
  kj::Promise<void> matrix(Matrix call) override {
    auto rows = call.results().initRows(call.rows());
    for (uint i = 0; i < rows.size(); ++i) {
      auto row = rows.init(i, i);
      for (uint j = 0; j < i; ++j) row.set(j, j);
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> add(Add call) override { return call.fulfill(call.a() + call.b()); }
  kj::Promise<void> measure(Measure call) override {
    call.fulfill(co_await call.file().size().bytes());
  }
  kj::Promise<void> nothing(Nothing) override { return kj::READY_NOW; }
  kj::Promise<void> sum(Sum call) override {
    int64_t sum = 0;
    for (auto number: call.numbers()) sum += number;
    return call.fulfill(sum);
  }
  kj::Promise<void> greet(Greet call) override {
    return call.fulfill(kj::str("hello ", call.name()));
  }
  kj::Promise<void> describe(Describe call) override {
    return call.fulfill(kj::str(call.entry().getName(), ":", call.entry().getSize()));
  }
  kj::Promise<void> color(Color call) override {
    auto number = static_cast<uint>(call.color());
    KJ_REQUIRE(number < 3, "no such color");
    return call.fulfill(COLOR_NAMES[number]);
  }
  kj::Promise<void> keep(Keep call) override { return call.fulfill(call.entries().size()); }
  kj::Promise<void> every(Every call) override {
    auto text = describeEvery(call.params());
    for (auto file: call.files()) co_await Ref<folder::File>(file).size();
    call.fulfill(text);
  }
  kj::Promise<void> whole(Whole call) override {
    return call.fulfill(kj::str(call.name(), ':', call.size(), ':', call.tags().size()));
  }

private:
  Counts& counts;

  folder::File::Client newFile(uint i) {
    if (counts.stockFiles) return kj::heap<StockFile>(counts, "f" + std::to_string(i), i);
    return Ref<folder::File>(kj::heap<FileServer>(counts, "f" + std::to_string(i), i));
  }
  void fillEntries(capnp::List<folder::Entry>::Builder entries) {
    for (uint i = 0; i < entries.size(); ++i) {
      entries[i].setName(kj::str("f", i));
      entries[i].setSize(i);
      entries[i].setFile(newFile(i));
      entries[i].setRank(i * 10);
      entries[i].setTags({"one", "two"});
    }
  }
};

class StockFolder final: public folder::Folder::Server {
public:
  explicit StockFolder(Counts& counts): counts(counts) {}

  kj::Promise<void> list(ListContext call) override {
    auto entries = call.getResults().initEntries(call.getParams().getCount());
    for (uint i = 0; i < entries.size(); ++i) {
      entries[i].setName(kj::str("f", i));
      entries[i].setSize(i);
      entries[i].setFile(kj::heap<StockFile>(counts, "f" + std::to_string(i), i));
      entries[i].setRank(i * 10);
      entries[i].setTags({"one", "two"});
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> files(FilesContext call) override {
    auto files = call.getResults().initFiles(call.getParams().getCount());
    for (uint i = 0; i < files.size(); ++i) {
      files.set(i, kj::heap<StockFile>(counts, "f" + std::to_string(i), i));
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> numbers(NumbersContext call) override {
    auto numbers = call.getResults().initNumbers(call.getParams().getCount());
    for (uint i = 0; i < numbers.size(); ++i) numbers.set(i, i);
    return kj::READY_NOW;
  }
  kj::Promise<void> add(AddContext call) override {
    call.getResults().setSum(call.getParams().getA() + call.getParams().getB());
    return kj::READY_NOW;
  }
  kj::Promise<void> measure(MeasureContext call) override {
    auto request = call.getParams().getFile().sizeRequest();
    return request.send().then(
        [call](auto&& size) mutable { call.getResults().setBytes(size.getBytes()); });
  }
  kj::Promise<void> nothing(NothingContext) override { return kj::READY_NOW; }
  kj::Promise<void> greet(GreetContext call) override {
    call.getResults().setText(kj::str("hello ", call.getParams().getName()));
    return kj::READY_NOW;
  }
  kj::Promise<void> sum(SumContext call) override {
    int64_t sum = 0;
    for (auto number: call.getParams().getNumbers()) sum += number;
    call.getResults().setSum(sum);
    return kj::READY_NOW;
  }
  kj::Promise<void> every(EveryContext call) override {
    call.getResults().setText(describeEvery(call.getParams()));
    return kj::READY_NOW;
  }
  kj::Promise<void> whole(WholeContext call) override {
    auto entry = call.getParams();
    call.getResults().setText(
        kj::str(entry.getName(), ':', entry.getSize(), ':', entry.getTags().size()));
    return kj::READY_NOW;
  }
  kj::Promise<void> words(WordsContext call) override {
    auto words = call.getResults().initWords(call.getParams().getCount());
    for (uint i = 0; i < words.size(); ++i) words.set(i, kj::str("word", i));
    return kj::READY_NOW;
  }
  kj::Promise<void> colors(ColorsContext call) override {
    auto colors = call.getResults().initColors(call.getParams().getCount());
    for (uint i = 0; i < colors.size(); ++i) colors.set(i, static_cast<folder::Color>(i % 3));
    return kj::READY_NOW;
  }
  kj::Promise<void> matrix(MatrixContext call) override {
    auto rows = call.getResults().initRows(call.getParams().getRows());
    for (uint i = 0; i < rows.size(); ++i) {
      auto row = rows.init(i, i);
      for (uint j = 0; j < i; ++j) row.set(j, j);
    }
    return kj::READY_NOW;
  }

private:
  Counts& counts;
};

// A client and a server in one thread, joined by a pipe.
class Setting {
public:
  template <typename S = FolderServer>
  Ref<folder::Folder> connect() {
    server.serve(kj::heap<S>(counts));
    auto pipe = loop.newTwoWayPipe();
    server.accept(kj::mv(pipe.ends[0]));
    return client.connect<folder::Folder>(kj::mv(pipe.ends[1]));
  }
  uint64_t roundTrips() const { return client.getTraffic().roundTrips; }
  void settle() {
    for (int quiet = 0; quiet < 5; ++quiet) {
      while (loop.waitScope().poll() > 0) quiet = 0;
    }
  }
  operator kj::WaitScope&() { return loop.waitScope(); }

  Counts counts;
  Loop loop;
  Vat server{options()};
  Vat client{options()};

private:
  VatOptions options() {
    VatOptions result;
    result.loop = loop;
    return result;
  }
};

// What `promise` breaks with; fails the test if it does not break.
template <typename T>
std::string failureOf(kj::Promise<T> promise, kj::WaitScope& waitScope) {
  KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() { promise.wait(waitScope); })) {
    return exception->getDescription().cStr();
  }
  ADD_FAILURE() << "expected a failure";
  return {};
}

#define EXPECT_MENTIONS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "in: " << (text)

}  // namespace troth
