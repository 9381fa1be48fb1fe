import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'too-many-credentials',
  title: 'The owner holds more live keys than anybody keeps track of',
  severity: 'low',
  kinds: ['personal-client'],
  docs: {
    why: 'Each key is one more secret to lose. Past a handful, nobody remembers which of them is used where. The newest keys are spared: those beyond them are the ones to clear.',
    fix: 'Revoke the keys that are no longer used, oldest first.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI1 Improper Offboarding',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  plan: { way: 'ask' },
  needs: ['ownerLiveKeys'],
  options: {
    max: { describe: 'Live keys an owner may hold', default: 5, min: 1, integer: true },
  },
  messages: {
    crowded: (d: { total: number; limit: number }) =>
      `its owner holds ${d.total} live keys (limit ${d.limit}), and this is not among the newest ${d.limit}: revoke it if it is not used`,
  },
  check({ facts, options }) {
    const { total, newer } = facts.ownerLiveKeys;
    if (newer < options.max) return undefined;
    return { messageId: 'crowded', data: { total, limit: options.max } };
  },
});
