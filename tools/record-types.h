#pragma once
// What records mean, as far as the schemas on the command line tell.

#include <troth/record.h>

#include "schemas.h"

namespace troth::command {

// Whether a record stands for a call; if not, it is settled from outside.
bool isCall(const Record& record);

// Which object of the target's restorer is called; empty if there is none.
kj::String keyOf(const Record& record);

// What a part of a durable call is that is no call itself: "step charge", "sleep". Else empty.
kj::String stepOf(const Record& record);

// The vat that has the lease, in short, "vat 4711@f18f3d3a": its process, and the machine's start.
kj::String formatOwner(const Lease& lease);

class RecordTypes {
public:
  // `outside` is the type of the values of promises that are settled from outside.
  RecordTypes(const Schemas& schemas, kj::Maybe<capnp::StructSchema> outside)
      : schemas(schemas), outside(outside) {}

  const Schemas& getSchemas() const { return schemas; }

  // Null where it is not known. A call's method says by itself.
  kj::Maybe<capnp::StructSchema> paramsOf(const Record& record) const;
  kj::Maybe<capnp::StructSchema> valueOf(const Record& record) const;

  // "Bank.transfer"; null if no schema has it, or if it is no call.
  kj::Maybe<kj::String> methodOf(const Record& record) const;

  // What a promise waits for: `Bank.transfer on "bank"`, `0xdb…:2 on "Account/alice"`, `step
  // charge`, or "-" if it is settled from outside.
  kj::String describeCall(const Record& record) const;

private:
  const Schemas& schemas;
  kj::Maybe<capnp::StructSchema> outside;

  kj::Maybe<Schemas::Method> findMethod(const Record& record) const;
};

// The number of an interface as it is written in a schema: 0x8fcf69a5b3e1b0c2.
kj::String formatInterfaceId(uint64_t id);

}  // namespace troth::command
