import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'no-proof-of-possession',
  title: 'The credential yields bearer tokens that anyone can replay',
  severity: 'info',
  kinds: ['service-principal-credential'],
  docs: {
    why: 'A bearer token works for whoever holds it. With DPoP each call proves that the caller also holds a private key, so that a token from a log is worthless.',
    fix: 'Where its clients support it, replace it with a credential that requires DPoP.',
    references: [
      {
        title: 'RFC 9449: OAuth 2.0 Demonstrating Proof of Possession',
        url: 'https://www.rfc-editor.org/rfc/rfc9449',
      },
      {
        title: 'OWASP Non-Human Identities 2025, NHI4 Insecure Authentication',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  plan: { way: 'adjust', sets: 'dpop' },
  successor: 'DPoP required, if its clients support it',
  needs: ['requireDpop'],
  messages: {
    bearer: () => 'does not require proof of possession (DPoP): require it where its clients can',
  },
  check({ facts }) {
    return facts.requireDpop ? undefined : { messageId: 'bearer', data: {} };
  },
});
