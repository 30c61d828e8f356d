#pragma once
// A SimDesk does what the text of a call tells it to, letter by letter:
//
//     s  a step, which gives a number that nobody has had     a  a step that takes time
//     f  a step that fails                                    g  a step that may break with
//     OVERLOADED z  sleeps for some seconds                              p  waits for what a person
//     says w  waits, without a record, for some seconds            t  the same for long x  may fail
//     o  may break with OVERLOADED
//     (...)  calls the desk of any vat durably, and waits     n  adds a number that is not recorded
//
// It gives what its parts came to: "1=17|2=18|approval=yes|".

#include "sim-vat.h"

namespace troth::simulator {

class SimDesk final: public Server<Desk> {
public:
  SimDesk(SimVat& vat, const Life& life): vat(vat), life(life) {}

  kj::Promise<void> work(Work call) override;

private:
  SimVat& vat;
  const Life& life;

  class Method;
};

}  // namespace troth::simulator
