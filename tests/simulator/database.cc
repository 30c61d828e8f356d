#include "database.h"

#include <kj/debug.h>

#include <variant>

#include "memory-backend.h"

namespace troth::simulator {
namespace {

constexpr const char* NAME = "database";

// What happens to a request.
enum class Fate {
  CARRIED_OUT,
  // Nothing is done, and it breaks with DISCONNECTED, or OVERLOADED.
  LOST,
  REFUSED,
  // It is done, and breaks all the same: before that, or after it.
  IN_DOUBT,
  LATE,
};

kj::Exception lost() { return KJ_EXCEPTION(DISCONNECTED, "the database is gone"); }
kj::Exception busy() { return KJ_EXCEPTION(OVERLOADED, "the database is busy"); }

std::string describe(const Request& request) {
  KJ_SWITCH_ONEOF(request) {
    KJ_CASE_ONEOF(r, Creation) {
      std::string text = r.request.lease == nullptr ? "create" : "create with a lease";
      KJ_IF_MAYBE(s, r.request.settlement) text += std::string(" as ") + nameOf(s->state).cStr();
      return text;
    }
    KJ_CASE_ONEOF(r, SettleRequest) {
      auto text = std::string("settle as ") + nameOf(r.state).cStr();
      KJ_IF_MAYBE(epoch, r.epoch) text += " under epoch " + std::to_string(*epoch);
      return text;
    }
    KJ_CASE_ONEOF(r, FindRequest) return "find";
    KJ_CASE_ONEOF(r, AwaitRequest) return "await";
    KJ_CASE_ONEOF(r, ExpireRequest) return "expire";
    KJ_CASE_ONEOF(r, TakeRequest) return "take";
    KJ_CASE_ONEOF(r, RenewRequest) return "renew epoch " + std::to_string(r.epoch);
    KJ_CASE_ONEOF(r, ReleaseRequest) return "release epoch " + std::to_string(r.epoch);
    KJ_CASE_ONEOF(r, ParkRequest) return "park epoch " + std::to_string(r.epoch);
    KJ_CASE_ONEOF(r, WakeRequest) return "wake";
  }
  KJ_UNREACHABLE;
}

std::string describe(const Record& record) {
  auto text = std::string(nameOf(record.state).cStr()) + ", epoch " + std::to_string(record.epoch);
  if (record.isSettled()) text += ": " + outcomeText(record);
  return text;
}
std::string describe(const kj::Maybe<Record>& record) {
  KJ_IF_MAYBE(r, record) return describe(*r);
  return "no record";
}
std::string describe(const kj::Array<Claimed>& all) {
  std::string text = "claimed:";
  for (auto& [record, children]: all) {
    text += std::string(" ") + record.id.cStr() + " epoch " + std::to_string(record.epoch);
  }
  return text;
}
template <typename T>
std::string describe(const T&) {
  return "";
}

// Who takes a lease with this request.
kj::Maybe<kj::String> leaseOwnerOf(const Request& request) {
  KJ_SWITCH_ONEOF(request) {
    KJ_CASE_ONEOF(r, Creation) return r.request.lease.map([](auto& l) { return kj::str(l.owner); });
    KJ_CASE_ONEOF(r, RenewRequest) return kj::str(r.lease.owner);
    KJ_CASE_ONEOF_DEFAULT {}
  }
  return nullptr;
}

// The lease under which it settles a call.
kj::Maybe<uint64_t> settlingEpochOf(const Request& request) {
  if (!request.is<SettleRequest>()) return nullptr;
  return request.get<SettleRequest>().epoch;
}

}  // namespace

class Session final: public kj::Refcounted, private BackendListener {
public:
  Session(World& world, Rules& rules, Life& life)
      : world(world),
        rules(rules),
        inbox(kj::addRef(*life.inbox)),
        life(life),
        inner(newMemoryBackend(rules.getRecords(), world)) {
    inner->setListener(*this);
  }
  KJ_DISALLOW_COPY_AND_MOVE(Session);

  void setListener(BackendListener& l) { listener = l; }
  void close() { listener = nullptr; }

  // Has `carryOut` done at the database, and its answer brought back. `key` names requests that
  // keep their order.
  template <typename T, typename CarryOut>
  kj::Promise<T> send(
      std::string key, std::string what, kj::TimePoint notBefore, CarryOut carryOut) {
    auto paf = kj::newPromiseAndFulfiller<T>();
    auto trip = kj::refcounted<Trip<T>>(kj::mv(paf.fulfiller), kj::mv(key), kj::mv(what));
    auto fate = chooseFate();
    auto arrival = follow(arrivals[trip->key], kj::max(world.time(), notBefore) + world.delay());
    auto answer = follow(answers[trip->key], arrival + world.delay());
    if (fate == Fate::LATE) arrival = answer + world.within(5000);
    world.at(arrival,
        [self = kj::addRef(*this), trip = kj::addRef(*trip), fate,
            carryOut = kj::mv(carryOut)]() mutable { self->arrive(*trip, fate, carryOut); });
    world.at(answer, [self = kj::addRef(*this), trip = kj::mv(trip), fate]() mutable {
      self->goBack(kj::mv(trip), fate);
    });
    return kj::mv(paf.promise);
  }

