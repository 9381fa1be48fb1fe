import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { ENDPOINTS, type EndpointName } from '../../src/demo/tenant/endpoints.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { SMALL, smallTenant, waysIn } from '../helpers/small-tenant.js';
import { type RecordedRequest, startTenant, type Tenant } from '../tenant/index.js';
import { call } from './client.js';

/** An excerpt of ConductorOne's OpenAPI document, which is not ours to publish. */
const EXCERPT = new URL('../../../shared/c1-openapi.json', import.meta.url);
const isThere = existsSync(EXCERPT);
if (!isThere)
  process.stderr.write(
    `Skipped in test/demo/openapi.test.ts: tests that need the OpenAPI excerpt (no ${EXCERPT.pathname})\n`,
  );

const PREFIX = 'c1.api.';
const NOW = Date.parse('2026-11-24T06:00:00Z');

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}
type Content = { readonly content: Readonly<Record<string, { readonly schema: object }>> };
interface Excerpt {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Answered {
  readonly request: RecordedRequest;
  readonly json: unknown;
}

/** The schema, with every field that it does not name as an error. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, closed(inner)]);
  const isOpen = 'additionalProperties' in value || !('properties' in value);
  return Object.fromEntries(isOpen ? entries : [...entries, ['additionalProperties', false]]);
}

(isThere ? describe : describe.skip)('against the OpenAPI excerpt', () => {
  const excerpt = closed(isThere ? JSON.parse(readFileSync(EXCERPT, 'utf8')) : {}) as Excerpt;
  const ajv = new Ajv2020.default({ strict: false, allErrors: true, validateSchema: false });
  addFormats.default(ajv as never, ['date-time', 'int32']);
  ajv.addFormat('duration', /^-?\d+(\.\d{1,9})?s$/);
  ajv.addFormat('base64', /^[A-Za-z0-9+/]*={0,2}$/);
  ajv.addFormat('uint32', { type: 'number', validate: (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32 });
  ajv.addSchema(excerpt, 'excerpt');

  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  function problems(schema: object, value: unknown): string[] {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"excerpt#/components');
    const validate = validators.get(text) ?? ajv.compile(JSON.parse(text));
    validators.set(text, validate);
    validate(value);
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
  const named = (name: string) => ({ $ref: `#/components/schemas/${PREFIX}${name}` });
  const bodyOf = (content: Content | undefined) => content?.content['application/json']?.schema;

  /** The operation that a request is for. */
  function operationOf({ method, path }: Pick<RecordedRequest, 'method' | 'path'>): Operation | undefined {
    const [pathname = ''] = path.split('?');
    const parts = pathname.split('/');
    const candidates = Object.entries(excerpt.paths).filter(([pattern]) => {
      const wanted = pattern.split('/');
      return (
        wanted.length === parts.length &&
        wanted.every((part, index) => part.startsWith('{') || part === parts[index])
      );
    });
    // A path that is spelt out wins over one with a parameter.
    const [first] = candidates.sort(([a], [b]) => a.split('{').length - b.split('{').length);
    return first?.[1][method.toLowerCase()];
  }

  let tenant: Tenant;
  afterEach(() => tenant?.close());

  test('a wrong type, an unknown field and an unknown enum value are errors', () => {
    const client = named('iam.v1.PersonalClient');
    expect(problems(client, { id: 'a', scopedRoles: null, createdAt: null })).toEqual([]);
    expect(problems(client, { id: 5 })).toHaveLength(1);
    expect(problems(client, { id: 'a', owner: 'b' })).toHaveLength(1);
    expect(problems(client, { id: 'a', createdAt: 'yesterday' })).toHaveLength(1);
    expect(problems(named('user.v1.User'), { status: 'ASLEEP' })).toHaveLength(1);
    expect(operationOf({ method: 'GET', path: '/api/v1/nowhere' })).toBeUndefined();
    expect(operationOf({ method: 'DELETE', path: '/api/v1/iam/roles' })).toBeUndefined();
  });

  /** What is wrong with an answer, by the excerpt. */
  function answerProblems({ request, json }: Answered): string[] {
    const schema = bodyOf(operationOf(request)?.responses['200']);
    return schema ? problems(schema, json) : ['not in the excerpt'];
  }

