#include "outcome.h"

#include <kj/debug.h>
#include <troth/promise.h>

#include "invoke-form.h"

namespace troth {

using capnp::DynamicStruct;
using capnp::DynamicValue;

capnp::AnyPointer::Builder Outcome::getResults() {
  return draft.capabilities.imbue(draft.message.getRoot<capnp::AnyPointer>());
}

namespace {

bool isSet(DynamicStruct::Reader structure, capnp::StructSchema::Field field) {
  if (field.getProto().getDiscriminantValue() == capnp::schema::Field::NO_DISCRIMINANT) return true;
  return structure.which() == field;
}

}  // namespace

namespace {

DynamicValue::Reader getField(DynamicStruct::Reader structure, uint16_t index) {
  auto fields = structure.getSchema().getFields();
  KJ_REQUIRE(index < fields.size(), "the path to a value names a field that does not exist",
      structure.getSchema().getShortDisplayName(), index);
  if (!isSet(structure, fields[index])) {
    _::throwNotSet(structure.getSchema(), fields[index].getProto().getName());
  }
  return structure.get(fields[index]);
}

DynamicValue::Reader getElement(capnp::DynamicList::Reader list, uint16_t index) {
  KJ_REQUIRE(index < list.size(), "the list has no such element", index, list.size());
  return list[index];
}

}  // namespace

DynamicValue::Reader Outcome::getRoot() {
  KJ_IF_MAYBE(p, part) {
    return p->value;
  }
  return getResults().asReader().getAs<DynamicStruct>(type);
}

DynamicValue::Reader Outcome::get(capnp::List<uint16_t>::Reader path) {
  KJ_REQUIRE(path.size() <= _::PATH_MAX_STEPS, "the path to a value has too many steps",
      path.size(), _::PATH_MAX_STEPS);
  auto value = getRoot();
  for (auto index: path) {
    if (value.getType() == DynamicValue::LIST) {
      value = getElement(value.as<capnp::DynamicList>(), index);
      continue;
    }
    KJ_REQUIRE(value.getType() == DynamicValue::STRUCT,
        "the path to a value goes through something that is neither a struct nor a list", index);
    value = getField(value.as<DynamicStruct>(), index);
  }
  return value;
}

namespace {

void write(DynamicValue::Reader value, wire::Value::Builder builder) {
  switch (value.getType()) {
    case DynamicValue::VOID: return builder.setVoid();
    case DynamicValue::BOOL: return builder.setBool(value.as<bool>());
    case DynamicValue::INT: return builder.setInt(value.as<int64_t>());
    case DynamicValue::UINT: return builder.setUint(value.as<uint64_t>());
    case DynamicValue::FLOAT: return builder.setFloat(value.as<double>());
    case DynamicValue::ENUM: return builder.setEnum(value.as<capnp::DynamicEnum>().getRaw());
    case DynamicValue::TEXT:
      return builder.initPointer().setAs<capnp::Text>(value.as<capnp::Text>());
    case DynamicValue::DATA:
      return builder.initPointer().setAs<capnp::Data>(value.as<capnp::Data>());
    case DynamicValue::LIST:
      return builder.initPointer().setAs<capnp::DynamicList>(value.as<capnp::DynamicList>());
    case DynamicValue::STRUCT:
      return builder.initPointer().setAs<DynamicStruct>(value.as<DynamicStruct>());
    case DynamicValue::CAPABILITY:
      return builder.initPointer().setAs<capnp::DynamicCapability>(
          value.as<capnp::DynamicCapability>());
    case DynamicValue::ANY_POINTER: return builder.initPointer().set(value.as<capnp::AnyPointer>());
    case DynamicValue::UNKNOWN: break;
  }
  KJ_FAIL_REQUIRE("a value of this type cannot be sent to another vat");
}

// Sets `field` to what is behind `pointer`, read as the type of the field.
void set(DynamicStruct::Builder params, capnp::StructSchema::Field field,
    capnp::AnyPointer::Reader pointer) {
  auto type = field.getType();
  switch (type.which()) {
    case capnp::schema::Type::TEXT: return params.set(field, pointer.getAs<capnp::Text>());
    case capnp::schema::Type::DATA: return params.set(field, pointer.getAs<capnp::Data>());
    case capnp::schema::Type::LIST:
      return params.set(field, pointer.getAs<capnp::DynamicList>(type.asList()));
    case capnp::schema::Type::STRUCT:
      return params.set(field, pointer.getAs<DynamicStruct>(type.asStruct()));
    case capnp::schema::Type::INTERFACE:
      return params.set(field, pointer.getAs<capnp::DynamicCapability>(type.asInterface()));
    case capnp::schema::Type::ANY_POINTER: return params.set(field, pointer);
    default: KJ_FAIL_REQUIRE("a pointer was given for a scalar");
  }
}

// Sets `field` to a value that came from another vat. What it claims to be is checked here.
void set(
    DynamicStruct::Builder params, capnp::StructSchema::Field field, wire::Value::Reader value) {
  switch (value.which()) {
    case wire::Value::VOID: return params.set(field, capnp::VOID);
    case wire::Value::BOOL: return params.set(field, value.getBool());
    case wire::Value::INT: return params.set(field, value.getInt());
    case wire::Value::UINT: return params.set(field, value.getUint());
    case wire::Value::FLOAT: return params.set(field, value.getFloat());
    case wire::Value::ENUM:
      KJ_REQUIRE(field.getType().isEnum(), "an enum was given for something else");
      return params.set(field, capnp::DynamicEnum(field.getType().asEnum(), value.getEnum()));
    case wire::Value::LIST: KJ_FAIL_REQUIRE("the list that a map gives cannot fill a hole");
    case wire::Value::POINTER: break;
  }
  set(params, field, value.getPointer());
}

// The answers that this thread's vat has given out, so that it knows them when they come back.
capnp::CapabilityServerSet<wire::Answer>& ownAnswers() {
  static thread_local capnp::CapabilityServerSet<wire::Answer> answers;
  return answers;
}

class AnswerServer final: public wire::Answer::Server {
public:
  explicit AnswerServer(kj::Own<Outcome> outcome): outcome(kj::mv(outcome)) {}

