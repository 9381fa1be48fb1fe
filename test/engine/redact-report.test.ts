import { describe, expect, test } from '@jest/globals';
import type { JudgedCredential } from '../../src/contract/index.js';
import { Docket, docketOf, Notes, reportOn } from '../../src/engine/docket.js';
import type { Statement } from '../../src/engine/finding.js';
import { redactReport } from '../../src/engine/redact-report.js';
import { forDocket, sampleCredential, sampleFinding, sampleReport } from '../helpers/sample-report.js';

const SECRET = 's3cret-value';
const scrub = (text: string) => text.replaceAll(SECRET, '***');
const redacted = (report: ReturnType<typeof sampleReport>, origin?: 'audit' | 'file') =>
  redactReport(report, scrub, origin);

/** Everything that comes from outside, at once. */
function loaded() {
  const credential = sampleCredential({
    id: `id ${SECRET}`,
    clientId: `client ${SECRET}`,
    name: `name ${SECRET}`,
    owner: { id: `owner ${SECRET}`, name: `Jo ${SECRET}`, email: `${SECRET}@acme.example` },
    allowedCidrs: ['192.0.2.0/24', SECRET],
    scopedRoles: [
      { id: `role ${SECRET}`, name: `custom ${SECRET}` },
      { id: 'r', name: null },
    ],
  });
  const finding = sampleFinding({
    credential,
    message: `says ${SECRET}`,
    fix: `do ${SECRET}`,
    data: { deep: [{ text: SECRET, n: 1, none: null }], flag: true },
    waiver: { reason: `because ${SECRET}`, approvedBy: SECRET, expires: '2026-12-01' },
  });
  return { credential, finding };
}

describe('a secret is removed from', () => {
  test('every text of a credential, a finding and its waiver', () => {
    const { credential, finding } = loaded();
    const report = sampleReport({ findings: [finding], credentials: [credential] });
    const clean = redacted(report);
    expect(JSON.stringify(clean)).not.toContain(SECRET);
    const [found] = clean.findings;
    expect(found).toMatchObject({
      message: 'says ***',
      fix: 'do ***',
      data: { deep: [{ text: '***', n: 1, none: null }], flag: true },
      waiver: { reason: 'because ***', approvedBy: '***', expires: '2026-12-01' },
      credential: {
        id: 'id ***',
        clientId: 'client ***',
        name: 'name ***',
        owner: { id: 'owner ***', name: 'Jo ***', email: '***@acme.example' },
        allowedCidrs: ['192.0.2.0/24', '***'],
        scopedRoles: [
          { id: 'role ***', name: 'custom ***' },
          { id: 'r', name: null },
        ],
      },
    });
    expect(clean.credentials[0]).toMatchObject({ id: 'id ***', live: true });
    // The report itself is not changed.
    expect(JSON.stringify(report)).toContain(SECRET);
  });

  test.each([
    ['id', `a ${SECRET}`],
    ['clientId', SECRET],
    ['name', SECRET],
    ['owner', { id: SECRET, name: '', email: '' }],
    ['allowedCidrs', [SECRET]],
    ['scopedRoles', [{ id: SECRET, name: null }]],
    ['scopedRoles', [{ id: 'r', name: SECRET }]],
  ])("a credential's %s alone: %j", (field, value) => {
    const credential = sampleCredential({ [field]: value });
    const report = sampleReport({
      findings: [sampleFinding({ credential })],
      credentials: [credential],
    });
    expect(JSON.stringify(redacted(report))).not.toContain(SECRET);
  });

  test('the caller and what was resolved', () => {
    const report = sampleReport({
      resolved: [
        {
          fingerprint: 'f',
          rule: 'unused',
          credential: { kind: 'personal-client', id: SECRET, name: SECRET },
        },
        { fingerprint: 'g', rule: 'unused', credential: { kind: 'personal-client', id: 'x', name: null } },
      ],
    });
    const { run, resolved } = redacted({
      ...report,
      run: { ...report.run, self: { userId: SECRET, clientId: `c ${SECRET}` } },
    });
    expect(run.self).toEqual({ userId: '***', clientId: 'c ***' });
    expect(resolved.map(({ credential }) => [credential.id, credential.name])).toEqual([
      ['***', '***'],
      ['x', null],
    ]);
    expect(redacted({ ...report, run: { ...report.run, self: null } }).run.self).toBeNull();
  });

  test('notes and gaps: in an audit, of what a plug-in threw; in a saved report, of everything', () => {
    const thrown = `Rule my/rule failed on 2 credentials: ${SECRET}`;
    const own = `The rule ${SECRET}`;
    const report = sampleReport({ complete: false, notes: [thrown, own] });
    const [source] = report.coverage.sources;
    const more = {
      ...report,
      coverage: {
        ...report.coverage,
        gaps: [thrown, own],
        sources: source
          ? [
              { ...source, note: own },
              { ...source, note: null },
            ]
          : [],
      },
    };
    const all = (origin?: 'audit' | 'file') => {
      const { notes, gaps, sources } = redacted(more, origin).coverage;
      return [notes, gaps, sources.map(({ note }) => note)];
    };
    const cut = 'Rule my/rule failed on 2 credentials: ***';
    expect(all()).toEqual([
      [cut, own],
      [cut, own],
      [own, null],
    ]);
    expect(all('file')).toEqual([
      [cut, 'The rule ***'],
      [cut, 'The rule ***'],
      ['The rule ***', null],
    ]);
    expect(redacted(report).coverage).not.toHaveProperty('gaps');
    expect(redacted(report).coverage).not.toHaveProperty('ledger');
  });

  test('the ledger of a saved report', () => {
    const report = sampleReport();
    const entry = (reason: string | null) => ({ way: 'functions', status: 'refused' as const, reason });
    const ledger = [entry(`as ${SECRET} says`), entry(null)];
    const of = (origin?: 'audit' | 'file') =>
      redacted({ ...report, coverage: { ...report.coverage, ledger } }, origin).coverage.ledger;
    expect(of()).toEqual(ledger);
    expect(of('file')).toEqual([entry('as *** says'), entry(null)]);
  });

  test.each([
    [`Rule my/rule failed on 1 credential: ${SECRET}`, 'Rule my/rule failed on 1 credential: ***'],
    [`Rule ${SECRET} failed on 1 credential: x`, `Rule ${SECRET} failed on 1 credential: x`],
    [
      `Rule my/rule failed on 1 credential: ${SECRET}: ${SECRET}`,
      'Rule my/rule failed on 1 credential: ***: ***',
    ],
    [
      `The Rule my/rule failed on 1 credential: ${SECRET}`,
      `The Rule my/rule failed on 1 credential: ${SECRET}`,
    ],
    [`Rule my rule failed on 1 credential: ${SECRET}`, `Rule my rule failed on 1 credential: ${SECRET}`],
    [`Rule my/rule failed on 1 credential:${SECRET}`, `Rule my/rule failed on 1 credential:${SECRET}`],
  ])('a note, as far as a plug-in threw it: %s', (note, clean) => {
    expect(redacted(sampleReport({ notes: [note] })).coverage.notes).toEqual([clean]);
  });
});

