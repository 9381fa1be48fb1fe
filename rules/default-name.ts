import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'default-name',
  title: 'The name of the credential says nothing about its purpose',
  severity: 'low',
  kinds: ['personal-client'],
  docs: {
    why: 'Nobody dares to revoke a credential whose purpose is unknown. Each command-line login creates another one, without scoped roles or an end date.',
    fix: 'Revoke the credentials that command-line logins created, and name the others after what uses them.',
    references: [
      {
        title: 'ConductorOne: creating an API key',
        url: 'https://www.conductorone.com/docs/conductorone-api/authenticate',
      },
    ],
  },
  controls: {
    'cis-controls-8': ['5.5'],
  },
  plan: { way: 'adjust', sets: 'name', messages: { cliLogin: { way: 'ask' } } },
  successor: 'a name that says what uses it',
  needs: ['name'],
  messages: {
    blank: () => 'has no name: name it after what uses it, or revoke it',
    cliLogin: () => 'created by a command-line login: revoke it if that login is no longer used',
  },
  check({ facts }) {
    if (BLANK.test(facts.name)) return { messageId: 'blank', data: {} };
    if (CLI_LOGIN.test(facts.name.trim())) return { messageId: 'cliLogin', data: {} };
    return undefined;
  },
});

/** Invisible characters name nothing either. */
const BLANK = /^[\s\p{C}]*$/u;

/** cone's names are complete; c1i adds to its own, and can leave behind the one it needs during a login. */
const CLI_LOGIN = /^(?:created (?:by|from) (?:cone$|c1i)|c1i login role lookup \(temporary\)$)/i;
