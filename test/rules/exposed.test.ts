import rule from '../../rules/exposed.js';
import { testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [{ name: 'no open finding', facts: { exposure: null } }],
  fail: [
    {
      name: 'a finding that says where',
      facts: { exposure: { source: 'https://github.example/jo/dotfiles' } },
      messageId: 'exposed',
      severity: 'critical',
      message: 'ConductorOne found it in public (https://github.example/jo/dotfiles): revoke it now',
      data: { source: 'https://github.example/jo/dotfiles' },
    },
    {
      name: 'a finding that does not',
      kind: 'service-principal-credential',
      facts: { exposure: { source: null } },
      messageId: 'exposed',
      severity: 'critical',
      message: 'ConductorOne found it in public: revoke it now',
      data: { source: null },
    },
  ],
  unknown: [{ name: 'findings not known', facts: { exposure: undefined }, unknown: 'exposure' }],
});
