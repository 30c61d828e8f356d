// Calls that must not compile, one for each value of TROTH_MISMATCH.

#include "lab.troth.h"

namespace troth {

#if TROTH_MISMATCH == 0
// What is like them and does compile, so that the others fail for what they are about.
void compile(Ref<lab::Node> node, Ref<lab::Special> special) {
  node.make("label").detach([](kj::Exception&&) {});
  node.same(special).detach([](kj::Exception&&) {});
  node.gather({node, special}).detach([](kj::Exception&&) {});
}
#elif TROTH_MISMATCH == 1
auto passNumberForText(Ref<lab::Node> node) { return node.make(5); }
#elif TROTH_MISMATCH == 2
auto passOtherInterface(Ref<lab::Node> node, Ref<lab::Other> other) { return node.same(other); }
#elif TROTH_MISMATCH == 3
auto passNumbersForObjects(Ref<lab::Node> node) { return node.gather({1, 2}); }
#elif TROTH_MISMATCH == 4
auto takeBaseForWhatExtendsIt(Ref<lab::Node> node) { return Ref<lab::Special>(node); }
#elif TROTH_MISMATCH == 5
auto retryStreaming(Ref<lab::Node> node) { return node.push(1).retry(); }
#endif

}  // namespace troth
