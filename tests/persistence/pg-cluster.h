#pragma once
// A PgCluster is a PostgreSQL server of a test's own, which can be stopped and killed.
//
//     PgCluster cluster;
//     auto connection = PgConnection::connect(loop, cluster.where()).wait(loop.waitScope());
//     cluster.kill();
//     cluster.start();
//
// It listens on a Unix socket, keeps its data in a temporary folder, and is gone when the program
// is, however that ends. Making one takes half a second, and some seconds where there is no
// data folder yet to copy: so tests share one where they can.

#include <kj/io.h>
#include <kj/string.h>

namespace troth {

class PgCluster {
public:
  enum class Disk {
    // Acknowledges what only the kernel has: quick, and enough to survive the death of the server,
    // not that of the machine.
    FAST,
    // As PostgreSQL is installed.
    DURABLE,
  };

  // Starts the server. It listens on the address too, at PostgreSQL's port, unless that is empty.
  explicit PgCluster(Disk disk = Disk::FAST, kj::StringPtr address = "");
  KJ_DISALLOW_COPY_AND_MOVE(PgCluster);

  // How to connect, as libpq understands it.
  kj::String where() const { return kj::str("host=", folder, " user=troth dbname=postgres"); }

  // That of its socket, of its data (in `data`), and of what it writes (`log`).
  kj::StringPtr getFolder() const { return folder; }

  // Each blocks until it is done. A server that is killed or stopped can be started again.
  void start() { command("start"); }
  void stop() { command("stop"); }
  void kill() { command("kill"); }

private:
  // To pg-cluster.sh, which ends the server when this end is closed.
  kj::AutoCloseFd channel;
  kj::String folder;

  void command(kj::StringPtr word);
  kj::String readLine();
};

}  // namespace troth
