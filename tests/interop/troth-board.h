#pragma once
// The board, as a server of Troth's.

#include <troth/server.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "board.troth.h"

namespace troth {

struct TopicState {
  explicit TopicState(std::string name): name(std::move(name)) {}

  std::string name;
  std::vector<std::string> texts;
  std::map<int, Ref<board::Reader>> readers;
  int lastReader = 0;
};

class SubscriptionServer final: public Server<board::Subscription> {
public:
  SubscriptionServer(std::shared_ptr<TopicState> topic, int id): topic(topic), id(id) {}

  kj::Promise<void> cancel(Cancel) override {
    topic->readers.erase(id);
    return kj::READY_NOW;
  }

private:
  std::shared_ptr<TopicState> topic;
  int id;
};

class TopicServer final: public Server<board::Topic> {
public:
  explicit TopicServer(std::shared_ptr<TopicState> state): state(state) {}

  kj::Promise<void> name(Name call) override { return call.fulfill(state->name); }
  kj::Promise<void> post(Post call) override {
    state->texts.push_back(call.text().cStr());
    uint32_t number = state->texts.size();
    Ref<board::Topic> self = thisCap().castAs<board::Topic>();
    std::vector<Promise<board::Reader::ReadResults>> reads;
    for (auto& [id, reader]: state->readers) {
      reads.push_back(reader.read(number, call.text(), self));
    }
    for (auto& read: reads) co_await read;
    call.fulfill(number);
  }
  kj::Promise<void> history(History call) override { return call.fulfill(state->texts); }
  kj::Promise<void> subscribe(Subscribe call) override {
    int id = ++state->lastReader;
    state->readers.emplace(id, call.reader());
    return call.fulfill(kj::heap<SubscriptionServer>(state, id));
  }

private:
  std::shared_ptr<TopicState> state;
};

class BoardServer final: public Server<board::Board> {
public:
  kj::Promise<void> topic(Topic call) override {
    auto& state = topics[call.name().cStr()];
    if (state == nullptr) state = std::make_shared<TopicState>(call.name().cStr());
    return call.fulfill(kj::heap<TopicServer>(state));
  }

private:
  std::map<std::string, std::shared_ptr<TopicState>> topics;
};

}  // namespace troth
