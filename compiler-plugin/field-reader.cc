#include "field-reader.h"

#include <algorithm>
#include <cmath>

#include "text.h"

namespace troth::compiler {

namespace {

namespace schema = capnp::schema;

Field::Kind kindOf(capnp::Type type, const TypeName& owner) {
  switch (type.which()) {
    case schema::Type::TEXT:
    case schema::Type::DATA:
    case schema::Type::LIST:
    case schema::Type::STRUCT: return Field::Kind::POINTER;
    case schema::Type::INTERFACE: return Field::Kind::INTERFACE;
    case schema::Type::ANY_POINTER:
      if (type.getBrandParameter() != nullptr) {
        return owner.isDependent() ? Field::Kind::UNKNOWN : Field::Kind::POINTER;
      } else if (type.getImplicitParameter() != nullptr) {
        return Field::Kind::POINTER;
      } else {
        using Kind = schema::Type::AnyPointer::Unconstrained;
        bool isCapability = type.whichAnyPointerKind() == Kind::CAPABILITY;
        return isCapability ? Field::Kind::INTERFACE : Field::Kind::POINTER;
      }
    default: return Field::Kind::SCALAR;
  }
}

// Reads the fields of one struct.
class FieldReader {
public:
  FieldReader(Schemas& schemas, const TypeName& owner): schemas(schemas), owner(owner) {}

  Field read(capnp::StructSchema::Field field) {
    auto proto = field.getProto();
    auto type = field.getType();
    auto name = schemas.getName(proto);
    auto suffix = toTitleCase(name);
    auto typeName = readType(type, suffix);
    kj::Maybe<uint> pointer;
    auto kind = kindOf(type, owner);
    if (proto.isSlot() && kind != Field::Kind::SCALAR) pointer = proto.getSlot().getOffset();
    auto id = field.getContainingStruct().getProto().getId();
    return {field.getIndex(), pointer, proto.getName(), schemas.getMemberDoc(id, field.getIndex()),
        kind, kj::mv(typeName), proto.getDiscriminantValue() != schema::Field::NO_DISCRIMINANT,
        kj::mv(suffix), promise.claim(name), call.claim(name), arguments.claim(name), nullptr};
  }

private:
  Schemas& schemas;
  const TypeName& owner;
  NameScope promise{Reserved::ACCESSORS_OF_PROMISE};
  NameScope call{Reserved::ACCESSORS_OF_CALL};
  NameScope arguments{Reserved::ARGUMENTS};

  TypeName readType(capnp::Type type, kj::StringPtr suffix) {
    if (owner.isDependent() && schemas.isDependent(type)) {
      auto text = kj::str("_::TypeOf<&", owner.text, "::Reader::get", suffix, ">");
      return {kj::mv(text), TypeName::Form::DEPENDENT};
    }
    return schemas.getTypeName(type);
  }
};

kj::String spellInteger(int64_t value) {
  // C++ has no negative literals: the smallest value is an operator on one that is too large.
  if (value == int64_t(kj::minValue)) return kj::str("INT64_MIN");
  bool isLong = value > int32_t(kj::maxValue) || value < int32_t(kj::minValue);
  return kj::str(value, isLong ? "ll" : "");
}

kj::String spellUnsigned(uint64_t value) {
  return kj::str(value, value > uint64_t(int64_t(kj::maxValue)) ? "ull" : "");
}

template <typename T>
kj::String spellFloat(T value) {
  if (std::isnan(value)) return kj::str("::kj::nan()");
  if (std::isinf(value)) return kj::str(value < 0 ? "-" : "", "::kj::inf()");
  auto digits = kj::str(value);
  bool isWhole = digits.findFirst('.') == nullptr && digits.findFirst('e') == nullptr;
  return kj::str(digits, isWhole ? ".0" : "", kj::isSameType<T, float>() ? "f" : "");
}

kj::Maybe<kj::String> spell(Schemas& schemas, capnp::Type type, schema::Value::Reader value) {
  switch (value.which()) {
    case schema::Value::VOID: return kj::str("::capnp::VOID");
    case schema::Value::BOOL: return kj::str(value.getBool());
    case schema::Value::INT8: return spellInteger(value.getInt8());
    case schema::Value::INT16: return spellInteger(value.getInt16());
    case schema::Value::INT32: return spellInteger(value.getInt32());
    case schema::Value::INT64: return spellInteger(value.getInt64());
    case schema::Value::UINT8: return spellUnsigned(value.getUint8());
    case schema::Value::UINT16: return spellUnsigned(value.getUint16());
    case schema::Value::UINT32: return spellUnsigned(value.getUint32());
    case schema::Value::UINT64: return spellUnsigned(value.getUint64());
    case schema::Value::FLOAT32: return spellFloat(value.getFloat32());
    case schema::Value::FLOAT64: return spellFloat(value.getFloat64());
    case schema::Value::ENUM: return schemas.getEnumerant(type.asEnum(), value.getEnum());
    case schema::Value::INTERFACE: return kj::str("nullptr");
    case schema::Value::TEXT: {
      bool hasNul = kj::StringPtr(value.getText()).findFirst('\0') != nullptr;
      if (hasNul) return nullptr;
      return quote(value.getText());
    }
    default: return nullptr;
  }
}

}  // namespace

kj::Vector<Field> readFields(Schemas& schemas, capnp::StructSchema schema, const TypeName& owner) {
  FieldReader reader(schemas, owner);
  kj::Vector<Field> result;
  // Names are given out in the order of the ordinals, so that a new field does not rename an old
  // one.
  for (auto field: schema.getFields()) result.add(reader.read(field));
  auto protos = schema.getProto().getStruct().getFields();
  std::stable_sort(result.begin(), result.end(), [&](const Field& a, const Field& b) {
    return protos[a.index].getCodeOrder() < protos[b.index].getCodeOrder();
  });
  return result;
}

void readDefaultArguments(Schemas& schemas, capnp::StructSchema schema, kj::Vector<Field>& fields) {
  for (size_t i = fields.size(); i-- > 0;) {
    auto field = schema.getFields()[fields[i].index];
    auto slot = field.getProto().getSlot();
    if (!slot.getHadExplicitDefault()) return;
    fields[i].defaultArgument = spell(schemas, field.getType(), slot.getDefaultValue());
    if (fields[i].defaultArgument == nullptr) return;
  }
}

}  // namespace troth::compiler
