import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'no-proof-of-possession',
  title: 'The credential yields bearer tokens that anyone can replay',
  severity: 'info',
  kinds: ['service-principal-credential'],
  docs: {
    why: 'A bearer token works for anyone who has it. With DPoP, each call also proves that the caller holds a private key, so a token copied from a log is worthless.',
    fix: 'Replace it with a credential that requires DPoP, if its clients support that.',
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
  controls: {
    'owasp-nhi': ['NHI4'],
    'nist-800-53': ['IA-9'],
    'fedramp-20x': ['KSI-IAM-SNU'],
  },
  plan: { way: 'adjust', sets: 'dpop' },
  successor: 'DPoP required, if its clients support it',
  needs: ['requireDpop'],
  messages: {
    bearer: () => 'does not require proof of possession (DPoP): require it if its clients support it',
  },
  check({ facts }) {
    return facts.requireDpop ? undefined : { messageId: 'bearer', data: {} };
  },
});
