// What a store accepts from a program.

#include "checks.h"

#include <kj/debug.h>
#include <kj/encoding.h>
#include <kj/vector.h>
#include <openssl/evp.h>

#include <algorithm>

#include "micros.h"

namespace troth {
namespace {

// What a lease, a delay, may last at most.
constexpr auto DURATION_MAX = 36500 * kj::DAYS;

void checkText(kj::StringPtr what, kj::StringPtr text, size_t bytesMax) {
  KJ_REQUIRE(text.size() <= bytesMax, "a name is too long", what, text.size(), bytesMax);
  bool isAscii = true;
  for (auto c: text) {
    auto code = static_cast<kj::byte>(c);
    KJ_REQUIRE(code >= 0x20 && code != 0x7f, "a name has a control character in it", what,
        kj::encodeCEscape(text));
    isAscii = isAscii && code < 0x80;
  }
  KJ_REQUIRE(isAscii || !kj::encodeUtf32(text).hadErrors, "a name is not UTF-8", what,
      kj::encodeCEscape(text));
}

void checkPresent(kj::StringPtr what, kj::StringPtr text) {
  KJ_REQUIRE(text.size() > 0, "a name is empty", what);
}

void checkDuration(kj::StringPtr what, kj::Duration duration, kj::Duration shortest) {
  KJ_REQUIRE(duration >= shortest && duration <= DURATION_MAX, "a duration is out of its range",
      what, duration, shortest, DURATION_MAX);
}

void checkMessage(kj::StringPtr what, kj::ArrayPtr<const kj::byte> message) {
  KJ_REQUIRE(message.size() <= Store::MESSAGE_BYTES_MAX, "a message is too large", what,
      message.size(), Store::MESSAGE_BYTES_MAX);
}

kj::Array<kj::String> checkedTags(kj::Array<kj::String>&& tags) {
  for (auto& tag: tags) checkTag(tag);
  std::sort(tags.begin(), tags.end());
  kj::Vector<kj::String> distinct;
  for (auto& tag: tags) {
    if (distinct.size() == 0 || distinct.back() != tag) distinct.add(kj::mv(tag));
  }
  KJ_REQUIRE(distinct.size() <= Store::TAGS_MAX, "a promise has too many tags", distinct.size(),
      Store::TAGS_MAX);
  return distinct.releaseAsArray();
}

// SHA-256 of a row of parts, each with its length before it.
class DigestWriter {
public:
  DigestWriter(): context(EVP_MD_CTX_new()) {
    // Fetched once: OpenSSL takes a while to find an algorithm by its name.
    static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    check(EVP_DigestInit_ex(context, sha256, nullptr));
  }
  ~DigestWriter() { EVP_MD_CTX_free(context); }
  KJ_DISALLOW_COPY_AND_MOVE(DigestWriter);

  void add(kj::ArrayPtr<const kj::byte> bytes) {
    addNumber(bytes.size());
    check(EVP_DigestUpdate(context, bytes.begin(), bytes.size()));
  }
  void addNumber(uint64_t number) {
    kj::byte bytes[sizeof(number)];
    for (auto& byte: bytes) {
      byte = number & 0xff;
      number >>= 8;
    }
    check(EVP_DigestUpdate(context, bytes, sizeof(bytes)));
  }
  kj::Array<const kj::byte> finish() {
    auto result = kj::heapArray<kj::byte>(DIGEST_BYTES);
    check(EVP_DigestFinal_ex(context, result.begin(), nullptr));
    return result;
  }

private:
  EVP_MD_CTX* context;

