import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Front, type Passing, startFront } from '../helpers/front.js';
import { LeakFinder } from '../helpers/leak-finder.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { SECRET_PATH, type SlackServer, startSlack } from '../helpers/slack-server.js';
import { smallTenant } from '../helpers/small-tenant.js';
import { type Environment, startTenant, type Tenant } from '../tenant/index.js';

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

let tenant: Tenant;
let slack: SlackServer;

beforeAll(async () => {
  tenant = (await startTenant({
    now: () => NOW,
    data: smallTenant(NOW),
    paging: { ignoring: [] },
  })) as Tenant;
  let time = 0;
  // Slack takes one message a second: hers pass quickly.
  slack = await startSlack({ now: () => (time += 5_000) });
});

afterAll(async () => {
  await tenant.close();
  await slack.close();
});

/** What a request carried that nobody else may see. */
function secretsIn({ headers, body }: Passing): string[] {
  const form = new URLSearchParams(body);
  const bearer = headers.authorization?.replace(/^\w+ /, '');
  return [bearer, form.get('client_assertion'), form.get('subject_token')].filter(
    (text) => !!text,
  ) as string[];
}

/** Secrets in all the forms that a server may send them back in, and cut. */
function echoOf(secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [
      `got ${secret}!`,
      `cut ${secret.slice(7, 31)}…`,
      secret.slice(-12),
      encodeURIComponent(secret),
      encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase()),
      Buffer.from(secret).toString('base64'),
      Buffer.from(`x:${secret}`).toString('base64url'),
      Buffer.from(`user:${secret.slice(3)}`).toString('base64'),
      `"${secret}"`,
      `\u001b[31m${secret}\u001b[0m`,
    ])
    .join(' ');
}

/** The same text, each character written as JSON may write it. */
function escaped(text: string): string {
  return [...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

type Echo = (response: ServerResponse, echo: string) => void;

const json = (status: number, body: unknown): Echo => {
  return (response, echo) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body).replaceAll('"ECHO"', JSON.stringify(echo)));
  };
};