describe("the report's own words stay, even if they are the secret", () => {
  test('kinds, severities, statuses, dates and built-in roles', () => {
    const words = ['personal-client', 'medium', 'new', 'unused', 'system:owner'];
    const all = (text: string) => words.reduce((rest, word) => rest.replaceAll(word, '***'), text);
    const credential = sampleCredential({ scopedRoles: [{ id: 'r', name: 'system:owner' }] });
    const finding = sampleFinding({
      credential,
      status: 'new',
      severity: 'medium',
      data: { role: 'system:owner' },
      message: 'medium',
      fix: 'unused',
    });
    const clean = redactReport(sampleReport({ findings: [finding] }), all);
    expect(clean.findings[0]).toEqual(finding);
  });

  test('but not what a rule says of a credential that holds it', () => {
    const credential = sampleCredential({ name: SECRET });
    const finding = sampleFinding({ credential, message: `says ${SECRET}`, fix: SECRET, data: { n: 1 } });
    expect(redacted(sampleReport({ findings: [finding] })).findings).toMatchObject([
      { message: 'says ***', fix: '***', data: { n: 1 } },
    ]);
  });

  test('but what a rule of a plug-in says is not its own', () => {
    const finding = sampleFinding({ rule: 'my/rule', message: `a ${SECRET}`, fix: SECRET, data: {} });
    expect(redacted(sampleReport({ findings: [finding] })).findings[0]).toMatchObject({
      message: 'a ***',
      fix: '***',
    });
    const builtIn = sampleFinding({ rule: 'unused', message: `a ${SECRET}`, fix: SECRET, data: {} });
    expect(redacted(sampleReport({ findings: [builtIn] })).findings[0]).toEqual(builtIn);
  });
});

test('what holds no secret is not copied', () => {
  const { credential, finding } = loaded();
  const clean = sampleFinding();
  const report = sampleReport({ findings: [clean] });
  expect(redacted(report)).toBe(report);
  const mixed = sampleReport({
    findings: [clean, finding, { ...finding, fingerprint: 'g' }],
    credentials: [credential],
  });
  const { findings } = redacted(mixed);
  expect(findings).toContain(clean);
  // A credential of several findings is scrubbed once.
  const [one, two] = findings.filter(({ message }) => message === 'says ***');
  expect(one?.credential).toBe(two?.credential);
  expect(one).not.toBe(two);
});

