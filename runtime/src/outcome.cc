#include "outcome.h"

#include <kj/debug.h>
#include <string.h>
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

// What a map gave, and the type of which it does not tell.
kj::Maybe<wire::Value::Reader> asMapped(const DynamicValue::Reader& value) {
  if (value.getType() != DynamicValue::STRUCT) return nullptr;
  auto structure = value.as<DynamicStruct>();
  if (structure.getSchema() != capnp::Schema::from<wire::Value>()) return nullptr;
  return structure.as<wire::Value>();
}

// The same for all values of a map.
kj::Maybe<capnp::List<wire::Value>::Reader> asAllMapped(const DynamicValue::Reader& value) {
  if (value.getType() != DynamicValue::LIST) return nullptr;
  auto list = value.as<capnp::DynamicList>();
  auto type = list.getSchema();
  if (type.whichElementType() != capnp::schema::Type::STRUCT ||
      type.getStructElementType() != capnp::Schema::from<wire::Value>()) {
    return nullptr;
  }
  return list.as<capnp::List<wire::Value>>();
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
    KJ_IF_MAYBE(mapped, asMapped(value)) {
      KJ_REQUIRE(mapped->isList(), "the path to a value goes into a result of a map", index);
      value = mapped->getList();
    }
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
  KJ_IF_MAYBE(all, asAllMapped(value)) {
    return builder.setList(*all);
  }
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

// What is behind `pointer`, read as a `type`.
DynamicValue::Reader read(capnp::AnyPointer::Reader pointer, capnp::Type type) {
  switch (type.which()) {
    case capnp::schema::Type::TEXT: return pointer.getAs<capnp::Text>();
    case capnp::schema::Type::DATA: return pointer.getAs<capnp::Data>();
    case capnp::schema::Type::LIST: return pointer.getAs<capnp::DynamicList>(type.asList());
    case capnp::schema::Type::STRUCT: return pointer.getAs<DynamicStruct>(type.asStruct());
    case capnp::schema::Type::INTERFACE:
      return pointer.getAs<capnp::DynamicCapability>(type.asInterface());
    case capnp::schema::Type::ANY_POINTER: return pointer;
    default: KJ_FAIL_REQUIRE("a pointer was given for a scalar");
  }
}

// What came from another vat, or from a map, and is no list of a map. What it claims to be is
// checked here, and where it is set.
DynamicValue::Reader read(wire::Value::Reader value, capnp::Type type) {
  switch (value.which()) {
    case wire::Value::VOID: return capnp::VOID;
    case wire::Value::BOOL: return value.getBool();
    case wire::Value::INT: return value.getInt();
    case wire::Value::UINT: return value.getUint();
    case wire::Value::FLOAT: return value.getFloat();
    case wire::Value::ENUM:
      KJ_REQUIRE(type.isEnum(), "an enum was given for something else");
      return capnp::DynamicEnum(type.asEnum(), value.getEnum());
    case wire::Value::LIST: KJ_FAIL_REQUIRE("a list was given for something else");
    case wire::Value::POINTER: return read(value.getPointer(), type);
  }
  KJ_FAIL_REQUIRE("a value is of a kind that is not known");
}

// Copies what there is room for: `from` may be of a later version of the schema.
void copy(capnp::AnyStruct::Builder to, capnp::AnyStruct::Reader from) {
  auto data = to.getDataSection();
  auto bytes = kj::min(data.size(), from.getDataSection().size());
  memcpy(data.begin(), from.getDataSection().begin(), bytes);
  auto pointers = to.getPointerSection();
  auto count = kj::min(pointers.size(), from.getPointerSection().size());
  for (uint i = 0; i < count; ++i) pointers[i].set(from.getPointerSection()[i]);
}

// Fills a list with what a map gave, in which there may be lists of other maps.
void fill(capnp::DynamicList::Builder list, capnp::List<wire::Value>::Reader values) {
  auto type = list.getSchema().getElementType();
  for (uint i = 0; i < values.size(); ++i) {
    if (values[i].isList() && type.isList()) {
      auto inner = values[i].getList();
      fill(list.init(i, inner.size()).as<capnp::DynamicList>(), inner);
    } else if (type.isStruct()) {
      copy(list[i].as<DynamicStruct>().as<capnp::AnyStruct>(),
          read(values[i], type).as<DynamicStruct>().as<capnp::AnyStruct>());
    } else {
      list.set(i, read(values[i], type));
    }
  }
}

// Where the value of a hole goes.
class Place {
public:
  Place(Parameters params, kj::Maybe<capnp::StructSchema::Field> param)
      : params(params), param(param) {}

  void set(DynamicValue::Reader value) {
    KJ_IF_MAYBE(all, asAllMapped(value)) {
      return setList(*all);
    }
    KJ_IF_MAYBE(mapped, asMapped(value)) {
      return set(*mapped);
    }
    // A generic server need not know what its callers bind its parameters to.
    if (value.getType() == DynamicValue::ANY_POINTER) {
      return write(read(value.as<capnp::AnyPointer>(), getType()));
    }
    write(value);
  }

  void set(wire::Value::Reader value) {
    if (value.isList()) return setList(value.getList());
    write(read(value, getType()));
  }

private:
  Parameters params;
  kj::Maybe<capnp::StructSchema::Field> param;

  capnp::Type getType() {
    KJ_IF_MAYBE(p, param) {
      return p->getType();
    }
    return params.type;
  }

  void write(DynamicValue::Reader value) {
    KJ_IF_MAYBE(p, param) {
      return params.root.getAs<DynamicStruct>(params.type).set(*p, value);
    }
    auto all = value.as<DynamicStruct>();
    auto given = all.getSchema().getProto();
    KJ_REQUIRE(given.getId() == params.type.getProto().getId(),
        "the parameters are of another type", params.type.getShortDisplayName(),
        all.getSchema().getShortDisplayName());
    params.root.setAs<DynamicStruct>(all);
  }

  void setList(capnp::List<wire::Value>::Reader values) {
    auto& p = KJ_REQUIRE_NONNULL(param, "a list was given for all parameters");
    KJ_REQUIRE(p.getType().isList(), "a list was given for something else", p.getProto().getName());
    auto list = params.root.getAs<DynamicStruct>(params.type).init(p, values.size());
    fill(list.as<capnp::DynamicList>(), values);
  }
};

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
      auto value = outcome->get(context.getParams().getPath());
      KJ_IF_MAYBE(mapped, asMapped(value)) {
        return context.getResults().setValue(*mapped);
      }
      write(value, context.getResults().initValue());
    });
  }

  Outcome& getOutcome() { return *outcome; }

