import rule from '../../rules/default-name.js';
import { testRule } from '../../src/testing.js';

const BLANK = 'has no name: name it after what uses it, or revoke it';
const CLI = 'created by a command-line login: revoke it if that login is no longer used';

const blank = (name: string, shown: string) =>
  ({ name: shown, facts: { name }, messageId: 'blank', severity: 'low', message: BLANK, data: {} }) as const;
const cli = (name: string) =>
  ({ name, facts: { name }, messageId: 'cliLogin', severity: 'low', message: CLI, data: {} }) as const;

testRule(rule, {
  pass: [
    { name: 'a name', facts: { name: 'quarterly-report' } },
    { name: 'a digit', facts: { name: ' 0 ' } },
    { name: 'starts as a default does', facts: { name: 'Created by Coneheads Inc' } },
    { name: 'made by cone, and named', facts: { name: 'Created by Cone for the payroll job' } },
    { name: 'about c1i role lookups', facts: { name: 'c1i login role lookup (temporary) for payroll' } },
    { name: 'mentions a default', facts: { name: 'not Created by Cone' } },
  ],
  fail: [
    blank('', 'empty'),
    blank(' \t\u00a0', 'blanks'),
    blank('\u200b\u2060\u0000', 'invisible characters'),
    cli('Created by Cone'),
    cli('Created From Cone'),
    cli(' created from cone '),
    cli('Created by c1i'),
    cli('Created by c1i on build-7'),
    cli('Created by c1i-1.2.3'),
    cli('c1i login role lookup (temporary)'),
    cli(' C1I Login Role Lookup (Temporary)'),
  ],
  unknown: [{ name: 'name not known', facts: { name: undefined }, unknown: 'name' }],
});
