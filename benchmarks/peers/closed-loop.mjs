// What the peers' benchmarks share: their arguments, the callers, and the line that is printed.
import { parseArgs } from 'node:util';

const WARM_UP_MS = 1000;

// Callers whose workflows have not ended so long after the time is over never will.
const END_WITHIN_MS = 60000;

// The numbers and names on the command line: --callers N --steps S --seconds T, and those that
// `more` names, all of them required.
export function readArguments(more) {
  const names = ['callers', 'steps', 'seconds', ...more];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  const { values } = parseArgs({ options });
  for (const name of names) {
    if (values[name] === undefined) throw new Error(`--${name} is missing`);
  }
  for (const name of ['callers', 'steps', 'seconds']) {
    values[name] = Number(values[name]);
    if (!(values[name] > 0)) throw new Error(`--${name} takes a positive number`);
  }
  return values;
}

// What a workflow of so many steps returns: each step adds one to its index, and the workflow adds
// the steps' results.
export function expectedResult(steps) {
  return (steps * (steps + 1)) / 2;
}

// Runs workflows in `callers` concurrent closed loops for `seconds`, after a second that is not
// counted, and prints the line. `run` carries one workflow out and returns its result. Those that
// end within the time count; a wrong result or a failure ends the benchmark.
export async function measure(system, { callers, steps, seconds }, run) {
  const expected = expectedResult(steps);
  const begin = performance.now() + WARM_UP_MS;
  const end = begin + seconds * 1000;
  const micros = [];
  const caller = async () => {
    for (let start = performance.now(); start < end; ) {
      const result = await run();
      const now = performance.now();
      if (result !== expected) throw new Error(`a workflow returned ${result}, not ${expected}`);
      if (now >= begin && now < end) micros.push((now - start) * 1000);
      start = now;
    }
  };
  const late = () => { throw new Error('a workflow did not end'); };
  const timer = setTimeout(late, end + END_WITHIN_MS - performance.now());
  await Promise.all(Array.from({ length: callers }, caller));
  clearTimeout(timer);
  micros.sort((a, b) => a - b);
  console.log(JSON.stringify({
    system, callers, steps,
    perSecond: Number((micros.length / seconds).toFixed(1)),
    p50us: percentile(micros, 50), p99us: percentile(micros, 99), count: micros.length,
  }));
}

// Null if nothing ended within the time.
function percentile(sorted, percent) {
  if (sorted.length === 0) return null;
  return Math.round(sorted[Math.ceil((sorted.length * percent) / 100) - 1]);
}
