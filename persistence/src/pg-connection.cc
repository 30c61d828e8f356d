#include "pg-connection.h"

#include <fcntl.h>
#include <kj/debug.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include <memory>
#include <utility>

#include "pg-runs.h"

namespace troth {
namespace {

constexpr PgStatement ROLL_BACK{nullptr, "ROLLBACK"};

constexpr kj::Duration CONNECT_TIME_MAX = 10 * kj::SECONDS;

// Settings that stand unless `where` says otherwise, so that a server that is silently gone is
// noticed within minutes.
constexpr const char* DEFAULTS[][2] = {{"keepalives_idle", "30"}, {"keepalives_interval", "10"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "60000"},
    {"fallback_application_name", "troth"}};

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;

kj::StringPtr field(const PGresult* result, int code) {
  auto text = PQresultErrorField(result, code);
  return text == nullptr ? kj::StringPtr() : kj::StringPtr(text);
}

// An error after which the server closes the session.
bool isFatal(const PGresult* result) {
  auto severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

// The primary message, with the parts that help, in one line.
kj::String describe(const PGresult* result) {
  auto detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  auto hint = field(result, PG_DIAG_MESSAGE_HINT);
  return kj::str("PostgreSQL: ", field(result, PG_DIAG_MESSAGE_PRIMARY),
      detail.size() > 0 ? "; " : "", detail, hint.size() > 0 ? "; hint: " : "", hint);
}

void logNotice(const PGresult* notice) {
  if (field(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING") {
    KJ_LOG(WARNING, describe(notice));
  } else {
    KJ_LOG(INFO, describe(notice));
  }
}

// ---------------------------------------------------------------------------------------
// Connecting

kj::Exception connectException(PGconn* connection) {
  // What libpq finds wanting by itself is a password; else the network is to blame.
  auto typeElse = PQconnectionNeedsPassword(connection) ? kj::Exception::Type::FAILED
                                                        : kj::Exception::Type::DISCONNECTED;
  return pgConnectFailure(PQerrorMessage(connection), typeElse).exception;
}

void checkWhere(kj::StringPtr where) {
  if (where.findFirst('=') == nullptr && !where.startsWith("postgres")) return;
  char* error = nullptr;
  auto options = PQconninfoParse(where.cStr(), &error);
  KJ_DEFER(PQfreemem(error));
  KJ_REQUIRE(options != nullptr, "this does not tell where a PostgreSQL is", error);
  PQconninfoFree(options);
}

Connection startConnecting(kj::StringPtr where) {
  checkWhere(where);
  kj::Vector<const char*> keys;
  kj::Vector<const char*> values;
  auto set = [&](const char* key, const char* value) {
    keys.add(key);
    values.add(value);
  };
  for (auto& setting: DEFAULTS) set(setting[0], setting[1]);
  // libpq takes a URI or a list apart where it stands in place of a database's name.
  set("dbname", where.cStr());
  set("client_encoding", "UTF8");
  set(nullptr, nullptr);
  Connection connection(PQconnectStartParams(keys.begin(), values.begin(), /*expand_dbname=*/1));
  auto raw = connection.get();
  KJ_REQUIRE(raw != nullptr, "there is no memory left for a connection to PostgreSQL");
  PQsetErrorVerbosity(raw, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(
      raw, [](void*, const PGresult* notice) { logNotice(notice); }, nullptr);
  if (PQstatus(raw) == CONNECTION_BAD) kj::throwFatalException(connectException(raw));
  return connection;
}

kj::Promise<void> shakeHands(Loop& loop, PGconn* connection) {
  auto next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    {
      // libpq may go on to another address, and so to another socket, at each step.
      auto observer = loop.observe(PQsocket(connection));
      co_await (
          next == PGRES_POLLING_READING ? observer->whenReadable() : observer->whenWritable());
    }
    next = PQconnectPoll(connection);
    if (next == PGRES_POLLING_FAILED) kj::throwFatalException(connectException(connection));
  }
}

// What `connect_timeout` says, which libpq leaves to those who do not block.
kj::Duration connectTimeMax(PGconn* connection) {
  auto options = PQconninfo(connection);
  KJ_DEFER(PQconninfoFree(options));
  for (auto option = options; option != nullptr && option->keyword != nullptr; ++option) {
    if (kj::StringPtr(option->keyword) != "connect_timeout" || option->val == nullptr) continue;
    int seconds = atoi(option->val);
    if (seconds > 0) return seconds * kj::SECONDS;
  }
  return CONNECT_TIME_MAX;
}

kj::Promise<void> timeOut(Loop& loop, kj::Duration time) {
  return loop.timer().afterDelay(time).then([time]() -> kj::Promise<void> {
    return KJ_EXCEPTION(DISCONNECTED, "PostgreSQL did not answer in time", time);
  });
}

}  // namespace

// ---------------------------------------------------------------------------------------
// The session

class PgConnection::Impl {
public:
  Impl(Loop& loop, Connection ownConnection);
  ~Impl() noexcept(false);
  KJ_DISALLOW_COPY_AND_MOVE(Impl);

  kj::Promise<PgOutcome> run(kj::ArrayPtr<const PgExecution> executions);
  kj::Promise<PgOutcome> runScript(kj::StringPtr sql);
  kj::Promise<void> settle();
  bool isSettled() const;
  bool isInTransaction() const { return PQtransactionStatus(raw()) == PQTRANS_INTRANS; }
  bool isLost() const { return loss != nullptr; }
  kj::Promise<void> whenLost() { return losing.addBranch(); }

  kj::Function<void(kj::StringPtr, kj::StringPtr)> notificationHandler = [](kj::StringPtr,
                                                                             kj::StringPtr) {};

private:
  Connection connection;
  // A copy, because libpq closes its own when it likes.
  kj::AutoCloseFd socket;
  kj::Own<FdObserver> observer;

  PgRuns runs;

  // Why the connection is lost, if it is; and what the server said when it ended the session.
  kj::Maybe<PgFailure> loss;
  kj::Maybe<PgFailure> farewell;
  kj::Own<kj::PromiseFulfiller<void>> losingFulfiller;
  kj::ForkedPromise<void> losing = nullptr;

  bool isWriting = false;
  kj::Promise<void> reading = nullptr;
  kj::Promise<void> writing = nullptr;

  PGconn* raw() const { return connection.get(); }

  kj::Promise<PgOutcome> runNow(kj::ArrayPtr<const PgExecution> executions);
  bool sendPrepares(kj::ArrayPtr<const PgExecution* const> executions);
  bool sendExecutions(kj::ArrayPtr<const PgExecution> executions);
  bool sendExecution(const PgExecution& execution);
  void flush();
  kj::Promise<void> flushRest();

  kj::Promise<void> readForever();
  void takeResults();
  void take(PGresult* result);
  void takeValue(PGresult* result);
  void takeError(const PGresult* result);
  void sync();
  void takeNotifications();

  void lose(PgFailure failure);
  void lose();
  static void onNotice(void* impl, const PGresult* notice);
};

PgConnection::Impl::Impl(Loop& loop, Connection ownConnection)
    : connection(kj::mv(ownConnection)),
      socket(fcntl(PQsocket(raw()), F_DUPFD_CLOEXEC, 0)),
      observer(loop.observe(socket)) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  losing = paf.promise.fork();
  losingFulfiller = kj::mv(paf.fulfiller);
  PQsetErrorVerbosity(raw(), PQERRORS_DEFAULT);
  PQsetNoticeReceiver(raw(), &onNotice, this);
  KJ_REQUIRE(
      PQsetnonblocking(raw(), 1) == 0 && PQenterPipelineMode(raw()) == 1, PQerrorMessage(raw()));
  reading = readForever().eagerlyEvaluate([this](kj::Exception&& exception) {
    lose({kj::mv(exception), nullptr, PgCommit::NONE});
  });
}

PgConnection::Impl::~Impl() noexcept(false) {
  lose({KJ_EXCEPTION(DISCONNECTED, "a connection to PostgreSQL was closed while it was in use"),
      nullptr, PgCommit::NONE});
}

// ---------------------------------------------------------------------------------------
// Sending

kj::Promise<PgOutcome> PgConnection::Impl::run(kj::ArrayPtr<const PgExecution> executions) {
  if (runs.size() >= RUNS_IN_FLIGHT_MAX) {
    return PgOutcome(PgFailure{
        KJ_EXCEPTION(OVERLOADED, "too many runs of a connection to PostgreSQL are in flight",
            RUNS_IN_FLIGHT_MAX),
        nullptr, PgCommit::NONE});
  }
  KJ_REQUIRE(!runs.isScriptNext(), "a script is running on this connection");
  return runNow(executions);
}

kj::Promise<PgOutcome> PgConnection::Impl::runNow(kj::ArrayPtr<const PgExecution> executions) {
  KJ_IF_MAYBE(failure, loss) return PgOutcome(failure->clone());
  auto unknown = runs.toPrepare(executions);
  auto promise = runs.begin(PgRuns::Kind::STATEMENTS);
  if (sendPrepares(unknown) && sendExecutions(executions)) {
    flush();
  } else {
    lose();
  }
  return promise;
}

bool PgConnection::Impl::sendPrepares(kj::ArrayPtr<const PgExecution* const> executions) {
  for (auto execution: executions) {
    runs.prepare(*execution);
    auto types = KJ_MAP(parameter, execution->parameters) {
      return static_cast<Oid>(parameter.getType());
    };
    auto& [name, sql] = execution->statement;
    if (PQsendPrepare(raw(), name, sql, types.size(), types.begin()) != 1) return false;
  }
  return executions.size() == 0 || PQpipelineSync(raw()) == 1;
}

bool PgConnection::Impl::sendExecutions(kj::ArrayPtr<const PgExecution> executions) {
  for (auto& execution: executions) {
    if (!sendExecution(execution)) return false;
  }
  runs.send();
  return PQpipelineSync(raw()) == 1;
}

bool PgConnection::Impl::sendExecution(const PgExecution& execution) {
  using Format = PgExecution::Format;
  auto count = execution.parameters.size();
  KJ_STACK_ARRAY(Oid, types, count, 16, 16);
  KJ_STACK_ARRAY(const char*, values, count, 16, 16);
  KJ_STACK_ARRAY(int, lengths, count, 16, 16);
  KJ_STACK_ARRAY(int, formats, count, 16, 16);
  for (size_t i = 0; i < count; ++i) {
    types[i] = static_cast<Oid>(execution.parameters[i].getType());
    values[i] = nullptr;
    lengths[i] = 0;
    bool isText = execution.parameters[i].getType() == PgType::INFERRED;
    formats[i] = static_cast<int>(isText ? Format::TEXT : Format::BINARY);
    KJ_IF_MAYBE(bytes, execution.parameters[i].getBytes()) {
      // libpq takes a value without an address for NULL.
      values[i] = bytes->size() == 0 ? "" : bytes->asChars().begin();
      lengths[i] = bytes->size();
    }
  }
  auto& [name, sql] = execution.statement;
  return name == nullptr ? PQsendQueryParams(raw(), sql, count, types.begin(), values.begin(),
                               lengths.begin(), formats.begin(), int(execution.format)) == 1
                         : PQsendQueryPrepared(raw(), name, count, values.begin(), lengths.begin(),
                               formats.begin(), int(execution.format)) == 1;
}

kj::Promise<PgOutcome> PgConnection::Impl::runScript(kj::StringPtr sql) {
  KJ_IF_MAYBE(failure, loss) return PgOutcome(failure->clone());
  KJ_REQUIRE(runs.empty(), "a script runs while nothing else does");
  auto promise = runs.begin(PgRuns::Kind::SCRIPT);
  // Outside of pipeline mode a text may have several statements.
  if (PQexitPipelineMode(raw()) == 1 && PQsendQuery(raw(), sql.cStr()) == 1) {
    runs.send();
    flush();
  } else {
    lose();
  }
  return promise;
}

bool PgConnection::Impl::isSettled() const {
  return isLost() || (runs.empty() && PQtransactionStatus(raw()) == PQTRANS_IDLE);
}

kj::Promise<void> PgConnection::Impl::settle() {
  if (runs.isScriptNext()) {
    lose({KJ_EXCEPTION(DISCONNECTED, "a connection to PostgreSQL was given up during a script"),
        nullptr, PgCommit::NONE});
  }
  // An empty run is answered after all that were made before.
  if (!runs.empty()) co_await runNow(nullptr);
  if (!isSettled()) co_await runNow({{ROLL_BACK}});
}

void PgConnection::Impl::flush() {
  if (isWriting) return;
  int left = PQflush(raw());
  if (left == 0) return;
  if (left < 0) return lose();
  isWriting = true;
  writing = flushRest().eagerlyEvaluate([this](kj::Exception&& exception) {
    lose({kj::mv(exception), nullptr, PgCommit::NONE});
  });
}

kj::Promise<void> PgConnection::Impl::flushRest() {
  int left = 1;
  while (left > 0) {
    co_await observer->whenWritable();
    if (isLost()) co_return;
    left = PQflush(raw());
  }
  isWriting = false;
  if (left < 0) lose();
}

// ---------------------------------------------------------------------------------------
// Receiving

kj::Promise<void> PgConnection::Impl::readForever() {
  while (!isLost()) {
    co_await observer->whenReadable();
    if (isLost()) co_return;
    bool isOpen = PQconsumeInput(raw()) == 1;
    takeResults();
    takeNotifications();
    if (!isOpen) lose();
  }
}

void PgConnection::Impl::takeResults() {
  bool ended = false;
  while (!runs.empty() && PQisBusy(raw()) == 0) {
    auto result = PQgetResult(raw());
    if (result != nullptr) {
      take(result);
      ended = false;
    } else if (runs.isScriptNext()) {
      KJ_ASSERT(PQenterPipelineMode(raw()) == 1, PQerrorMessage(raw()));
      sync();
    } else {
      KJ_ASSERT(!ended, "libpq has fewer results than there are runs");
      ended = true;
    }
  }
}

void PgConnection::Impl::take(PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY: return takeValue(result);
    default: break;
  }
  KJ_DEFER(PQclear(result));
  switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC: return sync();
    // Skipped, because an earlier one of its run failed.
    case PGRES_PIPELINE_ABORTED: return;
    default: return takeError(result);
  }
}

