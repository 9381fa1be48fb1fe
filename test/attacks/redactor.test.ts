import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { audit } from '../../src/index.js';
import type { AuditOptions } from '../../src/library.js';
import { Redactor } from '../../src/redact.js';
import { LeakFinder } from '../helpers/leak-finder.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { smallTenant } from '../helpers/small-tenant.js';
import { setAnswerField, startTenant, type Tenant } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const FORMATS = [
  'json',
  'ndjson',
  'markdown',
  'csv',
  'sarif',
  'ocsf',
  'html',
  'ics',
  'openmetrics-owners',
  'text',
];
const FILES = FORMATS.flatMap((format) => ['-f', `${format}:out.${format}`]);
const TOKEN = 'q7Zt_pL0-vXw93KdRr2MfY8sBnGhJ4cEaUeT1oViP6xQ';

let tenant: Tenant;

beforeAll(async () => {
  tenant = (await startTenant({
    now: () => NOW,
    data: smallTenant(NOW),
    features: { findings: 'on' },
  })) as Tenant;
});

afterAll(() => tenant.close());

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that a run leaves behind, by place. */
async function everything(argv: readonly string[], env: Environment, files: Record<string, string> = {}) {
  const cwd = emptyFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const { code, stdout, stderr } = await runProgram(argv, { env, cwd, now: () => NOW });
  const written = readdirSync(cwd).filter((name) => !(name in files));
  const outputs = written.map((name) => [name, readFileSync(join(cwd, name), 'utf8')]);
  return { code, stdout, stderr, ...Object.fromEntries(outputs) } as Record<string, string> & {
    code: number;
  };
}

describe('a secret that is one of the product’s own words', () => {
  /** Severities, statuses, field names, kinds, rules, words of the API, of Slack and of ConductorOne's findings. */
  const WORDS = [
    'critical',
    'findings',
    'severity',
    'credential',
    'violation',
    'schemaVersion',
    'personal-client',
    'service-principal-credential',
    'expiring-soon',
    'unavailable',
    'system:owner',
    'DISABLED',
    'USER_TYPE_HUMAN',
    'rich_text',
    'plain_text',
    'FINDING_SEVERITY_HIGH',
    'c1-audit/fingerprint',
    'complete',
    'outcome-unknown',
    'waiver-expiring',
  ];
  const RUNS = {
    'in every format': ['--scope', 'tenant', ...FILES],
    'in a Slack message': ['--scope', 'tenant', '--slack-dry-run'],
    'in a push to ConductorOne': ['--scope', 'tenant', '--dry-run'],
    'in the log': ['--scope', 'mine', '--verbose', '-f', 'json'],
    'in the plan': ['plan', '--scope', 'tenant', '-f', 'markdown'],
    'in the rules': ['rules', '-f', 'json'],
    'in the help': ['--help'],
  };
  const CONFIG = { 'c1-audit.config.yaml': 'push: { conductorone: true }\n' };
  /** Times of the log are the machine's, and bytes of an answer may differ by them. */
  const timeless = (text: string) => text.replace(/"(?:time|bytes)":[^,}]+/g, '');

  test.each(Object.entries(RUNS))('changes nothing %s', async (_, argv) => {
    const files = argv.includes('--dry-run') ? CONFIG : {};
    const plain = await everything(argv, tenant.environment, files);
    // The log names the API's paths, which are searched like everything from outside.
    const all = WORDS.filter((word) => word !== 'findings' || !argv.includes('--verbose'));
    // As many at once as an environment has places for.
    for (let at = 0; at < all.length; at += 5) {
      const words = all.slice(at, at + 5);
      const [token = '', user = '', password = '', otherUser = '', otherPassword = ''] =
        words.map(encodeURIComponent);
      const env = {
        ...tenant.environment,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: decodeURIComponent(token),
        HTTPS_PROXY: `http://${user}:${password}@127.0.0.1:1`,
        https_proxy: `http://${otherUser}:${otherPassword}@127.0.0.1:1`,
      };
      const got = await everything(argv, env, files);
      for (const [place, text] of Object.entries(plain))
        expect([words, place, timeless(String(got[place]))]).toEqual([words, place, timeless(String(text))]);
    }
  });
});

const client = (over: Record<string, unknown>) => ({
  id: 'pc-1',
  clientId: 'strange-hydra-1@acme.conductor.one/pcc',
  displayName: 'nightly',
  userId: 'user-1',
  createdAt: '2025-01-01T00:00:00Z',
  expiresTime: null,
  lastUsedAt: null,
  allowSourceCidr: [],
  scopedRoles: [],
  ...over,
});
const input = (over: Record<string, unknown>) => ({ 'in.json': JSON.stringify([client(over)]) });
const FROM_FILE = ['--input', 'in.json', '--no-slack', ...FILES];

