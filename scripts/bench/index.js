// Measures, against what the same machine needs at the same time for the least that could be done:
//   npm run bench [-- <name>… [--scale <factor>] [--rounds <number>] [--any-load] [--json]]
// A table goes to stderr or, without --json, to stdout; results as JSON go to stdout.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { program } from './measure.js';
import { table } from './table.js';

const BENCHMARKS = ['start', 'first-request', 'work', 'growth', 'size', 'waiting', 'extras', 'rules'];

const { values, positionals } = readArguments();
const scale = Number(values.scale);
const rounds = Number(values.rounds);
const unknown = positionals.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0)
  refuse(`There is no benchmark ${unknown.join(', ')}. Choose from ${BENCHMARKS.join(', ')}.`);
if (!(scale > 0 && scale <= 1)) refuse('--scale must be above 0 and at most 1.');
if (!(Number.isInteger(rounds) && rounds > 0)) refuse('--rounds must be a whole number above 0.');
if (!existsSync(program)) refuse('Run npm run build first.');

const options = {
  rounds,
  anyLoad: values['any-load'],
  sized: (size) => Math.max(100, Math.round(size * scale)),
};
const results = [];
for (const name of BENCHMARKS.filter((each) => positionals.length === 0 || positionals.includes(each))) {
  const { title, run } = await import(`./${name}.js`);
  console.error(`${name}: ${title} …`);
  results.push(...(await run(options)).map((row) => ({ benchmark: name, ...row })));
}

const notes = [
  ...(scale < 1 ? [`Sizes are ${scale} of the real ones: no result is one.`] : []),
  ...(rounds < 5 ? ['With fewer than 5 rounds, chance decides much.'] : []),
  ...(options.anyLoad ? ['Taken whatever else the machine did.'] : []),
];
const text = [table(results), ...notes].join('\n');
if (values.json) {
  console.error(text);
  const { version: node, platform } = process;
  console.log(JSON.stringify({ node, platform, scale, rounds, anyLoad: options.anyLoad, results }, null, 2));
} else {
  console.log(text);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        scale: { type: 'string', default: '1' },
        rounds: { type: 'string', default: '5' },
        'any-load': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(error.message);
  }
}

function refuse(message) {
  console.error(message);
  process.exit(2);
}
