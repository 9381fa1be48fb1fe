import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { smallTenant, waysIn } from '../helpers/small-tenant.js';
import {
  externalClient,
  idOf,
  setAnswerField,
  setField,
  startTenant,
  type Tenant,
  type TenantRecords,
} from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const now = () => NOW;
/** An address as client id, and a user: blanks, slashes, colons. */
const CLIENT = 'https://evil.example/../a b?c#d%2e';
const ID = `${CLIENT} ${idOf('person 1')}`;

let tenant: Tenant<TenantRecords>;
let cwd: string;

beforeEach(async () => {
  const data = { ...smallTenant(NOW), ...waysIn(NOW) };
  data.externalClients.push(
    externalClient({
      clientId: CLIENT,
      userId: idOf('person 1'),
      createdAt: new Date(NOW - 1e10).toISOString(),
    }),
  );
  tenant = await startTenant({ now, data, paging: { ignoring: [] } });
  cwd = emptyFolder();
});
afterEach(() => tenant.close());

const audit = (...argv: readonly string[]) =>
  runProgram(['--scope', 'tenant', '--fail-on', 'never', ...argv], { env: tenant.environment, cwd, now });
const ofClient = ({ findings }: Report) => findings.filter(({ credential }) => credential?.id === ID);

describe('an id with blanks, slashes and an address in it', () => {
  test('is a relative address of its own in SARIF', async () => {
    const { stdout } = await audit('-f', 'sarif');
    const uris: string[] = JSON.parse(stdout).runs[0].results.map(
      (result: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }) =>
        result.locations[0]?.physicalLocation.artifactLocation.uri,
    );
    const [uri = ''] = uris.filter((one) => one.includes('evil'));
    expect(uri).toMatch(/^c1-audit\/external-client\/[\w.!~*'()%-]+$/);
    expect(decodeURIComponent(uri.split('/')[2] ?? '')).toBe(ID);
    expect(new URL(uri, 'https://x.example/').pathname).toBe(`/${uri}`);
  });

  test('can be waived by id, for that user alone, and by client id for all', async () => {
    const waived = async (credential: string) => {
      writeFileSync(
        `${cwd}/c1-audit.config.yaml`,
        JSON.stringify({
          waivers: [{ rule: '*', credential, reason: 'r', approvedBy: 'a', expires: '2027-01-31' }],
        }).replace(/^/, '# JSON is YAML\n'),
      );
      const { report } = await audit('-f', 'json');
      return ofClient(report).map(({ status }) => status);
    };
    const open = ofClient((await audit('-f', 'json')).report);
    expect(open.length).toBeGreaterThan(1);
    for (const credential of [ID, CLIENT])
      expect(new Set(await waived(credential))).toEqual(new Set(['waived']));
    expect(new Set(await waived(`${CLIENT} ${idOf('person 2')}`))).toEqual(new Set([null]));
  });

  test('keeps its fingerprint from night to night', async () => {
    const first = await audit('-f', 'json', '--state', 'state.json');
    const second = await audit('-f', 'json', '--state', 'state.json');
    expect(ofClient(second.report).map(({ fingerprint, status }) => [fingerprint, status])).toEqual(
      ofClient(first.report).map(({ fingerprint }) => [fingerprint, 'known']),
    );
  });
});

describe('an exported list', () => {
  test('of each kind is recognized, alone and together', async () => {
    const { data } = tenant;
    const lists: [string, readonly object[], number][] = [
      ['external-client', data.externalClients, 4],
      ['tunnel-credential', data.tunnelCredentials, 2],
      ['llm-gateway-key', data.gatewayKeys, 1],
      ['function', data.functions, 1],
    ];
    const read = async (name: string) => {
      const { code, report } = await runProgram(['--input', name, '-f', 'json', '--fail-on', 'never'], {
        cwd,
        now,
      });
      expect(code).toBe(0);
      return report.coverage;
    };
    for (const [kind, list, credentials] of lists) {
      writeFileSync(`${cwd}/${kind}.json`, JSON.stringify({ list, nextPageToken: '' }));
      expect((await read(`${kind}.json`)).sources).toEqual([expect.objectContaining({ kind, credentials })]);
    }
    const answers = lists.map(([kind]) => readFileSync(`${cwd}/${kind}.json`, 'utf8'));
    writeFileSync(`${cwd}/all.ndjson`, answers.join('\n'));
    const { sources, notes } = await read('all.ndjson');
    expect(sources.map(({ kind, credentials }) => [kind, credentials])).toEqual([
      ['external-client', 4],
      ['function', 1],
      ['llm-gateway-key', 1],
      ['tunnel-credential', 2],
    ]);
    expect(notes).toContain('1 function is a draft and was not judged.');
  });
});

test('hostile names harm no output, whatever kind has them', async () => {
  const { data } = tenant;
  /** A copy of the first record with each name, with an id that says which it is. */
  const copies = <Of extends object>([first]: readonly Of[], id: keyof Of): Of[] =>
    HOSTILE_NAMES.map(([which, displayName]) => ({
      ...(first as Of),
      [id]: `hostile ${which}`,
      displayName,
    }));
  data.externalClients = copies(data.externalClients, 'clientId');
  data.bridges = copies(data.bridges, 'id');
  data.tunnelCredentials = data.bridges.flatMap(({ id }) =>
    data.tunnelCredentials.slice(0, 1).map((one) => ({ ...one, id: `tunnel of ${id}`, bridgeId: id })),
  );
  data.gatewayKeys = copies(data.gatewayKeys, 'id');
  data.functions = copies(data.functions, 'id');
  const formats = ['-f', 'text', '-f', 'json:r.json', '-f', 'sarif:r.sarif', '-f', 'csv:r.csv'];
  const result = await audit('--full', ...formats);
  expect([result.code, result.stderr]).toEqual([0, '']);
  expect(result.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  const { credentials }: Report = JSON.parse(readFileSync(`${cwd}/r.json`, 'utf8'));
  for (const [which] of HOSTILE_NAMES) {
    const named = credentials.filter(({ id }) => new RegExp(`hostile ${which}( |$)`).test(id));
    expect(named.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['external-client', 'tunnel-credential', 'llm-gateway-key', 'function']),
    );
    const names = named.filter(({ kind }) => kind === 'function' || kind === 'external-client');
    expect(new Set(names.map(({ name }) => name)).size).toBe(1);
  }
  for (const { id } of data.functions) expect(result.stdout).toContain(id);
  expect(JSON.parse(readFileSync(`${cwd}/r.sarif`, 'utf8')).version).toBe('2.1.0');
});

describe('credentials of bridges that may not be read', () => {
  const refuse = () =>
    tenant.faults.add({
      on: 'tunnel-credentials',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 403 },
    });
  const tunnels = async () => {
    const { code, report } = await audit('-f', 'json');
    const source = report.coverage.sources.find(({ kind }) => kind === 'tunnel-credential');
    return [code, source?.status];
  };

  test('are a missing right', async () => {
    refuse();
    expect(await tunnels()).toEqual([0, 'unavailable']);
  });

  test('do not hide that the list of bridges breaks off', async () => {
    refuse();
    tenant.faults.add({ on: 'tunnel-bridges', effect: setAnswerField('nextPageToken', 'more') });
    tenant.faults.add({
      on: 'tunnel-bridges',
      from: 2,
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 500 },
    });
    expect(await tunnels()).toEqual([3, 'partial']);
  });

  test('do not hide that a bridge is malformed', async () => {
    refuse();
    tenant.faults.add({ on: 'tunnel-bridges', effect: setField('displayName', 7) });
    expect(await tunnels()).toEqual([3, 'partial']);
  });
});
