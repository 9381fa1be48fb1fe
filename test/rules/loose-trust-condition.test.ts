import rule from '../../rules/loose-trust-condition.js';
import { testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'one workload', facts: { condition: 'claims.sub == "repo:acme/infra:ref:refs/heads/main"' } },
    {
      name: 'a prefix that ends at its delimiter',
      facts: { condition: 'claims.sub.startsWith("repo:acme/infra:")' },
    },
    { name: 'never true', facts: { condition: 'false' } },
    { name: 'one workload in 1,024 bytes', facts: { condition: `claims.sub == "${'x'.repeat(1008)}"` } },
  ],
  fail: [
    {
      name: 'empty',
      facts: { condition: '' },
      messageId: 'always',
      severity: 'critical',
      message:
        'every token of the provider is let in, because the condition is empty: require one workload, such as claims.repository == "acme/security" && claims.ref == "refs/heads/main" && claims.workflow_ref == "acme/security/.github/workflows/c1-audit.yml@refs/heads/main"',
      data: { part: '' },
    },
    {
      name: 'always true',
      facts: { condition: 'true || claims.sub == "x"' },
      messageId: 'always',
      severity: 'critical',
      message:
        'every token of the provider is let in, because the condition is always true (true): require one workload, such as claims.repository == "acme/security" && claims.ref == "refs/heads/main" && claims.workflow_ref == "acme/security/.github/workflows/c1-audit.yml@refs/heads/main"',
      data: { part: 'true' },
    },
    {
      name: 'one branch names nobody',
      facts: { condition: 'claims.repository == "acme/infra" || claims.actor == "x"' },
      messageId: 'anyone',
      severity: 'critical',
      message:
        'strangers\' workloads are let in, because this names no workload: claims.actor == "x"; require one, such as claims.repository == "acme/security" && claims.ref == "refs/heads/main" && claims.workflow_ref == "acme/security/.github/workflows/c1-audit.yml@refs/heads/main"',
      data: { part: 'claims.actor == "x"' },
    },
    {
      name: 'only the owner',
      facts: { condition: 'claims.repository_owner == "acme" && claims.environment == "production"' },
      messageId: 'ownerWide',
      severity: 'high',
      message:
        'every workload of the owner is let in, because this names no more than the owner: claims.repository_owner == "acme"; name the repository, project, workspace or account as well',
      data: { part: 'claims.repository_owner == "acme"' },
    },
    {
      name: 'a part of a name',
      facts: { condition: 'claims.repository.startsWith("acme/in")' },
      messageId: 'loose',
      severity: 'medium',
      message:
        'workloads with a similar name are let in, because this matches a part of a name: claims.repository.startsWith("acme/in"); compare the whole name, or end the prefix at its delimiter',
      data: { part: 'claims.repository.startsWith("acme/in")' },
    },
    {
      name: 'a piece of a claim',
      facts: { condition: 'claims.actor == "x" && claims.sub.split(":")[1] == "acme/infra"' },
      messageId: 'undecided',
      severity: 'medium',
      message:
        'it cannot be shown which workloads are let in by this: claims.sub.split(":")[1] == "acme/infra"; compare a whole claim (sub, repository, project_path) with == or in',
      data: { part: 'claims.sub.split(":")[1] == "acme/infra"' },
    },
    {
      name: 'always true, longer than ConductorOne accepts',
      facts: { condition: `true || claims.sub == "${'x'.repeat(2000)}"` },
      messageId: 'always',
      severity: 'critical',
      message:
        'every token of the provider is let in, because the condition is always true (true): require one workload, such as claims.repository == "acme/security" && claims.ref == "refs/heads/main" && claims.workflow_ref == "acme/security/.github/workflows/c1-audit.yml@refs/heads/main"',
    },
  ],
  unknown: [
    { name: 'not seen', facts: { condition: undefined }, unknown: 'condition' },
    {
      name: 'does not parse',
      facts: { condition: 'claims.sub ==' },
      unknown: {
        reason: "the trust's condition cannot be read: Unexpected token: EOF",
        cure: 'Correct the condition; ConductorOne can test it against sample claims.',
      },
    },
    {
      name: 'not boolean',
      facts: { condition: 'claims.sub' },
      unknown: {
        reason: "the trust's condition cannot be read: it is the text of a claim, not a bool",
        cure: 'Correct the condition; ConductorOne can test it against sample claims.',
      },
    },
    {
      name: 'one workload, longer than ConductorOne accepts',
      facts: { condition: `claims.sub == "${'x'.repeat(1009)}"` },
      unknown: {
        reason: "the trust's condition is longer than the 1024 bytes that ConductorOne accepts",
        cure: 'Check where the record comes from, and shorten the condition.',
      },
    },
    {
      name: 'never true, longer in bytes than ConductorOne accepts',
      facts: { condition: `false && claims.sub == "${'é'.repeat(600)}"` },
      unknown: {
        reason: "the trust's condition is longer than the 1024 bytes that ConductorOne accepts",
        cure: 'Check where the record comes from, and shorten the condition.',
      },
    },
  ],
});