  /** What is wrong with a request, by the excerpt. */
  function requestProblems(request: RecordedRequest): string[] {
    const { method, path, body } = request;
    const { pathname, searchParams } = new URL(path, 'http://x');
    const operation = operationOf(request);
    if (!operation) return [`${method} ${pathname}`];
    // Lists may page although they do not declare it: sending the parameters does no harm.
    const declared = [...(operation.parameters ?? []).map(({ name }) => name), 'page_size', 'page_token'];
    const undeclared = [...searchParams.keys()].filter((name) => !declared.includes(name));
    const schema = bodyOf(operation.requestBody);
    const inBody = schema ? problems(schema, body) : body === undefined ? [] : ['a body'];
    return [...undeclared.map((name) => `?${name}`), ...inBody].map(
      (problem) => `${method} ${pathname}: ${problem}`,
    );
  }

  /** One request for each endpoint, all of which have something to answer. */
  async function askEverything(): Promise<Map<EndpointName, Answered>> {
    const { data } = tenant;
    const { CONDUCTORONE_ACCESS_TOKEN: token = '' } = await tenant.issue.accessToken();
    const [principal] = data.credentials;
    const id = principal?.servicePrincipalId;
    const finding = {
      dedupKeyParts: ['a', 'b'],
      customSubType: 'unused',
      severity: 'FINDING_SEVERITY_HIGH',
      description: 'text',
      annotations: { 'c1-audit/kind': 'personal-client' },
      tenantTarget: {},
    };
    const create = () => call(tenant, token, '/findings', finding);
    const asks: [EndpointName, () => ReturnType<typeof call>][] = [
      ['introspect', () => call(tenant, token, '/auth/introspect')],
      ['personal-clients', () => call(tenant, token, '/iam/personal_clients')],
      ['personal-client', () => call(tenant, token, `/iam/personal_clients/${data.personalClients[0]?.id}`)],
      [
        'search-personal-clients',
        () => call(tenant, token, '/search/iam/personal_clients', { pageSize: 100 }),
      ],
      ['search-users', () => call(tenant, token, '/search/users', { page_size: 100 })],
      ['user', () => call(tenant, token, `/users/${data.users[0]?.id}`)],
      ['roles', () => call(tenant, token, '/iam/roles')],
      ['service-principals', () => call(tenant, token, '/service_principals')],
      ['service-principal-credentials', () => call(tenant, token, `/service_principals/${id}/credentials`)],
      ['search-federation-trusts', () => call(tenant, token, '/search/workload_federation_trusts', {})],
      ['federation-providers', () => call(tenant, token, '/workload_federation/providers')],
      ['search-external-clients', () => call(tenant, token, '/search/iam/external_clients', {})],
      ['tunnel-bridges', () => call(tenant, token, '/iam/tunnel/bridges')],
      [
        'tunnel-credentials',
        () => call(tenant, token, `/iam/tunnel/bridges/${data.bridges[0]?.id}/credentials`),
      ],
      ['llm-gateway-keys', () => call(tenant, token, '/llm-gateway/keys')],
      ['functions', () => call(tenant, token, '/functions')],
      ['search-functions', () => call(tenant, token, '/search/functions', {})],
      ['search-decoys', () => call(tenant, token, '/decoys/search', {})],
      ['session-settings', () => call(tenant, token, '/settings/session')],
      ['create-finding', create],
      ['search-findings', () => call(tenant, token, '/findings/search', {})],
      ['system-log', () => call(tenant, token, '/systemlog/events', {})],
      [
        'finding-state',
        async () => {
          const { json } = await create();
          return call(tenant, token, `/findings/${json.finding.id}/state`, { resolve: { reason: 'done' } });
        },
      ],
    ];
    const answers = new Map<EndpointName, Answered>();
    for (const [name, ask] of asks) {
      const { status, json } = await ask();
      expect([name, status, tenant.requests.at(-1)?.target]).toEqual([name, 200, name]);
      answers.set(name, { request: tenant.requests.at(-1) as RecordedRequest, json });
    }
    return answers;
  }

