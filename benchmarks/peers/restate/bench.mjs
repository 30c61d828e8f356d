// Durable workflows a second in Restate, in closed loops of callers in the process that also
// carries out the steps.
//
//   node bench.mjs --database FOLDER --callers N --steps S --seconds T
//
// FOLDER is where the server keeps its store; its path is at most 80 characters long, because it
// has the server's sockets too. The durability is Restate's own: one node, which syncs its log to
// disk.
import { randomUUID } from 'node:crypto';
import http2 from 'node:http2';
import * as restate from '@restatedev/restate-sdk';
import { measure, readArguments } from '../closed-loop.mjs';
import { RestateServer } from './server.mjs';

const options = readArguments(['database']);

// The SDK needs this, which Node.js has from version 22 on.
Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const addOne = async (value) => value + 1;

const sums = restate.service({
  name: 'sums',
  handlers: {
    async ofSteps(context, steps) {
      let sum = 0;
      for (let i = 0; i < steps; ++i) sum += await context.run('addOne', () => addOne(i));
      return sum;
    },
  },
});

// Prints errors alone.
function logger({ level }, ...message) {
  if (level === 'error') console.error(...message);
}

// Serves the workflow on a port of its own, and resolves to its address.
function serve() {
  const handler = restate.createEndpointHandler({ services: [sums], logger });
  const server = http2.createServer(handler);
  return new Promise((resolve, reject) => {
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${server.address().port}`);
    });
  });
}

const address = await serve();
const server = await RestateServer.start(options.database);
await server.register(address);
await measure('restate', options,
  () => server.call('sums', 'ofSteps', randomUUID(), options.steps));
server.kill();
process.exit();
