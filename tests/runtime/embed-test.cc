#include <uv.h>

#include <thread>

#include "server-thread.h"
#include "testing.h"

namespace troth {
namespace {

// A program on libuv that never heard of Troth: a loop and a timer of its own.
class Program {
public:
  Program() {
    KJ_ASSERT(uv_loop_init(&loop) == 0);
    KJ_ASSERT(uv_timer_init(&loop, &timer) == 0);
    timer.data = this;
    uv_timer_start(
        &timer, [](uv_timer_t* t) { ++static_cast<Program*>(t->data)->ticks; }, 1, 1);
  }
  ~Program() {
    uv_run(&loop, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop), 0);
  }

  // Ends uv_run() if nothing else is going on.
  void stopTicking() {
    if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&timer))) {
      uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
    }
  }

  uv_loop_t loop;
  uv_timer_t timer;
  int ticks = 0;
};

TEST(Embed, APlainLibuvProgramServesAndCallsAndEndsByItself) {
  Lab lab;
  Program program;
  int64_t sum = 0;
  {
    Loop loop(program.loop);
    auto server = kj::heap<Vat>(vatOptions(loop));
    auto client = kj::heap<Vat>(vatOptions(loop));
    server->serve(kj::heap<NodeServer>(lab));
    auto run = [&]() -> kj::Promise<void> {
      auto port = co_await server->listen("127.0.0.1:0");
      auto root = client->connect<lab::Node>(kj::str("127.0.0.1:", port));
      for (int i = 0; i < 10; ++i) sum += co_await root.echo(i).value();
      auto held = root.hold().value();
      // The program's own timer goes on while a call is outstanding.
      auto ticks = program.ticks;
      while (program.ticks < ticks + 3) co_await client->timer().afterDelay(1 * kj::MILLISECONDS);
      lab.open();
      sum += co_await held;
      co_await client->shutdown(1 * kj::SECONDS);
      co_await server->shutdown(1 * kj::SECONDS);
      client = nullptr;
      server = nullptr;
      program.stopTicking();
    };
    auto task = run().eagerlyEvaluate([](kj::Exception&& e) { ADD_FAILURE() << describe(e); });
    uv_run(&program.loop, UV_RUN_DEFAULT);
    EXPECT_EQ(sum, 45 + 42);
    EXPECT_GE(program.ticks, 3);
  }
}

TEST(Embed, CallsMadeInACallbackOfLibuvsAreSent) {
  Lab lab;
  Program program;
  {
    Loop loop(program.loop);
    Vat vat{vatOptions(loop)};
    Ref<lab::Node> node = kj::heap<NodeServer>(lab);
    struct Context {
      Program& program;
      Ref<lab::Node>& node;
      kj::Promise<void> task = nullptr;
      int64_t value = 0;
    } context{program, node};
    program.timer.data = &context;
    uv_timer_start(
        &program.timer,
        [](uv_timer_t* timer) {
          auto& c = *static_cast<Context*>(timer->data);
          c.task = c.node.echo(8)
                       .value()
                       .then([&c](int64_t value) {
                         c.value = value;
                         c.program.stopTicking();
                       })
                       .eagerlyEvaluate(nullptr);
        },
        1, 0);
    uv_run(&program.loop, UV_RUN_DEFAULT);
    EXPECT_EQ(context.value, 8);
  }
}

TEST(Embed, ALoopMayGoWithItsVatsWhileTheProgramsGoesOn) {
  Lab lab;
  Program program;
  for (int i = 0; i < 3; ++i) {
    Loop loop(program.loop);
    Vat server{vatOptions(loop)};
    Vat client{vatOptions(loop)};
    server.serve(kj::heap<NodeServer>(lab));
    auto pipe = loop.newTwoWayPipe();
    server.accept(kj::mv(pipe.ends[0]));
    auto root = client.connect<lab::Node>(kj::mv(pipe.ends[1]));
    EXPECT_EQ(root.echo(i).value().wait(loop.waitScope()), i);
    auto held = root.hold();
  }
  program.stopTicking();
}

TEST(Embed, AnExecutorMakesACallOfAnotherThreadsVat) {
  Lab lab;
  Vat vat;
  vat.serve(kj::heap<NodeServer>(lab));
  Ref<lab::Node> root = kj::heap<NodeServer>(lab);
  auto done = kj::newPromiseAndCrossThreadFulfiller<void>();
  int64_t result = 0;
  {
    kj::Thread thread([&, executor = vat.loop().executor().addRef()]() {
      result = executor->executeSync(
          [&]() { return root.echo(12).value().then([](int64_t v) { return v; }); });
      done.fulfiller->fulfill();
    });
    done.promise.wait(vat);
  }
  EXPECT_EQ(result, 12);
}

TEST(Embed, VatsInSeveralThreadsTalk) {
  constexpr int CALLS = 200;
  Lab serverLab;
  ServerThread server([&](Vat& vat) {
    vat.serve(kj::heap<NodeServer>(serverLab));
    return vat.listen("127.0.0.1:0").wait(vat);
  });
  auto address = kj::str("127.0.0.1:", server.getPort());
  int64_t sums[3] = {};
  {
    std::vector<kj::Own<kj::Thread>> threads;
    for (auto& sum: sums) {
      threads.push_back(kj::heap<kj::Thread>([&sum, &address]() {
        Lab lab;
        Vat vat;
        auto root = vat.connect<lab::Node>(address);
        Ref<lab::Node> mine = kj::heap<NodeServer>(lab);
        for (int i = 0; i < CALLS; ++i) {
          sum += root.make("x").node().throughCallback(mine, i).value().wait(vat);
        }
      }));
    }
  }
  for (auto sum: sums) EXPECT_EQ(sum, CALLS * (CALLS - 1) / 2 + CALLS);
}

}  // namespace
}  // namespace troth