describe('what an audit found', () => {
  const said: Statement = {
    severity: 'low',
    outcome: 'violation',
    messageId: 'm',
    message: 'says',
    data: { of: 'x' },
    fix: 'do',
  };
  function audited(
    credential: Partial<JudgedCredential>,
    statement: Partial<Statement> = {},
    rule = 'unused',
  ) {
    const notes = new Notes();
    const docket = new Docket('acme', notes);
    docket.addCredential(...forDocket({ ...sampleCredential(), live: true, ...credential }));
    docket.addFinding(notes.note({ id: rule }, { ...said, ...statement }));
    const gone = { kind: 'personal-client', id: SECRET, name: null };
    const resolved = [{ fingerprint: 'f', rule: 'unused', credential: gone }];
    const { findings, credentials, ...about } = sampleReport({ tenant: 'acme', resolved });
    return { docket, report: reportOn(docket, about) };
  }

  test.each<[string, Parameters<typeof audited>]>([
    ['nothing secret', [{}]],
    ['what only looks like it may hold one', [{ name: 'a "quoted" name' }, { data: { of: 'a\\b' } }]],
    ['a word of ours that is one', [{}, { messageId: SECRET }]],
    ['a message of ours that is one', [{}, { message: SECRET, fix: SECRET }]],
    [
      'a built-in role that is one',
      [{ scopedRoles: [{ id: 'r', name: 'system:owner' }] }, { data: { role: 'system:owner' } }],
    ],
  ])('stays as it is with %s', (_, given) => {
    const { docket, report } = audited(...given);
    const clean = redactReport(report, (text) =>
      text.replaceAll(SECRET, '***').replaceAll('system:owner', '***'),
    );
    expect(docketOf(clean)).toBe(docket);
    expect(clean.findings).toEqual(report.findings);
    const { schemaVersion, tool, summary, run, coverage } = report;
    expect(clean).toMatchObject({ schemaVersion, tool, summary, run, coverage });
    expect(clean.resolved).toMatchObject([{ credential: { id: '***' } }]);
  });

  test.each<[string, Parameters<typeof audited>]>([
    ['in a name', [{ name: SECRET }]],
    ['in a name with quotes', [{ name: `"${SECRET}"` }]],
    ['in what a rule says', [{}, { data: { of: SECRET } }]],
    ['in what a rule says, deep', [{}, { data: { of: [{ x: `"${SECRET}` }] } }]],
    ['in the words of a plug-in', [{}, { message: SECRET }, 'acme/mine']],
    ['in the fix of a plug-in', [{}, { fix: SECRET }, 'acme/mine']],
  ])('loses a secret %s', (_, given) => {
    const { report } = audited(...given);
    const clean = redacted(report);
    expect(docketOf(clean)).toBeUndefined();
    expect(JSON.stringify(clean)).not.toContain(SECRET);
    expect(JSON.stringify(clean)).toContain('***');
    expect(JSON.stringify(report)).toContain(SECRET);
  });

  test('keeps or loses the words of waivers as well', () => {
    const marked = (reason: string) => {
      const { docket, report } = audited({});
      const waiver = { reason, approvedBy: 'y', expires: '2027-01-01' };
      docket.mark(() => ({ status: 'waived', waiver, firstSeen: null }));
      return redacted(report);
    };
    expect(docketOf(marked('fine'))).toBeDefined();
    expect(docketOf(marked(SECRET))).toBeUndefined();
    expect(marked(SECRET).findings).toMatchObject([{ waiver: { reason: '***', approvedBy: 'y' } }]);
  });

  test.each(['a "b"', 'a\\b', '\\\\u0041 \\', 'a\nb\tc', 'a\u0001b', 'half \ud83d', '\u2028 \\"\\'])(
    'loses one that only JSON escapes: %j',
    (secret) => {
      const name = `x\\ "${secret} secret`;
      const { report } = audited({ name }, { data: { name } });
      const clean = redactReport(report, (text) => text.replaceAll(secret, '***'));
      expect(clean.credentials).toMatchObject([{ name: 'x\\ "*** secret' }]);
      expect(clean.findings).toMatchObject([
        { credential: { name: 'x\\ "*** secret' }, data: { name: 'x\\ "*** secret' } },
      ]);
    },
  );

  test('is not looked at field by field only because something in it is escaped', () => {
    const name = 'a "quoted" \\ name';
    const { docket, report } = audited({ name });
    const seen: string[] = [];
    const clean = redactReport(report, (text) => {
      seen.push(text);
      return text;
    });
    expect(docketOf(clean)).toBe(docket);
    expect(seen).not.toContain(name);
    expect(seen.some((text) => text.includes(`"${name}"`))).toBe(true);
  });
});