  void note(kj::StringPtr owner, const Record& record) {
    KJ_IF_MAYBE(lease, record.lease) {
      if (lease->owner != owner) return;
      auto& epoch = life.epochs[record.id.cStr()];
      epoch = kj::max(epoch, record.epoch);
    }
  }

  bool isOpen() const { return listener != nullptr; }
  kj::Date now() { return inner->now(); }
  StoreTraffic getTraffic() const { return inner->getTraffic(); }

private:
  // A request on its way, and what came of it.
  template <typename T>
  struct Trip: public kj::Refcounted {
    Trip(kj::Own<kj::PromiseFulfiller<T>> fulfiller, std::string key, std::string what)
        : fulfiller(kj::mv(fulfiller)), key(kj::mv(key)), what(kj::mv(what)) {}
    kj::Own<kj::PromiseFulfiller<T>> fulfiller;
    std::string key;
    std::string what;
    kj::Maybe<T> value;
    kj::Maybe<kj::Exception> problem;

    // What the backend tells of before it answers.
    kj::Vector<Record> settled;
  };

  // When the last one of some requests comes to an end of the line.
  struct Last {
    kj::TimePoint time = kj::origin<kj::TimePoint>();
  };

  World& world;
  Rules& rules;
  kj::Own<Inbox> inbox;
  Life& life;
  kj::Own<Backend> inner;
  kj::Maybe<BackendListener&> listener;
  std::map<std::string, Last> arrivals;
  std::map<std::string, Last> answers;

  // Where records are put that settle through this session.
  kj::Maybe<kj::Vector<Record>&> settling;

  Fate chooseFate() {
    if (!world.mishap(20)) return Fate::CARRIED_OUT;
    constexpr Fate FATES[] = {Fate::LOST, Fate::REFUSED, Fate::IN_DOUBT, Fate::LATE};
    return FATES[world.upTo(4)];
  }

  static kj::TimePoint follow(Last& last, kj::TimePoint time) {
    return last.time = kj::max(last.time, time);
  }

  template <typename T, typename CarryOut>
  void arrive(Trip<T>& trip, Fate fate, CarryOut& carryOut) {
    if (fate == Fate::LOST || fate == Fate::REFUSED) return;
    // Who is gone may have sent all of it.
    if (inbox->isClosed() && world.oneIn(2)) return;
    kj::Vector<Record> settled;
    settling = settled;
    std::string result;
    KJ_IF_MAYBE(exception, kj::runCatchingExceptions([&]() {
                  auto value = world.wait(carryOut(*inner));
                  result = describe(value);
                  trip.value = kj::mv(value);
                })) {
      result = errorText(*exception);
      trip.problem = kj::mv(*exception);
    }
    settling = nullptr;
    if (fate == Fate::CARRIED_OUT) trip.settled = kj::mv(settled);
    if (trip.what.empty()) return;
    world.log(NAME, trip.key, life.name + ": " + trip.what + " → " + result);
    rules.committed(trip.key);
  }

  template <typename T>
  void goBack(kj::Own<Trip<T>> trip, Fate fate) {
    if (fate != Fate::CARRIED_OUT) {
      trip->problem = fate == Fate::REFUSED ? busy() : lost();
      if (!trip->what.empty() && !inbox->isClosed()) {
        world.log(NAME, trip->key, life.name + ": " + trip->what + " → no answer");
      }
    }
    inbox->deliver([self = kj::addRef(*this), trip = kj::mv(trip)]() mutable {
      for (auto& record: trip->settled) {
        KJ_IF_MAYBE(l, self->listener) l->settled(record);
      }
      KJ_IF_MAYBE(problem, trip->problem) {
        trip->fulfiller->reject(kj::mv(*problem));
      } else KJ_IF_MAYBE(value, trip->value) {
        trip->fulfiller->fulfill(kj::mv(*value));
      }
    });
  }

  // ---- What the database tells ----

  void settled(const Record& record) override {
    rules.committed(record.id.cStr());
    KJ_IF_MAYBE(all, settling) all->add(record.clone());
  }

  void settledElsewhere(kj::StringPtr id) override {
    tell([id = kj::str(id)](BackendListener& l) { l.settledElsewhere(id); });
  }

  void workDue(kj::StringPtr target) override {
    tell([target = kj::str(target)](BackendListener& l) { l.workDue(target); });
  }

