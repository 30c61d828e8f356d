// Durable workflows a second in DBOS on PostgreSQL, in closed loops of callers in one process.
//
//   node bench.mjs --database URL --callers N --steps S --seconds T
import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { measure, readArguments } from '../closed-loop.mjs';
import { launch, shutdown } from './launch.mjs';

const options = readArguments(['database']);

const addOne = async (value) => value + 1;

const sumOfSteps = DBOS.registerWorkflow(async (steps) => {
  let sum = 0;
  for (let i = 0; i < steps; ++i) sum += await DBOS.runStep(() => addOne(i), { name: 'addOne' });
  return sum;
}, { name: 'sumOfSteps' });

await launch(options.database);
await measure('dbos', options, async () => {
  const handle = await DBOS.startWorkflow(sumOfSteps, { workflowID: randomUUID() })(options.steps);
  return handle.getResult();
});
await shutdown();
