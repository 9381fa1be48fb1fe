import { describe, expect, test } from '@jest/globals';
import noExpiry from '../../rules/no-expiry.js';
import { KINDS } from '../../src/contract/index.js';
import type { FindingsClient, PushedFinding, StateAction } from '../../src/delivery/conductorone/client.js';
import { pushFindings } from '../../src/delivery/conductorone/index.js';
import { MOST } from '../../src/delivery/conductorone/plan.js';
import { type Evaluation, evaluate } from '../../src/engine/evaluate.js';
import { AuditError } from '../../src/errors.js';
import { RequestError } from '../../src/sources/c1/request-error.js';
import { credential, PLAIN_EVALUATION, snapshot } from '../helpers/snapshot.js';

/* A push against a list of findings in memory: what is asked of it, and what is said of it. */

const key = (id: string) => credential({ id, name: id, expiresAt: null });

function evaluationOf(ids: readonly string[], over: Partial<Evaluation> = {}): Evaluation {
  const rule = { rule: noExpiry, severity: undefined, options: {}, floors: {} };
  const listed = [...ids.map((id) => key(id)), credential({ id: 'harmless' })];
  return {
    ...PLAIN_EVALUATION,
    snapshot: snapshot(listed, {}, { seesAll: true }),
    rules: [rule as unknown as Evaluation['rules'][number]],
    known: [noExpiry.id],
    ...over,
  };
}

type Stored = Record<string, unknown> & { id: string; state: string };

/** ConductorOne's list, as far as a push knows it. Each call first asks `fail` whether it fails. */
class Findings {
  readonly stored: Stored[] = [];
  readonly calls: string[] = [];
  readonly asked: (readonly string[])[] = [];
  readonly acted: [string, StateAction][] = [];
  pageSize = 2;
  running = 0;
  mostAtOnce = 0;
  fail: (call: string, what: string) => Error | undefined = () => undefined;

  async #begin(call: string, what: string): Promise<void> {
    this.calls.push(`${call} ${what}`);
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    await Promise.resolve();
    this.running -= 1;
    const error = this.fail(call, what);
    if (error) throw error;
  }

  async search(rules: readonly string[], token: string) {
    this.asked.push(rules);
    await this.#begin('search', token);
    const from = Number(token || 0);
    const left = this.stored.filter(({ state }) => state !== 'FINDING_STATE_RESOLVED');
    const records = left.slice(from, from + this.pageSize);
    const next = from + this.pageSize;
    return { records, nextPageToken: next < left.length ? String(next) : '' };
  }

  async put(finding: PushedFinding): Promise<Stored> {
    await this.#begin('put', finding.annotations['c1-audit/credential'] ?? '');
    const known = this.stored.find(
      ({ dedupKeyParts }) => JSON.stringify(dedupKeyParts) === JSON.stringify(finding.dedupKeyParts),
    );
    if (known) return Object.assign(known, finding);
    const added = { ...finding, id: `f${this.stored.length}`, state: 'FINDING_STATE_OPEN' };
    this.stored.push(added);
    return added;
  }

  async setState(id: string, action: StateAction): Promise<void> {
    await this.#begin('set-state', id);
    this.acted.push([id, action]);
    const known = this.stored.find((each) => each.id === id);
    if (known) known.state = `FINDING_STATE_${'resolve' in action ? 'RESOLVED' : 'OPEN'}`;
  }
}

interface Told {
  result: object | undefined;
  error: unknown;
  said: { message: string; hint: string }[];
  logged: [object, string][];
}

async function push(
  findings: Findings,
  ids: readonly string[],
  over: Partial<Evaluation> = {},
  { mode = 'send' as 'send' | 'dry-run', isLoud = true, signal = new AbortController().signal } = {},
): Promise<Told> {
  const evaluation = evaluationOf(ids, over);
  const told: Told = { result: undefined, error: undefined, said: [], logged: [] };
  try {
    told.result = await pushFindings(
      {
        mode,
        connect: async () => findings as unknown as FindingsClient,
        timeLimit: 60_000,
        report: evaluate(evaluation).report,
        evaluation,
        rules: new Map([['unused', { id: 'unused', title: '', severity: 'low', docs: {} as never }]]),
        owners: new Map(),
      },
      {
        signal,
        log: { info: (about, message) => told.logged.push([about, message]), isLevelEnabled: () => isLoud },
        scrub: (text) => text.replaceAll('f0', '<secret>'),
        tell: (note) => told.said.push(note),
      },
    );
  } catch (error) {
    told.error = error;
  }
  return told;
}

