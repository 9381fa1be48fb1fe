import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { SOURCE_KINDS } from '../../src/config/config.js';
import type { Snapshot } from '../../src/contract/index.js';
import { audit, type Verdicts } from '../../src/engine/audit.js';
import { optionsInForce } from '../../src/engine/judge.js';
import { createSend } from '../../src/fetch.js';
import { readEnvironment } from '../../src/sources/c1/environment.js';
import { DEFAULT_LIMITS } from '../../src/sources/c1/retry.js';
import { c1Source, openSession } from '../../src/sources/c1/source.js';
import { startTenant, type Tenant } from '../tenant/index.js';

const KINDS = Object.values(SOURCE_KINDS);

/** The seed is there to show every rule: audited as any tenant is, at the rules' own settings. */
let tenant: Tenant;
let snapshot: Snapshot;
let verdicts: Verdicts;

beforeAll(async () => {
  tenant = await startTenant({ paging: { defaultSize: 10 } });
  const common = {
    access: readEnvironment(tenant.environment),
    limits: DEFAULT_LIMITS,
    log: { debug: () => undefined, info: () => undefined },
    now: Date.now,
  };
  const source = c1Source({
    ...common,
    session: openSession({ ...common, send: createSend({}), hide: () => undefined }),
    asOf: Date.now(),
    scope: 'tenant',
    callerSeesAll: false,
    evidenceDays: 90,
    kinds: KINDS,
    required: new Set(KINDS),
    scrub: (text) => text,
    onRecords: () => undefined,
  });
  snapshot = await source.collect(new AbortController().signal);
  const inForce = rules.map((rule) => ({
    rule,
    severity: undefined,
    options: optionsInForce(rule),
    floors: {},
  }));
  verdicts = audit(snapshot, inForce, Date.now());
});
afterAll(() => tenant.close());

describe('the seed, audited', () => {
  test('is read completely', () => {
    expect(snapshot.failures).toEqual([]);
    expect(snapshot.sources.map(({ kind, status }) => [kind, status])).toEqual(
      KINDS.map((kind) => [kind, 'complete']),
    );
    expect(verdicts.brokenRules).toEqual([]);
    expect(verdicts.skippedRules).toEqual([]);
  });

  test.each(rules.map((rule) => [rule.id, rule] as const))(
    'shows %s: every message, every kind',
    (_id, rule) => {
      const found = verdicts.findings.filter(
        (finding) => finding.rule === rule.id && finding.outcome === 'violation',
      );
      expect([...new Set(found.map(({ messageId }) => messageId))].sort()).toEqual(
        Object.keys(rule.messages).sort(),
      );
      expect([...new Set(found.map(({ credential }) => credential?.kind))].sort()).toEqual(
        [...rule.kinds].sort(),
      );
    },
  );

  test('has a credential without a role scope for every kind of owner', () => {
    const severities = verdicts.findings
      .filter(({ rule }) => rule === 'no-scoped-roles')
      .map((f) => f.severity);
    expect(new Set(severities)).toEqual(new Set(['critical', 'high', 'medium', 'low']));
  });

  test('has some credentials of each kind without a finding', () => {
    const found = new Set(verdicts.findings.map(({ credential }) => `${credential?.kind} ${credential?.id}`));
    const sound = verdicts.credentials.filter(({ kind, id }) => !found.has(`${kind} ${id}`));
    for (const kind of KINDS) expect(sound.some((credential) => credential.kind === kind)).toBe(true);
  });

  test('warns that the credential of the audit ends soon', () => {
    const own = verdicts.findings.find(
      ({ rule, credential }) => rule === 'expiring-soon' && credential?.self,
    );
    expect(own?.severity).toBe('critical');
  });
});