test('hosts of webhook, heartbeat and proxy stay readable where names and emails share them', async () => {
  const name = 'mail.acme.example hooks.slack.com proxy.acme.example jo@mail.acme.example';
  const got = await everything(
    FROM_FILE,
    {
      C1_AUDIT_HEARTBEAT_URL: 'https://mail.acme.example/beat/0123456789abcdef',
      SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx',
      HTTPS_PROXY: 'http://auditor:pr0xy-Passw0rd@proxy.acme.example:3128',
    },
    input({ displayName: name }),
  );
  expect(JSON.parse(got['out.json'] ?? '').credentials[0].name).toBe(name);
  for (const format of FORMATS) expect(got[`out.${format}`]).not.toContain('[redacted]');
});

describe('a secret in a name', () => {
  const HEARTBEAT = '/c0ffee00-5ec2e7-4a11?key=dead5ec2e7aa00';
  const WEBHOOK = '/services/T0ABCDEFG/B0ABCDEFG/zyxwvutsrqponmlkjihgfedc';
  const PROXY = ['auditor-of-secrets', 'pr0xy-Passw0rd/with/slashes'] as const;
  const env = {
    CONDUCTORONE_ACCESS_TOKEN: TOKEN,
    C1_AUDIT_HEARTBEAT_URL: `https://hc.example${HEARTBEAT}`,
    SLACK_WEBHOOK_URL: `https://hooks.slack.com${WEBHOOK}`,
    HTTPS_PROXY: `http://${PROXY.map(encodeURIComponent).join(':')}@127.0.0.1:1`,
  };
  const secrets = [TOKEN, HEARTBEAT, WEBHOOK, ...PROXY];
  const lower = (text: string) => text.replace(/%../g, (byte) => byte.toLowerCase());
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    lower(encodeURIComponent(secret)),
    Buffer.from(`x:${secret}`).toString('base64'),
  ]);
  const finder = new LeakFinder();
  for (const secret of secrets) finder.plant(secret, secret);
  const said = forms.join(' "quoted\\" ');

  async function leaks(argv: readonly string[], files: Record<string, string>) {
    const got = await everything(argv, env, files);
    JSON.parse(got['out.json'] ?? got.stdout ?? '');
    return Object.entries(got).flatMap(([place, text]) =>
      finder.find(String(text)).map((secret) => `${place}: ${secret}`),
    );
  }

  test('of an exported list leaks in no format', async () => {
    const over = { displayName: said, id: said, clientId: said, userId: said, allowSourceCidr: [said] };
    expect(await leaks(FROM_FILE, input(over))).toEqual([]);
  });

  test('of a waiver leaks in no format', async () => {
    const waiver = {
      rule: 'no-expiry',
      credential: 'pc-1',
      reason: said,
      approvedBy: said,
      expires: '2026-12-31',
    };
    const config = { 'c1-audit.config.json': JSON.stringify({ waivers: [waiver] }) };
    expect(await leaks(FROM_FILE, { ...input({}), ...config })).toEqual([]);
  });

  test('of a saved report leaks in no format when it is rendered again', async () => {
    const report = await everything(
      ['--input', 'in.json', '-f', 'json'],
      {},
      input({ displayName: said, id: said }),
    );
    const files = { 'saved.json': report.stdout ?? '' };
    expect(files['saved.json']).toContain(TOKEN);
    expect(await leaks(['report', 'saved.json', ...FILES], files)).toEqual([]);
    const plan = await everything(['plan', 'saved.json'], env, files);
    expect(finder.find(plan.stdout ?? '')).toEqual([]);
  });

  test('leaks neither into a finding that is pushed to ConductorOne nor into its dry run', async () => {
    const data = smallTenant(NOW);
    const [key] = data.personalClients.filter(({ expiresTime }) => expiresTime === null);
    const named = data.personalClients.map((each) => (each === key ? { ...each, displayName: said } : each));
    const target = (await startTenant({
      now: () => NOW,
      data: { ...data, personalClients: named },
      features: { findings: 'on' },
    })) as Tenant;
    try {
      const { CONDUCTORONE_ACCESS_TOKEN: _, ...others } = env;
      const world = {
        ...others,
        // Answered, if only with 404: what cannot be reached is tried again.
        C1_AUDIT_HEARTBEAT_URL: `${target.url}${HEARTBEAT}`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: TOKEN,
        ...target.environment,
      };
      const waiver = {
        rule: 'no-expiry',
        credential: key?.id,
        reason: said,
        approvedBy: said,
        expires: '2026-12-31',
      };
      const files = (waivers: readonly unknown[]) => ({
        'c1-audit.config.json': JSON.stringify({ push: { conductorone: true }, waivers }),
      });
      const argv = ['--scope', 'tenant', '--no-slack'];
      const dry = await everything([...argv, '--dry-run'], world, files([]));
      await everything(argv, world, files([]));
      await everything(argv, world, files([waiver]));
      expect(dry.stdout).toContain('redacted');
      const about = target.findings.filter(({ description }) => description.includes('redacted'));
      expect(about.length).toBeGreaterThan(1);
      expect(JSON.stringify(target.findings)).toContain('Waived in c1-audit: [redacted]');
      const sent = [JSON.stringify(target.findings), dry.stdout ?? ''].map((text) =>
        text.replaceAll('\\\\', ''),
      );
      expect(sent.flatMap((text) => finder.find(text))).toEqual([]);
    } finally {
      await target.close();
    }
  });

  test('leaks from the library neither', async () => {
    const report = await audit({ input: JSON.stringify([client({ displayName: said })]), env });
    expect(finder.find(JSON.stringify(report))).toEqual([]);
    expect(report.credentials[0]?.name).toContain('[redacted]');
  });

  test('does not leak through a plug-in that throws it or words it itself', async () => {
    const plugin = (id: string, check: () => never | { messageId: 'it'; data: object }) => ({
      id: `acme/${id}`,
      title: 'Something is wrong',
      severity: 'low' as const,
      kinds: ['personal-client' as const],
      docs: { why: 'Because.', fix: 'Fix it.' },
      needs: [],
      messages: { it: () => `It is ${said}` },
      check,
    });
    const throwing = plugin('throws', () => {
      throw new Error(said);
    });
    const wording = plugin('words', () => ({ messageId: 'it', data: {} }));
    const rules = [throwing, wording] as unknown as NonNullable<AuditOptions['rules']>;
    const report = await audit({ input: JSON.stringify([client({})]), env, rules });
    expect(report.coverage.notes.join()).toContain('Rule acme/throws failed on 1 credential: ');
    expect(JSON.stringify(report)).toContain('It is [redacted]');
    expect(finder.find(JSON.stringify(report))).toEqual([]);
  });

  test('does not leak through the id of a malformed record', async () => {
    const report = await audit({ input: JSON.stringify([client({ id: said, createdAt: 7 })]), env });
    expect(report.coverage.sources[0]?.note).toContain('[redacted]');
    expect(finder.find(JSON.stringify(report))).toEqual([]);
  });
});