  test.each([
    ['the demo', () => startTenant({ now: () => NOW, features: { findings: 'on' } })],
    [
      'a small tenant',
      () =>
        startTenant({
          now: () => NOW,
          data: { ...smallTenant(NOW), ...waysIn(NOW) },
          features: { findings: 'on' },
        }),
    ],
  ] as const)('every answer of the embedded tenant is valid: %s', async (_, start) => {
    tenant = (await start()) as Tenant;
    const answers = await askEverything();
    expect([...answers.keys()].sort()).toEqual(Object.keys(ENDPOINTS).sort());
    const wrong: string[] = [];
    for (const [name, answer] of answers)
      wrong.push(...answerProblems(answer).map((problem) => `${name}: ${problem}`));
    expect(wrong).toEqual([]);
  });

  test("personal clients' ids are the local parts of their client ids, each once", async () => {
    for (const data of [undefined, smallTenant(NOW)]) {
      await tenant?.close();
      tenant = await startTenant({ now: () => NOW, ...(data ? { data } : {}) });
      const { CONDUCTORONE_ACCESS_TOKEN: token = '' } = await tenant.issue.accessToken();
      const { json } = await call(tenant, token, '/search/iam/personal_clients', { pageSize: 100 });
      const ids = json.list.map(({ id }: { id: string }) => id);
      expect(json.list.map(({ clientId }: { clientId: string }) => clientId.split('@')[0])).toEqual(ids);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('c1-audit uses only operations and fields that are in the excerpt', async () => {
    const data = { ...smallTenant(NOW), ...waysIn(NOW) };
    let now = NOW;
    tenant = await startTenant({ now: () => now, data, features: { findings: 'on' } });
    const cwd = emptyFolder();
    const config = (waivers: string) =>
      writeFileSync(join(cwd, 'c1-audit.config.yaml'), `push: { conductorone: true }\n${waivers}`);
    const run = async (argv: readonly string[], env = tenant.environment) => {
      const { code, stderr } = await runProgram(argv, { env, cwd, now: () => now });
      if (code > 1) throw new Error(stderr);
    };
    config('');
    // Everyone's, as each kind of login; one's own, on more than one page; pushed, waived, resolved and back.
    await run(['--scope', 'tenant']);
    await run(['--scope', 'tenant', '--verbose'], await tenant.issue.oidc(SMALL.trust));
    await run(['--scope', 'tenant'], await tenant.issue.secret(SMALL.dpop, 'service-principal-credential'));
    await run([]);
    const key = data.personalClients.at(-1);
    if (key) key.deletedAt = new Date(NOW).toISOString();
    const endless = data.personalClients.find(({ expiresTime }) => expiresTime === null)?.id;
    const waiver = `{ rule: no-expiry, credential: ${endless}, reason: r, approvedBy: a, expires: 2027-01-31 }`;
    config(`waivers: [${waiver}]\n`);
    await run(['--scope', 'tenant']);
    now += 3_600_000;
    if (key) key.deletedAt = null;
    config('');
    await run(['--scope', 'tenant']);
    await run(['doctor', '--scope', 'tenant']);
    await run(['doctor']);
    await run(['plan', '--scope', 'tenant']);
    await run(['--scope', 'tenant', '--evidence', '--state', 'state.json']);
    await run(['--scope', 'tenant', '--evidence', '--state', 'state.json']);
    tenant.faults.add({ on: 'search-users', times: 1, effect: { kind: 'status', status: 403 } });
    await run(['--scope', 'tenant']);
    tenant.faults.add({ on: 'search-functions', times: 1, effect: { kind: 'status', status: 404 } });
    await run(['--scope', 'tenant']);

    const asked = tenant.requests.filter(({ target }) => target !== 'token');
    expect([...new Set(asked.flatMap(requestProblems))]).toEqual([]);
    // The requests cover what the program calls.
    expect([...new Set(asked.map(({ target }) => target))].sort()).toEqual([
      'create-finding',
      'federation-providers',
      'finding-state',
      'functions',
      'introspect',
      'llm-gateway-keys',
      'personal-clients',
      'roles',
      'search-decoys',
      'search-external-clients',
      'search-federation-trusts',
      'search-findings',
      'search-functions',
      'search-personal-clients',
      'search-users',
      'service-principal-credentials',
      'service-principals',
      'session-settings',
      'system-log',
      'tunnel-bridges',
      'tunnel-credentials',
      'user',
    ]);
  });
});