  // Or not: such a word may be lost.
  template <typename Say>
  void tell(Say say) {
    if (inbox->isClosed() || world.mishap(5)) return;
    world.later(world.delay(), [self = kj::addRef(*this), say = kj::mv(say)]() mutable {
      auto& inbox = *self->inbox;
      inbox.deliver([self = kj::mv(self), say = kj::mv(say)]() mutable {
        KJ_IF_MAYBE(l, self->listener) say(*l);
      });
    });
  }
};

namespace {

class DistantBackend final: public Backend {
public:
  DistantBackend(World& world, Rules& rules, Life& life, const kj::TimePoint& cut)
      : rules(rules), life(life), cut(cut), session(kj::refcounted<Session>(world, rules, life)) {}
  ~DistantBackend() noexcept(false) { session->close(); }
  KJ_DISALLOW_COPY_AND_MOVE(DistantBackend);

  void setListener(BackendListener& listener) override { session->setListener(listener); }

  kj::Promise<kj::Maybe<Record>> carryOut(Request request) override {
    checkWhatIsSent(request);
    auto id = std::string(idOf(request).cStr());
    auto owner = leaseOwnerOf(request);
    auto what = describe(request);
    auto epoch = settlingEpochOf(request);
    auto done = session->send<kj::Maybe<Record>>(id, what, cut,
        [&rules = rules, id, epoch, request = kj::mv(request)](Backend& inner) mutable {
          bool isStale = rules.isStale(id, epoch);
          auto record = inner.carryOut(kj::mv(request));
          if (isStale) rules.staysPending(id);
          return record;
        });
    return done.then([this, owner = kj::mv(owner)](kj::Maybe<Record>&& record) {
      KJ_IF_MAYBE(o, owner) {
        KJ_IF_MAYBE(r, record) session->note(*o, *r);
      }
      return kj::mv(record);
    });
  }

  kj::Promise<Page> search(SearchRequest request) override {
    return ask<Page>([request = kj::mv(request)](
                         Backend& inner) mutable { return inner.search(kj::mv(request)); });
  }

  kj::Promise<kj::Array<Claimed>> claim(ClaimRequest request) override {
    auto owner = kj::str(request.lease.owner);
    auto done = ask<kj::Array<Claimed>>(
        [&rules = rules, request = kj::mv(request)](Backend& inner) mutable {
          return inner.claim(kj::mv(request)).then([&rules](kj::Array<Claimed>&& all) {
            for (auto& one: all) rules.committed(one.record.id.cStr());
            return kj::mv(all);
          });
        });
    return done.then([this, owner = kj::mv(owner)](kj::Array<Claimed>&& all) {
      for (auto& one: all) session->note(owner, one.record);
      return kj::mv(all);
    });
  }

  kj::Promise<Overdue> findOverdue(uint32_t idsMax) override {
    return ask<Overdue>([idsMax](Backend& inner) { return inner.findOverdue(idsMax); });
  }

  kj::Promise<kj::Maybe<kj::Date>> findDue(kj::Array<kj::String> targets) override {
    return ask<kj::Maybe<kj::Date>>([targets = kj::mv(targets)](Backend& inner) mutable {
      return inner.findDue(kj::mv(targets));
    });
  }

  kj::Promise<kj::Array<kj::String>> findSettled(kj::Array<kj::String> ids) override {
    return ask<kj::Array<kj::String>>(
        [ids = kj::mv(ids)](Backend& inner) mutable { return inner.findSettled(kj::mv(ids)); });
  }

  kj::Promise<Pruned> prune(PruneRequest) override { KJ_UNIMPLEMENTED("nobody prunes"); }
  kj::Promise<Record> transact(Transaction, SqlUse) override { KJ_UNIMPLEMENTED("no SQL"); }
  kj::Promise<void> execute(kj::String) override { KJ_UNIMPLEMENTED("no SQL"); }
  kj::Date now() override { return session->now(); }
  StoreTraffic getTraffic() const override { return session->getTraffic(); }

private:
  Rules& rules;
  Life& life;
  const kj::TimePoint& cut;
  kj::Own<Session> session;

  // For what keeps no order.
  template <typename T, typename CarryOut>
  kj::Promise<T> ask(CarryOut carryOut) {
    return session->send<T>("", "", cut, kj::mv(carryOut));
  }

  void checkWhatIsSent(const Request& request) {
    if (request.is<ReleaseRequest>() || request.is<ParkRequest>()) {
      life.epochs.erase(idOf(request).cStr());
    }
    KJ_IF_MAYBE(epoch, settlingEpochOf(request)) rules.settles(life, idOf(request).cStr(), *epoch);
  }
};

}  // namespace

kj::Own<Backend> newDistantBackend(
    World& world, Rules& rules, Life& life, const kj::TimePoint& cut) {
  return kj::heap<DistantBackend>(world, rules, life, cut);
}

}  // namespace troth::simulator
