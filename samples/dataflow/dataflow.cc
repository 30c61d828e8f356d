// One program three times: it reads a file whole, and asks for the sizes of all files in a folder.

#include <kj/debug.h>

#include <iomanip>
#include <iostream>
#include <numeric>

#include "folder.h"

using files::File;
using files::Folder;
using troth::Ref;

struct Answer {
  std::string text;
  uint64_t bytes = 0;
};

// Awaits each call before it makes the next.
kj::Promise<Answer> sequential(Ref<Folder> folder) {
  Answer answer;
  Ref<File> cat = (co_await folder.open("cat")).getFile();
  auto size = co_await cat.size().bytes();
  answer.text = (co_await cat.read(0, size).text()).cStr();
  auto entries = co_await folder.list().entries();
  for (auto entry: entries) answer.bytes += co_await Ref<File>(entry.getFile()).size().bytes();
  co_return answer;
}

// Makes calls on objects that are not there yet, and awaits every value.
kj::Promise<Answer> withObjects(Ref<Folder> folder) {
  Answer answer;
  auto cat = folder.open("cat").file();
  auto list = folder.list().entries();
  auto size = co_await cat.size().bytes();
  auto text = cat.read(0, size).text();
  auto entries = co_await list;
  std::vector<troth::Promise<uint64_t>> sizes;
  for (auto entry: entries) sizes.push_back(Ref<File>(entry.getFile()).size().bytes());
  answer.text = (co_await text).cStr();
  for (auto& bytes: sizes) answer.bytes += co_await bytes;
  co_return answer;
}

// Passes values that are not there yet, and asks for all sizes where the list is.
kj::Promise<Answer> withValues(Ref<Folder> folder) {
  Answer answer;
  auto cat = folder.open("cat").file();
  auto text = cat.read(0, cat.size().bytes()).text();
  auto sizes = folder.list().entries().map([](auto entry) { return entry.file().size().bytes(); });
  auto sizesInTime = sizes.within(5 * kj::SECONDS);
  answer.text = (co_await text).cStr();
  for (auto bytes: co_await sizesInTime) answer.bytes += bytes;
  co_return answer;
}

void show(const char* name, troth::Vat& vat, kj::Promise<Answer> work) {
  auto before = vat.getTraffic();
  auto answer = work.wait(vat);
  auto after = vat.getTraffic();
  KJ_REQUIRE(answer.text == "the text of cat" && answer.bytes == 122, "wrong", answer.bytes);
  std::cout << std::left << std::setw(22) << name << std::right << std::setw(6)
            << after.callsSent - before.callsSent << std::setw(14)
            << after.roundTrips - before.roundTrips << "\n";
}

int main() {
  troth::Vat vat;
  auto pipe = vat.loop().newTwoWayPipe();
  vat.serve(kj::heap<FolderServer>());
  vat.accept(kj::mv(pipe.ends[0]));
  auto folder = vat.connect<Folder>(kj::mv(pipe.ends[1]));

  std::cout << "                       calls   round trips\n";
  show("sequential", vat, sequential(folder));
  show("objects pipelined", vat, withObjects(folder));
  show("values too, and map", vat, withValues(folder));
}
