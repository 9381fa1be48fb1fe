import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'static-beside-federation',
  title: 'The service principal could do without this secret: it has a federation trust',
  severity: 'info',
  kinds: ['service-principal-credential'],
  docs: {
    why: 'A workload that can prove who it is to its own platform needs no secret to keep, rotate and lose. The service principal already has such a trust.',
    fix: 'Move the remaining workloads to the trust, then revoke the secret.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI4 Insecure Authentication',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
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
    if (first !== undefined) {
      return { messageId: 'replaceable', data: { trust: first.id, count: usable.length } };
    }
    if (enabled.some((trust) => trust.providerDisabled === undefined)) {
      return {
        unknown: {
          reason: 'whether the provider of its federation trust is enabled could not be read',
          cure: 'Let the audit read the workload federation providers (Super Administrator).',
        },
      };
    }
    return undefined;
  },
});
