// Measures, against what the same machine needs at the same time for the least that could be done:
//   npm run bench [-- <name>… [--json]]
// A table goes to stderr or, without --json, to stdout; results as JSON go to stdout.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { program } from './process.js';
import { table } from './table.js';

const BENCHMARKS = ['startup', 'work', 'waiting', 'growth', 'rules', 'owners'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !BENCHMARKS.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. Choose of ${BENCHMARKS.join(', ')}.`);
  process.exit(2);
}
if (!existsSync(program)) {
  console.error('Run npm run build first.');
  process.exit(2);
}

const results = [];
for (const name of BENCHMARKS.filter((each) => positionals.length === 0 || positionals.includes(each))) {
  const { title, run } = await import(`./${name}.js`);
  console.error(`${name}: ${title} …`);
  const rows = await run();
  results.push(...rows.map((row) => ({ benchmark: name, ...row, ratio: row.value / row.base })));
}

const text = table(results);
if (values.json) {
  console.error(text);
  console.log(JSON.stringify({ node: process.version, platform: process.platform, results }, null, 2));
} else {
  console.log(text);
}