private:
  kj::Own<Outcome> outcome;
};

kj::Promise<void> fillFromAfar(
    Place place, wire::Answer::Client source, capnp::List<uint16_t>::Reader path) {
  auto request = source.getRequest();
  request.setPath(path);
  return request.send().then(
      [place](auto&& results) mutable { place.set(wire::Value::Reader(results.getValue())); });
}

class NamedPipeline final: public capnp::PipelineHook, public kj::Refcounted {
public:
  NamedPipeline(kj::Maybe<wire::Answer::Client> answer, kj::Own<PipelineHook> results)
      : answer(kj::mv(answer)), results(kj::mv(results)) {}

  kj::Own<PipelineHook> addRef() override { return kj::addRef(*this); }
  kj::Own<capnp::ClientHook> getPipelinedCap(
      kj::ArrayPtr<const capnp::PipelineOp> operations) override {
    if (operations.size() == 0) {
      return capnp::newBrokenCap("the results of this call are not an object");
    }
    if (operations[0].pointerIndex == 1) {
      KJ_IF_MAYBE(a, answer) {
        return capnp::ClientHook::from(*a);
      }
      return capnp::newBrokenCap("this call was not asked to name its outcome");
    }
    return results->getPipelinedCap(operations.slice(1, operations.size()));
  }

private:
  kj::Maybe<wire::Answer::Client> answer;
  kj::Own<PipelineHook> results;
};

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

kj::Own<capnp::PipelineHook> newNamedPipeline(
    kj::Maybe<wire::Answer::Client> answer, kj::Own<capnp::PipelineHook> results) {
  return kj::refcounted<NamedPipeline>(kj::mv(answer), kj::mv(results));
}

kj::Promise<void> fillHole(Parameters params, kj::Maybe<capnp::StructSchema::Field> param,
    wire::Answer::Client source, capnp::List<uint16_t>::Reader path) {
  return ownAnswers().getLocalServer(source).then(
      [place = Place(params, param), source, path](
          kj::Maybe<wire::Answer::Server&> own) mutable -> kj::Promise<void> {
        KJ_IF_MAYBE(server, own) {
          auto outcome = kj::addRef(kj::downcast<AnswerServer>(*server).getOutcome());
          return outcome->whenDone().then([place, path, outcome = kj::mv(outcome)]() mutable {
            place.set(outcome->get(path));
          });
        }
        return fillFromAfar(place, kj::mv(source), path);
      });
}

}  // namespace troth
