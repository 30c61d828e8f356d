// DBOS as both of its benchmarks run it: on the given PostgreSQL, with its own durability and the
// server's, and silent unless something fails.
import { DBOS } from '@dbos-inc/dbos-sdk';
import pg from 'pg';

// Twice as many as DBOS takes by default. On two cores, with 64 callers, more made it slower.
const CONNECTIONS_MAX = 20;

const logger = { info() {}, debug() {}, warn() {}, error: console.error };

let pool;

// Launches DBOS, once all workflows are registered, and resolves to the connections that it uses.
// Its own option for a database takes no URL of a Unix socket.
export async function launch(connectionString) {
  pool = new pg.Pool({ connectionString, max: CONNECTIONS_MAX });
  pool.on('error', (error) => { throw error; });
  DBOS.setConfig({
    name: 'troth-bench', applicationVersion: '1', systemDatabasePool: pool, logger,
  });
  await DBOS.launch();
  return pool;
}

export async function shutdown() {
  await DBOS.shutdown();
  await pool.end();
}
