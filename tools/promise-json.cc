#include "promise-json.h"

#include "times.h"
#include "values.h"

namespace troth::command {
namespace {

using ErrorType = kj::Exception::Type;
constexpr ErrorType ERROR_TYPES[] = {
    ErrorType::FAILED, ErrorType::OVERLOADED, ErrorType::DISCONNECTED, ErrorType::UNIMPLEMENTED};

kj::String jsonDate(const kj::Maybe<kj::Date>& date) {
  KJ_IF_MAYBE(d, date) return jsonText(formatMicros(*d));
  return kj::str("null");
}

kj::String jsonTexts(kj::ArrayPtr<const kj::String> texts) {
  return jsonList(KJ_MAP(text, texts) { return jsonText(text); });
}

kj::String jsonValue(kj::ArrayPtr<const kj::byte> bytes, kj::Maybe<capnp::StructSchema> type,
    const Schemas& schemas) {
  return JsonObject()
      .addNumber("bytes", bytes.size())
      .add("content", showValueAsJson(bytes, type, schemas))
      .add("refs", jsonTexts(refsOf(bytes)))
      .finish();
}

kj::Maybe<kj::String> unlessEmpty(kj::String text) {
  if (text.size() == 0) return nullptr;
  return kj::mv(text);
}

kj::String jsonCall(const Record& record, const RecordTypes& types) {
  if (!isCall(record)) return kj::str("null");
  auto& call = record.call;
  return JsonObject()
      .addText("target", call.target)
      .add("key", jsonTextOrNull(unlessEmpty(keyOf(record))))
      .addText("interfaceId", formatInterfaceId(call.interfaceId))
      .addNumber("methodId", call.methodId)
      .add("method", jsonTextOrNull(types.methodOf(record)))
      .add("params", jsonValue(call.params, types.paramsOf(record), types.getSchemas()))
      .finish();
}

kj::String jsonError(const kj::Maybe<PromiseError>& error) {
  KJ_IF_MAYBE(e, error) {
    return JsonObject().addText("type", nameOf(e->type)).addText("text", e->text).finish();
  }
  return kj::str("null");
}

kj::String jsonLease(const kj::Maybe<Lease>& lease) {
  KJ_IF_MAYBE(l, lease) {
    return JsonObject().addText("owner", l->owner).add("expires", jsonDate(l->expires)).finish();
  }
  return kj::str("null");
}

}  // namespace

kj::StringPtr nameOf(ErrorType type) {
  switch (type) {
    case ErrorType::FAILED: return "failed";
    case ErrorType::OVERLOADED: return "overloaded";
    case ErrorType::DISCONNECTED: return "disconnected";
    case ErrorType::UNIMPLEMENTED: return "unimplemented";
  }
  KJ_UNREACHABLE;
}

kj::Maybe<ErrorType> findErrorType(kj::StringPtr name) {
  for (auto type: ERROR_TYPES) {
    if (nameOf(type) == name) return type;
  }
  return nullptr;
}

JsonObject recordAsJson(const Record& record, const RecordTypes& types) {
  JsonObject json;
  json.addText("id", record.id)
      .addText("state", nameOf(record.state))
      .add("call", jsonCall(record, types))
      .add("step", jsonTextOrNull(unlessEmpty(stepOf(record))))
      .add("parent", jsonTextOrNull(record.parent))
      .add("root", jsonTextOrNull(record.root))
      .add("tags", jsonTexts(record.tags))
      .add("created", jsonDate(record.created))
      .add("deadline", jsonDate(record.deadline))
      .add("settled", jsonDate(record.settled))
      .add("value",
          record.state == PromiseState::FULFILLED
              ? jsonValue(record.value, types.valueOf(record), types.getSchemas())
              : kj::str("null"))
      .add("error", jsonError(record.error))
      .add("lease", jsonLease(record.lease))
      .addNumber("epoch", record.epoch)
      .add("due", jsonDate(record.due));
  return json;
}

}  // namespace troth::command