const answered = (status: number, over: object = {}) =>
  new RequestError('api', `POST /findings answered ${status}.`, 'Look.', { status, fromApi: true, ...over });
const PUSHED = 'Pushed to ConductorOne: ';
const FEATURE =
  'Findings are in early access: ask ConductorOne to enable them and grant the credential the right to write them, or set push.conductorone to false. The audit itself is not affected.';

describe('a push', () => {
  test('sends what is new, then nothing, then resolves what is gone', async () => {
    const list = new Findings();
    const first = await push(list, ['a', 'b', 'c']);
    expect(first).toEqual({
      result: undefined,
      error: undefined,
      said: [{ message: `${PUSHED}3 new, 0 changed, 0 resolved, 0 unchanged.`, hint: '' }],
      logged: [[{ done: 3, of: 3, unchanged: 0 }, 'findings pushed to ConductorOne']],
    });
    // All rules, also those without a finding, in one order.
    expect(list.asked[0]).toEqual(['no-expiry', 'unused']);
    const second = await push(list, ['a', 'b', 'c']);
    expect(second.said).toEqual([
      { message: `${PUSHED}0 new, 0 changed, 0 resolved, 3 unchanged.`, hint: '' },
    ]);
    // Two pages.
    expect(list.calls.slice(4)).toEqual(['search ', 'search 2']);
    const third = await push(list, ['b']);
    expect(third.said).toEqual([
      { message: `${PUSHED}0 new, 0 changed, 2 resolved, 1 unchanged.`, hint: '' },
    ]);
    expect(list.acted.map(([id]) => id)).toEqual(['f0', 'f2']);
    expect(list.acted[0]?.[1]).toEqual({
      resolve: { reason: 'c1-audit does not find it any more (audit as of 2026-11-24T06:00:00.000Z).' },
    });
  });

  test('sends what changed there, and reopens what is answered as resolved', async () => {
    const list = new Findings();
    await push(list, ['a', 'b']);
    for (const one of list.stored)
      one.annotations = { ...(one.annotations as object), 'c1-audit/content': '' };
    const put = list.put.bind(list);
    list.put = async (finding) => ({ ...(await put(finding)), state: 'FINDING_STATE_RESOLVED' });
    expect((await push(list, ['a', 'b'])).said).toEqual([
      { message: `${PUSHED}0 new, 2 changed, 0 resolved, 0 unchanged.`, hint: '' },
    ]);
    expect(list.acted).toEqual([
      ['f0', { reopen: {} }],
      ['f1', { reopen: {} }],
    ]);
  });

  test('reopens nothing that is open, or whose id cannot be part of a path', async () => {
    const list = new Findings();
    const put = list.put.bind(list);
    list.put = async (finding) => ({ ...(await put(finding)), id: '../x', state: 'FINDING_STATE_RESOLVED' });
    expect((await push(list, ['a'])).error).toBeUndefined();
    expect(list.acted).toEqual([]);
  });

  test('says nothing of itself when not even warnings are wanted', async () => {
    expect((await push(new Findings(), ['a'], {}, { isLoud: false })).said).toEqual([]);
  });

  test('says that there is nothing to do', async () => {
    const { said, logged } = await push(new Findings(), []);
    expect(said).toEqual([{ message: `${PUSHED}0 new, 0 changed, 0 resolved, 0 unchanged.`, hint: '' }]);
    expect(logged).toEqual([[{ done: 0, of: 0, unchanged: 0 }, 'findings pushed to ConductorOne']]);
  });

  test('makes at most four requests at once', async () => {
    const list = new Findings();
    await push(
      list,
      Array.from({ length: 9 }, (_, n) => `k${n}`),
    );
    expect(list.mostAtOnce).toBe(4);
    expect(list.stored).toHaveLength(9);
  });

  test('does not resolve what minSeverity hides', async () => {
    const list = new Findings();
    await push(list, ['a']);
    const { said } = await push(list, ['a'], { minSeverity: 'critical' });
    expect(said[0]?.message).toBe(
      `${PUSHED}0 new, 0 changed, 0 resolved, 0 unchanged, 1 left open (1 below minSeverity).`,
    );
    expect(list.acted).toEqual([]);
  });

  test('sends the worst findings only, and says so', async () => {
    const list = new Findings();
    const ids = Array.from({ length: MOST + 2 }, (_, n) => `k${n}`);
    const { result, said } = await push(list, ids, {}, { mode: 'dry-run' });
    expect(result).toMatchObject({ new: MOST, beyond: 2 });
    expect(said).toEqual([
      {
        message: 'Only the 1000 worst of 1002 findings are pushed to ConductorOne.',
        hint: 'The reports hold all of them. To push others, fix or waive those, or audit less at once.',
      },
    ]);
  });
});

