#include "ref-table.h"

namespace troth::command {

RefTable::RefTable(kj::ArrayPtr<const kj::StringPtr> refs)
    : refs(refs),
      hooks(KJ_MAP(ref, refs) { return capnp::newBrokenCap(ref); }),
      table(KJ_MAP(hook, hooks) { return kj::Maybe<kj::Own<capnp::ClientHook>>(hook->addRef()); }) {
}

kj::Maybe<kj::StringPtr> RefTable::find(capnp::Capability::Client client) const {
  auto hook = capnp::ClientHook::from(kj::mv(client));
  for (auto i: kj::indices(hooks)) {
    if (hooks[i].get() == hook.get()) return refs[i];
  }
  return nullptr;
}

}  // namespace troth::command