void PgConnection::Impl::takeValue(PGresult* result) {
  // To COMMIT a transaction that has failed is no error to PostgreSQL, which undoes it.
  if (kj::StringPtr(PQcmdStatus(result)) == "ROLLBACK") {
    runs.take(pgFailure("25P02", "the transaction was rolled back: one of its statements failed"));
  }
  runs.take(PgResult(result));
}

void PgConnection::Impl::takeError(const PGresult* result) {
  auto sqlState = field(result, PG_DIAG_SQLSTATE);
  // Without one it is libpq that speaks, of a connection that it has lost, or of a COPY.
  if (sqlState.size() == 0) return lose();
  auto failure = pgFailure(sqlState, describe(result));
  if (isFatal(result)) return lose(kj::mv(failure));
  runs.take(kj::mv(failure));
}

void PgConnection::Impl::sync() {
  runs.sync();
  // What fails ends the transaction that it is part of, also one that spans runs.
  if (runs.empty() && PQtransactionStatus(raw()) == PQTRANS_INERROR) runNow({{ROLL_BACK}});
}

void PgConnection::Impl::takeNotifications() {
  while (auto notification = PQnotifies(raw())) {
    KJ_DEFER(PQfreemem(notification));
    notificationHandler(notification->relname, notification->extra);
  }
}