/** Ways for a server to send back what it got. */
const ECHOES: Readonly<Record<string, Echo>> = {
  'an API error': json(400, { code: 3, message: 'ECHO', details: ['ECHO'] }),
  'a refusal': json(403, { code: 7, message: 'ECHO' }),
  'a 401': json(401, { code: 16, message: 'ECHO' }),
  'a 500': json(500, { code: 13, message: 'ECHO' }),
  'an OAuth error': json(400, { error: 'invalid_client', error_description: 'ECHO' }),
  'an OAuth error of its own': json(401, { error: 'ECHO', error_description: 'ECHO' }),
  'HTML with 200': (response, echo) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${echo}</p>`);
  },
  'a content type': (response, echo) => {
    response.writeHead(200, { 'content-type': echo.replace(/[^ -~]/g, '') }).end('{}');
  },
  'the request id': (response, echo) => {
    const id = echo.replace(/[^ -~]/g, '').slice(0, 2_000);
    response.writeHead(500, { 'c1-trace-id': id, 'content-type': 'application/json' });
    response.end('{"code":13,"message":"internal"}');
  },
  'a redirect': (response, echo) => {
    response
      .writeHead(302, { location: `/${encodeURIComponent(echo)}`, 'c1-trace-id': echo.slice(4, 60) })
      .end();
  },
  'broken JSON': (response, echo) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"list": [${JSON.stringify(echo)},`);
  },
  'a challenge': (response, echo) => {
    const quoted = echo.replace(/[^ -~]|["\\]/g, '');
    response.writeHead(401, {
      'www-authenticate': `Bearer error="invalid_token", error_description="${quoted}"`,
    });
    response.end();
  },
  'names, ids and fields of the wrong type': (response, echo) => {
    const record = {
      // Cut well below 12 characters into the second secret: with 11, the 0 of a "%20" before it completes a part by chance.
      id: echo.slice(0, 86),
      clientId: echo.slice(0, 120),
      displayName: echo,
      userId: 'somebody',
      createdAt: echo,
      allowSourceCidr: [echo],
      scopedRoles: [echo.slice(4, 40)],
      servicePrincipalId: echo.slice(0, 50),
      conditionExpression: echo,
      providerId: echo.slice(0, 40),
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ list: [record], nextPageToken: '' }));
  },
  'names, escaped': (response, echo) => {
    const name = escaped(echo.slice(0, 600));
    const record = `{"id":"a","clientId":"${name}","displayName":"${name}","userId":"b","user":{"id":"b","displayName":"${name}"}}`;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"list":[${record}],"nextPageToken":""}`);
  },
};

interface Way {
  readonly name: string;
  open(): Promise<{ env: Environment; planted: Record<string, string> }>;
}

const afterPrefix = (secret = '') => secret.slice(secret.lastIndexOf(':') + 1);

const WAYS: readonly Way[] = [
  {
    name: 'client secret',
    async open() {
      const env = await tenant.issue.secret();
      return { env, planted: { 'client secret': afterPrefix(env.CONDUCTORONE_CLIENT_SECRET) } };
    },
  },
  {
    name: 'ready token',
    async open() {
      const env = await tenant.issue.accessToken();
      return { env, planted: { 'access token': env.CONDUCTORONE_ACCESS_TOKEN ?? '' } };
    },
  },
  {
    name: 'OIDC token',
    async open() {
      const env = await tenant.issue.oidc();
      return { env, planted: { 'OIDC token': env.CONDUCTORONE_OIDC_TOKEN ?? '' } };
    },
  },
  {
    name: 'GitHub Actions',
    async open() {
      const { environment } = await tenant.issue.actions();
      return {
        env: environment,
        planted: { 'request token': environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? '' },
      };
    },
  },
  {
    name: "cone's profile",
    async open() {
      const { CONDUCTORONE_CLIENT_ID, CONDUCTORONE_CLIENT_SECRET } = await tenant.issue.secret();
      const HOME = emptyFolder();
      mkdirSync(join(HOME, '.conductorone'));
      const file = join(HOME, '.conductorone', 'config.yaml');
      writeFileSync(
        file,
        `profiles:\n  default:\n    client-id: ${CONDUCTORONE_CLIENT_ID}\n    client-secret: ${CONDUCTORONE_CLIENT_SECRET}\n`,
      );
      chmodSync(file, 0o644);
      return { env: { HOME }, planted: { 'client secret': afterPrefix(CONDUCTORONE_CLIENT_SECRET) } };
    },
  },
];

const WEBHOOK = 'sig=0123456789abcdef-of-a-webhook';
const HEARTBEAT = 'c0ffee00-5ec2e7-4a11-8000-dead5ec2e7aa';
const PROXY_PASSWORD = 'pr0xy-Passw0rd%2Fwith%2Fslashes';

/** Runs an audit against a tenant that sends back whatever it is sent, and returns what leaked, by place. */
async function attack(way: Way, where: 'token' | 'api', echo: Echo): Promise<string[]> {
  const { env, planted } = await way.open();
  const finder = new LeakFinder();
  const known: string[] = Object.values(planted);
  for (const [name, secret] of Object.entries(planted)) finder.plant(name, secret);
  finder.plant('webhook', SECRET_PATH);
  finder.plant('other webhook', WEBHOOK);
  finder.plant('heartbeat', HEARTBEAT);
  finder.plant('proxy password', PROXY_PASSWORD);
  finder.plant('proxy password, decoded', decodeURIComponent(PROXY_PASSWORD));

  let asked = 0;
  const front: Front = await startFront(tenant.url, (passing, response) => {
    for (const secret of secretsIn(passing)) {
      if (!known.includes(secret)) {
        known.push(secret);
        finder.plant(`sent to ${passing.path}`, secret);
      }
    }
    const isToken = passing.path === '/auth/v1/token';
    if (isToken !== (where === 'token')) return false;
    asked += 1;
    echo(response, echoOf([...known, SECRET_PATH, WEBHOOK, HEARTBEAT, PROXY_PASSWORD]));
    return true;
  });
  const cwd = emptyFolder();
  try {
    const files = FORMATS.filter((format) => format !== 'text').flatMap((format) => [
      '-f',
      `${format}:out.${format}`,
    ]);
    const { stdout, stderr, code } = await runProgram(
      ['--verbose', '--scope', 'tenant', '--state', 'state.json', '-f', 'text', ...files],
      {
        env: {
          ...env,
          CONDUCTORONE_SERVER_URL: front.url,
          SLACK_WEBHOOK_URL: slack.webhookUrl,
          // Both answer 404, which is reported.
          C1_AUDIT_WEBHOOK_URL: new URL(`/invoke?${WEBHOOK}`, slack.webhookUrl).href,
          C1_AUDIT_HEARTBEAT_URL: new URL(`/${HEARTBEAT}`, slack.webhookUrl).href,
          HTTPS_PROXY: `http://auditor:${PROXY_PASSWORD}@127.0.0.1:1`,
        },
        now: () => NOW,
        cwd,
        limits: { retries: 1 },
      },
    );
    if (asked === 0) return ['never asked'];
    const leaks = [
      ...finder.find(stdout).map((secret) => `stdout: ${secret}`),
      ...finder.find(stderr).map((secret) => `stderr: ${secret}`),
      ...slack.posted.flatMap(({ payload }) =>
        finder.find(JSON.stringify(payload)).map((s) => `slack: ${s}`),
      ),
    ];
    for (const file of readdirSync(cwd)) {
      const path = join(cwd, file);
      leaks.push(...finder.find(readFileSync(path, 'utf8')).map((secret) => `${file}: ${secret}`));
      if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
        leaks.push(`${file}: open to others`);
    }
    if (where === 'token' && code !== 3) leaks.push(`exit ${code}`);
    if (!readdirSync(cwd).includes('out.json')) leaks.push('no report');
    return leaks;
  } finally {
    slack.posted.length = 0;
    await front.close();
  }
}

