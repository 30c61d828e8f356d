#pragma once
// A process that is killed in the midst of a transaction.

#include "child-writes.h"
#include "sql-contract.h"

namespace troth {

// Says `inside ID` once alice has more, and stays there.
inline void stayInTransaction(Loop& loop, Store& store, kj::StringPtr id) {
  auto record = store.transact(transactionOf(id), [id](Sql& sql) {
    return deposit(sql, 30).then([id](Value&&) -> kj::Promise<Value> {
      say("inside", id);
      return kj::NEVER_DONE;
    });
  });
  record.wait(loop.waitScope());
}

}  // namespace troth