void PgConnection::Impl::onNotice(void* impl, const PGresult* notice) {
  logNotice(notice);
  if (isFatal(notice)) {
    static_cast<Impl*>(impl)->farewell =
        pgFailure(field(notice, PG_DIAG_SQLSTATE), describe(notice));
  }
}

// ---------------------------------------------------------------------------------------
// The end

void PgConnection::Impl::lose() {
  KJ_IF_MAYBE(failure, farewell) return lose(kj::mv(*failure));
  auto text = kj::str("the connection to PostgreSQL is lost: ", PQerrorMessage(raw()));
  lose({kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__, kj::mv(text)), nullptr,
      PgCommit::NONE});
}

void PgConnection::Impl::lose(PgFailure failure) {
  if (isLost()) return;
  // Whatever the server says when it ends a session: what follows is to connect again.
  auto& lost = loss.emplace(
      PgFailure{kj::Exception(kj::Exception::Type::DISCONNECTED, failure.exception.getFile(),
                    failure.exception.getLine(), kj::str(failure.exception.getDescription())),
          kj::mv(failure.sqlState), PgCommit::NONE});
  runs.failAll(lost);
  observer = nullptr;
  losingFulfiller->fulfill();
}

// ---------------------------------------------------------------------------------------
// What users see

PgResult::~PgResult() { PQclear(raw); }

