// ask STORE ID: asks a person, and prints the answer, however often it dies while it waits.

#include <troth/store.h>
#include <troth/stored-message.h>
#include <troth/vat.h>

#include <iostream>

int main(int, char** argv) {
  kj::StringPtr location = argv[1], id = argv[2];
  troth::Vat vat;
  auto store = troth::openStore(location);

  // The same question each time: a promise that is there already is the promise that was made then.
  auto question =
      store->create({.id = kj::str(id), .deadline = store->now() + 7 * kj::DAYS}).wait(vat);
  std::cout << "waiting for " << id.cStr() << ", " << nameOf(question.state).cStr() << std::endl;

  auto record = store->whenSettled(id).wait(vat);
  if (record.state == troth::PromiseState::FULFILLED) {
    troth::StoredMessage answer(record.value);
    std::cout << "the answer is " << answer.content().getAs<capnp::Text>().cStr() << std::endl;
  } else {
    std::cout << "no answer: " << nameOf(record.state).cStr() << std::endl;
  }
}
