import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'no-expiry',
  title: 'The credential never expires',
  severity: 'high',
  kinds: ['personal-client', 'service-principal-credential'],
  docs: {
    why: 'A secret that leaks from a credential without end is good for ever: nothing but somebody noticing will stop it.',
    fix: 'Replace it with one that ends within 90 days; 180 days is the most that ConductorOne allows service principals.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI7 Long-Lived Secrets',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      {
        title: 'ConductorOne: the lifespans of a personal API key',
        url: 'https://www.conductorone.com/docs/conductorone-api/authenticate',
      },
    ],
  },
  plan: { way: 'replace' },
  successor:
    'an end date (90 days; the page offers 30 and 90 days, for service principals 60 and 180 as well)',
  needs: ['expiresAt'],
  messages: {
    never: () => 'never expires: replace it with one that does',
  },
  check({ facts }) {
    return facts.expiresAt === null ? { messageId: 'never', data: {} } : undefined;
  },
});