PgResult& PgResult::operator=(PgResult&& other) {
  std::swap(raw, other.raw);
  return *this;
}

size_t PgResult::rows() const { return PQntuples(raw); }
size_t PgResult::columns() const { return PQnfields(raw); }

PgValue PgResult::at(size_t row, size_t column) const {
  KJ_REQUIRE(row < rows() && column < columns(), "a result has no such row or column", row, column,
      rows(), columns());
  auto type = static_cast<PgType>(PQftype(raw, column));
  if (PQgetisnull(raw, row, column) == 1) return {type, nullptr};
  auto bytes = reinterpret_cast<const kj::byte*>(PQgetvalue(raw, row, column));
  return {type, kj::arrayPtr(bytes, PQgetlength(raw, row, column))};
}

kj::StringPtr PgResult::nameOf(size_t column) const { return PQfname(raw, column); }
kj::StringPtr PgResult::command() const { return PQcmdStatus(raw); }
uint64_t PgResult::affected() const { return strtoull(PQcmdTuples(raw), nullptr, 10); }

kj::Array<PgResult> PgOutcome::takeResults() {
  KJ_IF_MAYBE(found, failure) kj::throwFatalException(kj::mv(found->exception));
  return kj::mv(results);
}

kj::Promise<kj::Own<PgConnection>> PgConnection::connect(Loop& loop, kj::StringPtr where) {
  auto connection = startConnecting(where);
  auto handshake = shakeHands(loop, connection.get());
  co_await handshake.exclusiveJoin(timeOut(loop, connectTimeMax(connection.get())));
  co_return kj::heap<PgConnection>(kj::heap<Impl>(loop, kj::mv(connection)));
}

PgConnection::PgConnection(kj::Own<Impl> impl): impl(kj::mv(impl)) {}
PgConnection::~PgConnection() noexcept(false) {}

kj::Promise<PgOutcome> PgConnection::run(kj::ArrayPtr<const PgExecution> executions) {
  return impl->run(executions);
}
kj::Promise<PgOutcome> PgConnection::runScript(kj::StringPtr sql) { return impl->runScript(sql); }
kj::Promise<void> PgConnection::settle() { return impl->settle(); }
bool PgConnection::isSettled() const { return impl->isSettled(); }
bool PgConnection::isInTransaction() const { return impl->isInTransaction(); }
bool PgConnection::isLost() const { return impl->isLost(); }
kj::Promise<void> PgConnection::whenLost() { return impl->whenLost(); }

void PgConnection::onNotification(
    kj::Function<void(kj::StringPtr channel, kj::StringPtr payload)> handler) {
  impl->notificationHandler = kj::mv(handler);
}

}  // namespace troth
