// Durable workflows a second in DBOS on PostgreSQL, in closed loops of callers in one process.
//
//   node bench.mjs --database URL --callers N --steps S --seconds T
//
// The durability is DBOS's own and the server's: a commit for the workflow's start, one for each
// step, and one for its result.
import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { measure, readArguments } from '../closed-loop.mjs';

const options = readArguments(['database']);

// No caller waits for a connection: each has one statement at a time in flight, and DBOS itself needs
// a few for its queues. Beyond this many one process gains nothing.
const CONNECTIONS_MAX = 68;
const pool = new pg.Pool({
  connectionString: options.database,
  max: Math.min(options.callers + 4, CONNECTIONS_MAX),
});

const addOne = async (value) => value + 1;

const sumOfSteps = DBOS.registerWorkflow(async (steps) => {
  let sum = 0;
  for (let i = 0; i < steps; ++i) sum += await DBOS.runStep(() => addOne(i), { name: 'addOne' });
  return sum;
}, { name: 'sumOfSteps' });

const silent = { info() {}, debug() {}, warn() {}, error: console.error };

DBOS.setConfig({
  name: 'troth-bench',
  systemDatabasePool: pool,
  logger: silent,
});
await DBOS.launch();
await measure('dbos', options, async () => {
  const handle = await DBOS.startWorkflow(sumOfSteps, { workflowID: randomUUID() })(options.steps);
  return handle.getResult();
});
await DBOS.shutdown();
await pool.end();