/**
 * Where a way of logging in gets its secrets back from. Beyond the first, only the secrets differ, and they are hidden as
 * soon as they are read: each place sends back every other echo.
 */
function placesOf(way: Way, echo: number): ('api' | 'token')[] {
  if (way.name === 'client secret') return ['api', 'token'];
  const isEven = (WAYS.indexOf(way) + echo) % 2 === 0;
  if (way.name === 'ready token') return isEven ? ['api'] : [];
  return [isEven ? 'api' : 'token'];
}

describe.each(WAYS)('no secret is printed: $name', (way) => {
  const sent = Object.entries(ECHOES).flatMap(([name, echo], at) =>
    placesOf(way, at).map((place) => [name, place, echo] as const),
  );
  test.each(sent)('sent back in %s by the %s', async (_, place, echo) => {
    expect(await attack(way, place, echo)).toEqual([]);
  });
});

test('the finder finds a planted secret', () => {
  const finder = new LeakFinder();
  const secret = 'q7Zt_pL0-vXw93KdRr2MfY8sBnGhJ4cEaUeT1oViP6xQ';
  finder.plant('it', secret);
  for (const leak of [
    secret.slice(3, 15),
    Buffer.from(`u:${secret}`).toString('base64'),
    escaped(secret.slice(0, 12)),
    secret.slice(0, 12).replaceAll('_', '\\_'),
    `${secret.slice(0, 6)}\r\n ${secret.slice(6, 12)}`,
  ])
    expect(finder.find(`xx ${leak} yy`)).toEqual(['it']);
  expect(finder.find(secret.slice(3, 14))).toEqual([]);
});