describe('a name of 1 MB and a token of 60 kB', () => {
  const random = Array.from(
    { length: 60_000 },
    (_, at) => 'abcdefghijklmnopqrstuvwxyz012345'[(at * at * 7 + at) % 32],
  );
  const TOKENS = {
    'of one letter': 'a'.repeat(60_000),
    'of pairs': 'ab'.repeat(30_000),
    mixed: random.join(''),
  };
  const names = (token: string) => ({
    'of the same letter': 'a'.repeat(1_000_000),
    'of parts one character short': `${token.slice(0, 11)}~`.repeat(83_000),
    'of the token again and again': token.repeat(17).slice(0, 1_000_000),
  });

  test.each(Object.entries(TOKENS))('cost milliseconds, with a token %s', (_, token) => {
    const began = process.cpuUsage();
    const redactor = new Redactor();
    redactor.add(token);
    for (const name of Object.values(names(token))) redactor.redact(name);
    // Quadratic time takes minutes; a busy machine gets a wide margin.
    expect(process.cpuUsage(began).user).toBeLessThan(2_000_000);
    expect(redactor.redact(names(token)['of the token again and again'])).toBe('[redacted]');
  });

  test('never hold the event loop for long, whatever the format', async () => {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    const files = input({ displayName: names(TOKENS.mixed)['of parts one character short'] });
    delay.enable();
    const got = await everything(FROM_FILE, { CONDUCTORONE_ACCESS_TOKEN: TOKENS.mixed }, files);
    delay.disable();
    expect(JSON.parse(got['out.json'] ?? '').credentials).toHaveLength(1);
    expect(delay.max / 1e6).toBeLessThan(3_000);
  });
});

