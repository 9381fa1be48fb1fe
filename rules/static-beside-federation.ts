import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'static-beside-federation',
  title: 'The service principal has a federation trust and may not need this secret',
  severity: 'info',
  kinds: ['service-principal-credential'],
  docs: {
    why: 'A workload that signs in with a token of its own platform needs no secret that must be stored and rotated and can leak. The service principal already has a federation trust.',
    fix: 'Move the remaining workloads to the trust, then revoke the secret.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI4 Insecure Authentication',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI4'],
    'nist-800-53': ['IA-9'],
    'fedramp-20x': ['KSI-IAM-SNU'],
  },
  plan: { way: 'federate' },
  needs: ['principalTrusts'],
  messages: {
    replaceable: (d: { trust: string; count: number }) =>
      `its service principal has an enabled federation trust (${d.trust}${d.count > 1 ? `, and ${d.count - 1} more` : ''}): use that instead of a secret`,
  },
  check({ facts }) {
    const enabled = facts.principalTrusts.filter((trust) => !trust.disabled);
    const usable = enabled.filter((trust) => trust.providerDisabled === false);
    const [first] = usable;
    if (first !== undefined)
      return { messageId: 'replaceable', data: { trust: first.id, count: usable.length } };
    if (enabled.some((trust) => trust.providerDisabled === undefined))
      return {
        unknown: {
          reason: 'whether the provider of its federation trust is enabled could not be read',
          cure: 'Let the audit read the workload federation providers (Super Administrator).',
        },
      };
    return undefined;
  },
});