describe('what is left open there', () => {
  const COVER =
    'An audit with the scope, sources and rules that they were found with resolves what is gone. If there is no such audit any more, close them in ConductorOne.';
  const unseen = { seesAll: false } as const;

  test.each([
    [
      ['a'],
      evaluationOf([], { snapshot: snapshot([], {}, unseen) }),
      '1 finding that was pushed to ConductorOne before and is not found now stays open there: the audit is not known to run as a Super Administrator, who sees everything.',
      'The next complete audit resolves what is gone.',
    ],
    [
      ['a', 'b'],
      evaluationOf([], {
        snapshot: snapshot([credential({ kind: 'service-principal-credential' })], {}, { seesAll: true }),
      }),
      '2 findings that were pushed to ConductorOne before and are not found now stay open there: this audit covered less, or used fewer rules, than one that found them.',
      COVER,
    ],
  ])('of %j is told', async (before, evaluation, message, hint) => {
    const list = new Findings();
    await push(list, before);
    const { said } = await push(list, [], evaluation);
    expect(said[0]).toEqual({ message, hint });
    expect(list.acted).toEqual([]);
  });
});

describe('a dry run', () => {
  test('says what it would do, without secrets, and does nothing', async () => {
    const list = new Findings();
    await push(list, ['a', 'b']);
    const before = list.calls.length;
    const { result, said, logged } = await push(list, ['b', 'c'], {}, { mode: 'dry-run' });
    expect(list.calls.slice(before)).toEqual(['search ']);
    expect([said, logged]).toEqual([[], []]);
    expect(result).toMatchObject({
      note: 'Would be pushed: 1 new, 0 changed, 1 resolved, 1 unchanged.',
      standing: 2,
      new: 1,
      changed: 0,
      resolved: 1,
      accepted: 0,
      unchanged: 1,
      left: 0,
      decided: 0,
      beyond: 0,
      changes: [{ id: '<secret>', rule: 'no-expiry' }],
    });
    const { push: sent } = result as { push: PushedFinding[] };
    expect(sent.map(({ annotations }) => annotations['c1-audit/credential'])).toEqual(['c']);
  });

  test('counts what stands there', async () => {
    const list = new Findings();
    await push(list, ['a', 'b', 'c', 'd']);
    const [a, b] = list.stored;
    if (a) a.annotations = { ...(a.annotations as object), 'c1-audit/content': '' };
    if (b) b.state = 'FINDING_STATE_SUPPRESSED';
    const hidden = evaluationOf(['a', 'c'], {
      snapshot: snapshot([key('a'), key('c')], {}, { seesAll: false }),
    });
    const { result } = await push(list, [], hidden, { mode: 'dry-run' });
    expect(result).toMatchObject({ standing: 4, changed: 1, unchanged: 1, left: 1, decided: 1, new: 0 });
  });

  test('of findings that are not offered says that nothing would be pushed', async () => {
    const list = new Findings();
    list.fail = () => answered(404);
    const { result, said } = await push(list, ['a'], {}, { mode: 'dry-run' });
    expect(result).toEqual({
      note: 'Nothing would be pushed: ConductorOne does not offer its findings to this credential.',
      standing: 0,
      new: 0,
      changed: 0,
      resolved: 0,
      accepted: 0,
      unchanged: 0,
      left: 0,
      decided: 0,
      beyond: 0,
      push: [],
      changes: [],
    });
    expect(said).toHaveLength(1);
  });
});