  static void check(int succeeded) { KJ_REQUIRE(succeeded == 1, "OpenSSL cannot compute SHA-256"); }
};

void checkError(kj::StringPtr id, const PromiseError& error) {
  KJ_REQUIRE(error.text.size() <= Store::ERROR_BYTES_MAX, "the text of an error is too long", id,
      error.text.size(), Store::ERROR_BYTES_MAX);
  KJ_REQUIRE(error.text.findFirst('\0') == nullptr && !kj::encodeUtf32(error.text).hadErrors,
      "the text of an error is not UTF-8 text", id);
}

void checkSettlement(kj::StringPtr id, PromiseState state, kj::ArrayPtr<const kj::byte> value,
    const kj::Maybe<PromiseError>& error) {
  switch (state) {
    case PromiseState::FULFILLED:
      checkMessage("value", value);
      KJ_REQUIRE(error == nullptr, "a promise that is fulfilled has no error", id);
      break;
    case PromiseState::REJECTED:
    case PromiseState::CANCELED:
      KJ_REQUIRE(value.size() == 0, "a promise that is not fulfilled has no value", id);
      KJ_REQUIRE(error != nullptr, "a promise that is rejected or canceled says why", id);
      break;
    default:
      KJ_FAIL_REQUIRE(
          "a promise is settled as fulfilled, rejected or canceled; a deadline does the rest", id,
          nameOf(state));
  }
  KJ_IF_MAYBE(e, error) checkError(id, *e);
}

kj::Array<const kj::byte> digestOf(const CreateRequest& request) {
  DigestWriter writer;
  writer.add(request.call.target.asBytes());
  writer.addNumber(request.call.interfaceId);
  writer.addNumber(request.call.methodId);
  writer.add(request.call.params);
  KJ_IF_MAYBE(parent, request.parent) writer.add(parent->asBytes());
  return writer.finish();
}

}  // namespace

void checkId(kj::StringPtr id) {
  checkPresent("id", id);
  checkText("id", id, Store::ID_BYTES_MAX);
}

void checkTarget(kj::StringPtr target) { checkText("target", target, Store::TARGET_BYTES_MAX); }

void checkOwner(kj::StringPtr owner) {
  checkPresent("owner", owner);
  checkText("owner", owner, Store::OWNER_BYTES_MAX);
}

void checkValue(kj::ArrayPtr<const kj::byte> value) { checkMessage("value", value); }

void checkTag(kj::StringPtr tag) {
  checkPresent("tag", tag);
  checkText("tag", tag, Store::TAG_BYTES_MAX);
}

void checkLease(const LeaseRequest& lease) {
  checkOwner(lease.owner);
  checkDuration("lease", lease.duration, 1 * kj::MILLISECONDS);
}

void checkDelay(kj::Duration delay) { checkDuration("delay", delay, 0 * kj::SECONDS); }

Creation checked(CreateRequest&& request) {
  checkId(request.id);
  checkTarget(request.call.target);
  checkMessage("params", request.call.params);
  KJ_IF_MAYBE(parent, request.parent) {
    checkId(*parent);
    KJ_REQUIRE(*parent != request.id, "a promise cannot be a part of itself", request.id);
  }
  KJ_IF_MAYBE(lease, request.lease) {
    KJ_REQUIRE(request.call.target.size() > 0,
        "a promise that is settled from outside is no work, and has no lease", request.id);
    checkLease(*lease);
  }
  KJ_IF_MAYBE(settlement, request.settlement) {
    KJ_REQUIRE(request.lease == nullptr,
        "a promise that is made settled is no work any more, and has no lease", request.id);
    checkSettlement(request.id, settlement->state, settlement->value, settlement->error);
  }
  request.tags = checkedTags(kj::mv(request.tags));
  request.deadline = request.deadline.map(wholeMicros);
  auto digest = digestOf(request);
  return {kj::mv(request), kj::mv(digest), nullptr};
}

Transaction checked(TransactRequest&& request) {
  auto& record = request.record;
  KJ_REQUIRE(record.lease == nullptr && record.settlement == nullptr,
      "what a transaction records is settled by it, and has no lease and no other settlement",
      record.id);
  KJ_IF_MAYBE(fence, request.fence) {
    checkId(fence->id);
    checkOwner(fence->owner);
  }
  record.settlement = Settlement{};
  record.repetition = Repetition::STRICT;
  return {checked(kj::mv(record)), kj::mv(request.fence)};
}

SettleRequest checked(SettleRequest&& request) {
  checkId(request.id);
  checkSettlement(request.id, request.state, request.value, request.error);
  return kj::mv(request);
}

}  // namespace troth
