#pragma once
// The board, as a server of stock Cap'n Proto's.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "board.capnp.h"

namespace stock {

struct TopicState {
  explicit TopicState(std::string name): name(std::move(name)) {}

  std::string name;
  std::vector<std::string> texts;
  std::map<int, board::Reader::Client> readers;
  int lastReader = 0;
};

class SubscriptionServer final: public board::Subscription::Server {
public:
  SubscriptionServer(std::shared_ptr<TopicState> topic, int id): topic(topic), id(id) {}

  kj::Promise<void> cancel(CancelContext) override {
    topic->readers.erase(id);
    return kj::READY_NOW;
  }

private:
  std::shared_ptr<TopicState> topic;
  int id;
};

class TopicServer final: public board::Topic::Server {
public:
  explicit TopicServer(std::shared_ptr<TopicState> state): state(state) {}

  kj::Promise<void> name(NameContext context) override {
    context.getResults().setName(state->name.c_str());
    return kj::READY_NOW;
  }
  kj::Promise<void> post(PostContext context) override {
    auto text = context.getParams().getText();
    state->texts.push_back(text.cStr());
    uint32_t number = state->texts.size();
    kj::Vector<kj::Promise<void>> reads;
    for (auto& [id, reader]: state->readers) {
      auto request = reader.readRequest();
      request.setNumber(number);
      request.setText(text);
      request.setFrom(thisCap());
      reads.add(request.send().ignoreResult());
    }
    return kj::joinPromises(reads.releaseAsArray()).then([context, number]() mutable {
      context.getResults().setNumber(number);
    });
  }
  kj::Promise<void> history(HistoryContext context) override {
    auto texts = context.getResults().initTexts(state->texts.size());
    for (size_t i = 0; i < state->texts.size(); ++i) texts.set(i, state->texts[i].c_str());
    return kj::READY_NOW;
  }
  kj::Promise<void> subscribe(SubscribeContext context) override {
    int id = ++state->lastReader;
    state->readers.emplace(id, context.getParams().getReader());
    context.getResults().setSubscription(kj::heap<SubscriptionServer>(state, id));
    return kj::READY_NOW;
  }

private:
  std::shared_ptr<TopicState> state;
};

class BoardServer final: public board::Board::Server {
public:
  kj::Promise<void> topic(TopicContext context) override {
    auto name = context.getParams().getName();
    auto& state = topics[name.cStr()];
    if (state == nullptr) state = std::make_shared<TopicState>(name.cStr());
    context.getResults().setTopic(kj::heap<TopicServer>(state));
    return kj::READY_NOW;
  }

private:
  std::map<std::string, std::shared_ptr<TopicState>> topics;
};

}  // namespace stock