  kj::Promise<void> get(GetContext context) override {
    return outcome->whenDone().then([this, context]() mutable {
      write(outcome->get(context.getParams().getPath()), context.getResults().initValue());
    });
  }

  Outcome& getOutcome() { return *outcome; }

private:
  kj::Own<Outcome> outcome;
};

kj::Promise<void> fillFromAfar(DynamicStruct::Builder params, capnp::StructSchema::Field field,
    wire::Answer::Client source, capnp::List<uint16_t>::Reader path) {
  auto request = source.getRequest();
  request.setPath(path);
  return request.send().then(
      [params, field](auto&& results) mutable { set(params, field, results.getValue()); });
}

}  // namespace

wire::Answer::Client newAnswer(kj::Own<Outcome> outcome) {
  return ownAnswers().add(kj::heap<AnswerServer>(kj::mv(outcome)));
}

kj::Promise<kj::Maybe<kj::Own<Outcome>>> findOutcome(wire::Answer::Client answer) {
  return ownAnswers().getLocalServer(answer).then([answer](kj::Maybe<wire::Answer::Server&> own) {
    return own.map([](wire::Answer::Server& server) {
      return kj::addRef(kj::downcast<AnswerServer>(server).getOutcome());
    });
  });
}

kj::Promise<void> fillHole(DynamicStruct::Builder params, capnp::StructSchema::Field field,
    wire::Answer::Client source, capnp::List<uint16_t>::Reader path) {
  return ownAnswers().getLocalServer(source).then(
      [params, field, source, path](
          kj::Maybe<wire::Answer::Server&> own) mutable -> kj::Promise<void> {
        KJ_IF_MAYBE(server, own) {
          auto outcome = kj::addRef(kj::downcast<AnswerServer>(*server).getOutcome());
          return outcome->whenDone().then(
              [params, field, path, outcome = kj::mv(outcome)]() mutable {
                auto value = outcome->get(path);
                if (value.getType() != DynamicValue::ANY_POINTER) return params.set(field, value);
                // A generic server need not know what its callers bind its parameters to.
                set(params, field, value.as<capnp::AnyPointer>());
              });
        }
        return fillFromAfar(params, field, kj::mv(source), path);
      });
}

}  // namespace troth
