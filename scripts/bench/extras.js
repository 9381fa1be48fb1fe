import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inTurn, ratio } from './measure.js';
import { auditOf, prepare, withTenant } from './tenant.js';

export const title = 'an audit with a plug-in, waivers and a state, against one without';

const CREDENTIALS = 100_000;
const WAIVERS = 100;
const LIMIT = 1.15;

const PLUGIN = `export default {
  id: 'acme/ticket-in-name',
  title: 'The name of the credential holds no ticket number',
  severity: 'low',
  kinds: ['personal-client'],
  docs: { why: 'We look owners up by ticket.', fix: 'Put the ticket number into its name.' },
  needs: ['name'],
  messages: { missing: ({ name }) => name + ' holds no ticket number' },
  check({ facts }) {
    return facts.name.endsWith('99') ? { messageId: 'missing', data: { name: facts.name } } : undefined;
  },
};
`;

export async function run(options) {
  const credentials = options.sized(CREDENTIALS);
  return withTenant({ name: 'dirty', credentials }, async (tenant) => {
    const extras = auditOf(tenant, flagsIn(tenant.folder));
    // The state is there from then on, and finds everything known.
    await prepare(tenant, extras);
    const taken = await inTurn({ base: auditOf(tenant), value: extras }, options);
    return [{ ...ratio(taken, 'CPU', 'cpu', LIMIT), about: `dirty, ${credentials} credentials` }];
  });
}

function flagsIn(folder) {
  const expires = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10);
  const waivers = Array.from({ length: WAIVERS }, (_, n) => ({
    rule: n % 2 === 0 ? '*' : 'lifetime-too-long',
    credential: { name: 'job-*', owner: `person.${n + 1}@acme.example` },
    reason: 'measured',
    approvedBy: 'bench@acme.example',
    expires,
  }));
  const config = join(folder, 'c1-audit.config.json');
  writeFileSync(join(folder, 'plugin.mjs'), PLUGIN);
  writeFileSync(config, JSON.stringify({ plugins: ['./plugin.mjs'], waivers }));
  return ['--config', config, '--state', join(folder, 'state.json')];
}
