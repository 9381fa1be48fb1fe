import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'trust-leftover',
  title: 'The trust is enabled, but its provider is disabled or missing',
  severity: 'low',
  kinds: ['federation-trust'],
  docs: {
    why: 'The trust lets nobody in now. If somebody enables the provider again, it lets workloads in again, and nobody decided that.',
    fix: 'Delete the trust, or disable it as well.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI1 Improper Offboarding',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI1'],
    'nist-800-53': ['AC-2(3)'],
  },
  plan: { way: 'end' },
  needs: ['provider'],
  messages: {
    providerDisabled: (d: { missing: boolean }) =>
      `enabled, but its provider ${d.missing ? 'no longer exists' : 'is disabled'}: delete it`,
  },
  check({ facts }) {
    const missing = facts.provider === null;
    if (facts.provider !== null && !facts.provider.disabled) return undefined;
    return { messageId: 'providerDisabled', data: { missing } };
  },
});