describe('a list of findings', () => {
  test.each([403, 404, 501])('that is not offered (%d) is a note', async (status) => {
    const list = new Findings();
    list.fail = () => answered(status);
    expect(await push(list, ['a'])).toEqual({
      result: undefined,
      error: undefined,
      logged: [],
      said: [
        {
          message: `ConductorOne does not offer its findings to this credential, so nothing was pushed: POST /findings answered ${status}.`,
          hint: FEATURE,
        },
      ],
    });
    expect(list.calls).toEqual(['search ']);
  });

  test('that cannot be read fails the push, and nothing is sent', async () => {
    const list = new Findings();
    list.fail = () => answered(500);
    const { error, said } = await push(list, ['a']);
    expect(error).toMatchObject({
      code: 'delivery',
      message: 'The existing findings in ConductorOne could not be read: POST /findings answered 500.',
      hint: 'Look.',
      cause: { status: 500 },
    });
    expect([said, list.calls]).toEqual([[], ['search ']]);
  });

  test('that repeats itself fails the push', async () => {
    const list = new Findings();
    list.search = async () => ({ records: [{ id: 'x', state: '' }], nextPageToken: '1' });
    expect((await push(list, ['a'])).error).toMatchObject({
      code: 'delivery',
      message:
        'The existing findings in ConductorOne could not be read: POST /findings/search repeats itself instead of going on.',
      hint: "Report it to ConductorOne's support.",
      cause: { code: 'api' },
    });
  });

  test('a mistake of ours is thrown as it is', async () => {
    const defect = new TypeError('x');
    const list = new Findings();
    list.fail = () => defect;
    expect((await push(list, ['a'])).error).toBe(defect);
    const later = new Findings();
    later.fail = (call) => (call === 'put' ? defect : undefined);
    expect((await push(later, ['a'])).error).toBe(defect);
  });
});

