// How long DBOS takes, after a crash, to carry out the workflows that were pending.
//
//   node recover.mjs --database URL --workflows N
//
// Starts itself once more, as the process that starts N workflows of one step, none of which ends,
// and is then killed. What is measured begins with the launch after that, and ends when all have
// ended. The database is one that DBOS has not used yet.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { launch, shutdown } from './launch.mjs';

const STARTS_AT_ONCE = 20;
const LOOK_EVERY_MS = 100;
const RECOVER_WITHIN_MS = 600000;

const { values } = parseArgs({
  options: {
    database: { type: 'string' }, workflows: { type: 'string' }, die: { type: 'boolean' },
  },
});
const workflows = Number(values.workflows);
if (!values.database || !(workflows > 0)) throw new Error('--database and --workflows are missing');

const step = async () => (values.die ? new Promise(() => {}) : 1);
const oneStep = DBOS.registerWorkflow(
  () => DBOS.runStep(step, { name: 'step' }), { name: 'oneStep' });

if (values.die) await startAndDie();
else await recover();

async function startAndDie() {
  await launch(values.database);
  let next = 0;
  const starter = async () => {
    while (next < workflows) {
      await DBOS.startWorkflow(oneStep, { workflowID: `pending-${next++}` })();
    }
  };
  await Promise.all(Array.from({ length: STARTS_AT_ONCE }, starter));
  process.kill(process.pid, 'SIGKILL');
}

async function recover() {
  const child = spawn(process.execPath, [
    fileURLToPath(import.meta.url), '--die', '--database', values.database,
    '--workflows', values.workflows,
  ], { stdio: 'inherit' });
  const [, signal] = await once(child, 'exit');
  if (signal !== 'SIGKILL') throw new Error('the workflows could not be started');
  const begin = performance.now();
  const pool = await launch(values.database);
  for (let ended = 0; ended < workflows; ended = await countEnded(pool)) {
    if (performance.now() - begin > RECOVER_WITHIN_MS) throw new Error(`only ${ended} ended`);
    await sleep(LOOK_EVERY_MS);
  }
  const seconds = (performance.now() - begin) / 1000;
  await shutdown();
  console.log(JSON.stringify({
    system: 'dbos', recovered: workflows, seconds: Number(seconds.toFixed(2)),
    perSecond: Number((workflows / seconds).toFixed(1)),
  }));
}

async function countEnded(pool) {
  const { rows } = await pool.query(
    "SELECT count(*)::int AS ended FROM dbos.workflow_status WHERE status = 'SUCCESS'");
  return rows[0].ended;
}