describe('a secret that is too short to be hidden', () => {
  const SHORT = 'k7$qz#W';
  const cases: readonly (readonly [string, Environment])[] = [
    ['CONDUCTORONE_ACCESS_TOKEN is', { CONDUCTORONE_ACCESS_TOKEN: SHORT }],
    ['CONDUCTORONE_ACCESS_TOKEN is', { CONDUCTORONE_ACCESS_TOKEN: `Bearer ${SHORT}` }],
    ['SLACK_BOT_TOKEN is', { SLACK_BOT_TOKEN: 'xoxb-k7qzW', SLACK_CHANNEL: 'C1' }],
    ['the password in HTTPS_PROXY is', { HTTPS_PROXY: `http://jo:${encodeURIComponent(SHORT)}@127.0.0.1:1` }],
    ['the password in https_proxy is', { https_proxy: 'http://tokenof@127.0.0.1:1' }],
    [
      'CONDUCTORONE_OIDC_TOKEN and the password in HTTP_PROXY are',
      { CONDUCTORONE_OIDC_TOKEN: SHORT, HTTP_PROXY: 'http://jo:doe@127.0.0.1:1' },
    ],
  ];

  test.each(cases)('is refused at start: %s', async (says, over) => {
    for (const argv of [['--scope', 'mine', '-f', 'json'], FROM_FILE, ['plan'], ['doctor']]) {
      const asked = tenant.requests.length;
      const { code, stdout, stderr } = await everything(argv, { ...tenant.environment, ...over }, input({}));
      expect(code).toBe(2);
      expect(`${stdout}${stderr}`.replace(/\s+/g, ' ')).toContain(`${says} shorter than 8 characters`);
      expect(`${stdout}${stderr}`).not.toContain(SHORT);
      if (argv[0] === 'doctor') continue;
      expect(stdout).toBe('');
      expect(tenant.requests).toHaveLength(asked);
    }
  });

  test.each([
    { HTTPS_PROXY: 'http://jo:12345678@127.0.0.1:1' },
    { https_proxy: 'http://127.0.0.1:1' },
    { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '12345678', SLACK_BOT_TOKEN: '' },
  ])('is not one of 8 characters, nor a short user: %j', async (over) => {
    const { code, stderr } = await everything(FROM_FILE, over, input({}));
    expect([code, stderr]).toEqual([1, expect.not.stringContaining('shorter than')]);
  });

  /** What an audit does with a token endpoint that mints this token. */
  async function withToken(token: string) {
    const server = (await startTenant({ now: () => NOW, data: smallTenant(NOW) })) as Tenant;
    const effect = setAnswerField('access_token', token);
    server.faults.add({ on: 'token', times: Infinity, effect });
    try {
      const got = await everything(['--scope', 'mine', '-f', 'json'], server.environment);
      const { code, stdout = '', stderr = '' } = got;
      return { code, stdout, stderr, calls: server.requests.filter(({ target }) => target !== 'token') };
    } finally {
      await server.close();
    }
  }

  test('is refused as an access token from the server, and not used', async () => {
    for (const token of [SHORT, `Bearer ${SHORT}`]) {
      const { code, stderr, stdout, calls } = await withToken(token);
      expect(code).toBe(3);
      expect(stderr).toContain('auth/v1/token answered with a token of fewer than 8 characters');
      expect(`${stdout}${stderr}`).not.toContain(SHORT);
      expect(calls).toEqual([]);
    }
    const { stderr, calls } = await withToken(`${SHORT}8`);
    expect(stderr).not.toContain('fewer than 8 characters');
    expect(calls.length).toBeGreaterThan(0);
  });

  test("is refused as an OIDC token from GitHub's endpoint, and not exchanged", async () => {
    const endpoint = createServer((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ value: SHORT }));
    });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const { port } = endpoint.address() as AddressInfo;
    const asked = tenant.requests.length;
    try {
      const { code, stderr } = await everything(['--scope', 'tenant', '-f', 'json'], {
        CONDUCTORONE_CLIENT_ID: `job-1@${tenant.host}/wfe`,
        CONDUCTORONE_SERVER_URL: tenant.url,
        ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: TOKEN,
      });
      expect(code).toBe(3);
      expect(stderr).toContain(
        `GET 127.0.0.1:${port}/token answered with a token of fewer than 8 characters`,
      );
      expect(stderr).not.toContain(SHORT);
      expect(tenant.requests).toHaveLength(asked);
    } finally {
      endpoint.close();
    }
  });

  test('stops neither the help nor the list of rules', async () => {
    const env = { CONDUCTORONE_ACCESS_TOKEN: SHORT };
    for (const argv of [['--help'], ['--version'], ['rules']])
      expect((await everything(argv, env)).code).toBe(0);
  });
});