describe('changes that fail', () => {
  const failing = (which: (what: string) => boolean, error: Error) => {
    const list = new Findings();
    list.fail = (call, what) => (call === 'put' && which(what) ? error : undefined);
    return list;
  };

  test('do not stop the others; the first is told', async () => {
    const { error, said } = await push(
      failing((what) => what === 'b', answered(500)),
      ['a', 'b', 'c'],
    );
    expect(said).toEqual([{ message: `${PUSHED}2 new, 0 changed, 0 resolved, 0 unchanged.`, hint: '' }]);
    expect(error).toMatchObject({
      code: 'delivery',
      message: "1 of 3 changes to ConductorOne's findings failed; the first: POST /findings answered 500.",
      hint: 'Look.',
    });
  });

  test('are told by themselves if nothing worked', async () => {
    const { error, said } = await push(
      failing(() => true, answered(500)),
      ['a', 'b'],
    );
    expect(said).toEqual([]);
    expect(error).toMatchObject({
      message: "2 of 2 changes to ConductorOne's findings failed; the first: POST /findings answered 500.",
    });
  });

  test.each([
    [4, 20],
    [5, 0],
  ])('%d of them, each for a grave reason, leave %d others to be tried', async (count, others) => {
    const ids = Array.from({ length: 25 }, (_, n) => `k${String(n).padStart(2, '0')}`);
    const list = failing((what) => what < `k${String(count).padStart(2, '0')}`, answered(500));
    const { error } = await push(list, ids);
    const tried = list.calls.filter((call) => call.startsWith('put')).length;
    if (others > 0) {
      expect(tried).toBe(25);
      expect(error).toMatchObject({ message: expect.stringContaining(' failed; the first') });
    } else {
      // Those that were under way end.
      expect(tried).toBeLessThan(5 + 4);
      expect(error).toMatchObject({
        message: `5 of 25 changes to ConductorOne's findings failed, and ${25 - tried} were not tried; the first: POST /findings answered 500.`,
      });
    }
  });

  test('as one is not found do not count as grave', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `k${n}`);
    const list = failing((what) => what !== 'k9', answered(404));
    const { error, said } = await push(list, ids);
    expect(list.calls.filter((call) => call.startsWith('put'))).toHaveLength(12);
    expect(said[0]?.message).toBe(`${PUSHED}1 new, 0 changed, 0 resolved, 0 unchanged.`);
    expect(error).toMatchObject({
      message: "11 of 12 changes to ConductorOne's findings failed; the first: POST /findings answered 404.",
      hint: 'Other calls like it worked, so the cause is this one finding. Run it again; if it fails again, check its owner and state in ConductorOne.',
    });
  });

  test('for another reason than an answer end the push at once', async () => {
    const stopped = new AuditError('interrupted', 'Stopped.', 'Run it again.');
    const list = failing(() => true, stopped);
    const { error } = await push(
      list,
      Array.from({ length: 12 }, (_, n) => `k${n}`),
    );
    expect(list.calls.filter((call) => call.startsWith('put'))).toHaveLength(4);
    expect(error).toMatchObject({
      code: 'delivery',
      message: "4 of 12 changes to ConductorOne's findings failed, and 8 were not tried; the first: Stopped.",
      hint: 'Run it again.',
    });
  });

  test('all refused, as findings may not be written, are a note', async () => {
    const list = failing(() => true, answered(403));
    const { error, said } = await push(list, ['a', 'b']);
    expect(error).toBeUndefined();
    expect(said).toEqual([
      {
        message:
          'ConductorOne does not offer its findings to this credential, so 0 of 2 changes were made: POST /findings answered 403.',
        hint: FEATURE,
      },
    ]);
  });

  test('of states that are refused are a note beside what was sent', async () => {
    const list = new Findings();
    await push(list, ['a']);
    list.fail = (call) => (call === 'set-state' ? answered(403) : undefined);
    const { error, said } = await push(list, ['b']);
    expect(error).toBeUndefined();
    expect(said.map(({ message }) => message)).toEqual([
      `${PUSHED}1 new, 0 changed, 0 resolved, 0 unchanged.`,
      'ConductorOne does not offer its findings to this credential, so 1 of 2 changes were made: POST /findings answered 403.',
    ]);
  });
});

test('a push that takes too long is stopped, with what to do', async () => {
  const evaluation = evaluationOf(['a']);
  const late = pushFindings(
    {
      mode: 'send',
      connect: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      timeLimit: 5,
      report: evaluate(evaluation).report,
      evaluation,
      rules: new Map(),
      owners: new Map(),
    },
    {
      signal: new AbortController().signal,
      log: { info: () => undefined, isLevelEnabled: () => true },
      scrub: (text) => text,
      tell: () => undefined,
    },
  );
  await expect(late).rejects.toMatchObject({
    code: 'interrupted',
    message: 'Pushing findings to ConductorOne took longer than 0.005 s.',
    hint: 'Give it more time with --timeout, or push less with --min-severity.',
  });
});

test('every kind has findings that are resolved when they are gone', async () => {
  for (const kind of KINDS) {
    const list = new Findings();
    const of = (ids: readonly string[]) => {
      const listed = [...ids, 'b'].map((id) =>
        credential({ kind, id, ...(id === 'b' ? {} : { expiresAt: null }) }),
      );
      return evaluationOf([], { snapshot: snapshot(listed, {}, { seesAll: true }) });
    };
    await push(list, [], of(['a']));
    await push(list, [], of([]));
    expect([kind, list.acted.length]).toEqual([kind, list.stored.length]);
  }
});
