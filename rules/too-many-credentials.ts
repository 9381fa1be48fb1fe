import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'too-many-credentials',
  title: 'The owner has more live credentials than anybody can keep track of',
  severity: 'low',
  kinds: ['personal-client'],
  docs: {
    why: 'Each credential is one more secret that can leak. Nobody remembers where more than a handful of them are used. The newest ones are not reported.',
    fix: 'Revoke the credentials that are no longer used, oldest first.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI1 Improper Offboarding',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      { title: 'No standard gives a number of credentials for one person; the default is our own' },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI1'],
    'cis-controls-8': ['5.1'],
  },
  plan: { way: 'ask' },
  needs: ['ownerLiveKeys'],
  options: {
    max: { describe: 'Live credentials that an owner may have', default: 5, min: 1, integer: true },
  },
  messages: {
    crowded: (d: { total: number; limit: number }) =>
      `its owner has ${d.total} live credentials (limit ${d.limit}), and this one is not among the newest ${d.limit}: revoke it if it is not used`,
  },
  check({ facts, options }) {
    const { total, newer } = facts.ownerLiveKeys;
    if (newer < options.max) return undefined;
    return { messageId: 'crowded', data: { total, limit: options.max } };
  },
});
