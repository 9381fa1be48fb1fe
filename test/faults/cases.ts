import { type Effect, type Fault, setAnswerField, setField, type Target } from '../tenant/index.js';

/** An endpoint that the audit asks, and what the matrix must know about it. */
export interface Endpoint {
  readonly target: Target;
  readonly scope: 'mine' | 'tenant';
  /** How messages call it. */
  readonly path: RegExp;
  /** Without it there is no audit, or none of a whole kind. */
  readonly required: boolean;
  /** What it brings is to be had elsewhere as well. */
  readonly replaceable?: true;
  /** The sources that it matters for; all of them if none is named. */
  readonly sources?: readonly string[];
  /** Answers in pages. */
  readonly list: boolean;
  /** Fields of a record, or of the answer, each with a value of the wrong type. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Faults that must be there for the endpoint to be asked at all. */
  readonly given?: () => Fault[];
}

const USER = {
  'user.displayName': 5,
  'user.email': {},
  'user.status': 5,
  'user.directoryStatus': [],
  'user.type': 5,
  'user.roleIds': 'all',
  'user.managerIds': { a: 1 },
  'user.deletedAt': 'yesterday',
};

const CREDENTIAL = { clientId: 5, displayName: [], createdAt: 'yesterday' };

/** The sources that ask these endpoints, or judge by what the other found. */
const MACHINES = ['service-principals', 'federation-trusts'];

export const ENDPOINTS: readonly Endpoint[] = [
  {
    target: 'token',
    scope: 'tenant',
    sources: ['personal-clients'],
    path: /\/auth\/v1\/token/,
    required: true,
    list: false,
    fields: { access_token: 5, token_type: 5, expires_in: 'soon' },
  },
  {
    target: 'introspect',
    scope: 'tenant',
    path: /\/auth\/introspect/,
    required: false,
    list: false,
    fields: { userId: 5, roles: 'all', permissions: 5 },
  },
  {
    target: 'personal-clients',
    scope: 'mine',
    path: /\/iam\/personal_clients/,
    required: true,
    list: true,
    fields: {
      id: 5,
      ...CREDENTIAL,
      userId: [],
      deletedAt: true,
      expiresTime: 1_700_000_000,
      lastUsedAt: {},
      allowSourceCidr: '10.0.0.0/8',
      scopedRoles: [5],
    },
  },
  {
    target: 'search-personal-clients',
    scope: 'tenant',
    sources: ['personal-clients'],
    path: /\/search\/iam\/personal_clients/,
    required: true,
    list: true,
    fields: {
      id: {},
      ...CREDENTIAL,
      userId: 5,
      deletedAt: 'no',
      expiresTime: 'never',
      lastUsedAt: 0,
      allowSourceCidr: {},
      scopedRoles: 'all',
    },
  },
  {
    target: 'search-users',
    scope: 'tenant',
    sources: ['personal-clients'],
    replaceable: true,
    path: /\/search\/users/,
    required: false,
    list: true,
    fields: { user: 5, 'user.id': 5, ...USER },
  },
  {
    target: 'user',
    scope: 'tenant',
    sources: ['personal-clients'],
    path: /\/users\//,
    required: false,
    list: false,
    fields: Object.fromEntries(
      Object.entries({ user: 5, 'user.id': 5, ...USER }).map(([k, v]) => [`userView.${k}`, v]),
    ),
    given: () => [
      { on: 'search-users', times: Number.POSITIVE_INFINITY, effect: { kind: 'edit', edit: withoutSome } },
    ],
  },
  {
    target: 'roles',
    scope: 'tenant',
    path: /\/iam\/roles/,
    required: false,
    list: true,
    fields: { id: 5, name: 5, displayName: {}, systemBuiltin: 'yes', deletedAt: 5 },
  },
  {
    target: 'session-settings',
    scope: 'tenant',
    sources: ['personal-clients'],
    path: /\/settings\/session/,
    required: false,
    list: false,
    fields: {
      sessionSettings: 5,
      'sessionSettings.pccUserSource': 'on',
      'sessionSettings.pccUserSource.enabled': 'yes',
      'sessionSettings.pccAdminSource.sourceCidr': '10.0.0.0/8',
    },
  },
  {
    target: 'search-decoys',
    scope: 'tenant',
    sources: ['personal-clients'],
    path: /\/decoys\/search/,
    required: false,
    list: true,
    fields: { id: 5, kind: 5, displayName: [], createdAt: 'yesterday' },
  },
  {
    target: 'service-principals',
    scope: 'tenant',
    sources: MACHINES,
    path: /\/service_principals/,
    required: true,
    list: true,
    fields: { id: 5, displayName: 5, ...USER, user: 5 },
  },
  {
    target: 'service-principal-credentials',
    scope: 'tenant',
    sources: MACHINES,
    path: /\/service_principals\/[^/]+\/credentials/,
    required: true,
    list: true,
    fields: {
      id: 5,
      ...CREDENTIAL,
      servicePrincipalId: 5,
      expiresAt: 5,
      lastUsedAt: 'never',
      requireDpop: 'yes',
      allowSourceCidrs: 5,
      scopedRoleIds: { a: 1 },
    },
  },
  {
    target: 'search-federation-trusts',
    scope: 'tenant',
    sources: MACHINES,
    path: /\/search\/workload_federation_trusts/,
    required: true,
    list: true,
    fields: {
      ...CREDENTIAL,
      servicePrincipalId: 5,
      providerId: [],
      conditionExpression: 5,
      disabled: 'no',
      allowSourceCidrs: 'any',
      scopedRoleIds: 5,
    },
  },
  {
    target: 'federation-providers',
    scope: 'tenant',
    sources: MACHINES,
    path: /\/workload_federation\/providers/,
    required: false,
    list: true,
    fields: { id: 5, displayName: 5, disabled: 'no' },
  },
  {
    target: 'search-external-clients',
    scope: 'tenant',
    sources: ['external-clients'],
    path: /\/search\/iam\/external_clients/,
    required: true,
    list: true,
    fields: {
      ...CREDENTIAL,
      clientName: 5,
      userId: 5,
      lastUsedAt: 5,
      roleIds: 'all',
      clientIdType: 5,
      verifiedDomain: [],
      wellKnownClient: 5,
    },
  },
  {
    target: 'tunnel-bridges',
    scope: 'tenant',
    sources: ['tunnel-credentials'],
    path: /\/iam\/tunnel\/bridges/,
    required: true,
    list: true,
    fields: { id: 5, displayName: 5, appliance: 'on', 'appliance.status': 5, deletedAt: 5 },
  },
  {
    target: 'tunnel-credentials',
    scope: 'tenant',
    sources: ['tunnel-credentials'],
    path: /\/iam\/tunnel\/bridges\/[^/]+\/credentials/,
    required: true,
    list: true,
    fields: {
      id: 5,
      clientId: 5,
      createdAt: 'yesterday',
      expiresTime: 5,
      lastUsedAt: {},
      revokedAt: 'soon',
      deletedAt: 5,
      credentialStatus: 5,
    },
  },
  {
    target: 'llm-gateway-keys',
    scope: 'tenant',
    sources: ['llm-gateway-keys'],
    path: /\/llm-gateway\/keys/,
    required: true,
    list: true,
    fields: { id: 5, displayName: [], createdAt: 'yesterday', revokedAt: 5 },
  },
  {
    target: 'search-functions',
    scope: 'tenant',
    sources: ['functions'],
    path: /\/search\/functions/,
    required: true,
    list: true,
    fields: { id: 5, displayName: 5, scopedRoleIds: 'all', isDraft: 'no', createdAt: 5, deletedAt: 5 },
  },
  {
    target: 'functions',
    scope: 'tenant',
    sources: ['functions'],
    path: /(GET|POST) \S*\/functions/,
    required: true,
    list: true,
    fields: { id: 5 },
    given: () => [
      { on: 'search-functions', times: Number.POSITIVE_INFINITY, effect: { kind: 'status', status: 404 } },
    ],
  },
];

/** Leaves every other user out, as a search that shows no deleted ones may. */
function withoutSome(json: unknown): unknown {
  const answer = json as { list?: { user: { id: string } }[] };
  return { ...answer, list: (answer.list ?? []).filter(({ user }) => user.id.charCodeAt(5) % 2 === 0) };
}

/** What must come out of a fault. */
export type Expected =
  /** The same report as without it, but for the count of pages. */
  | 'same'
  /** Exit 3 where the endpoint is required; a note and unknown outcomes, or exit 3, where it is not. */
  | 'told'
  /** Whatever the endpoint: exit 0 with a note, or exit 3. */
  | 'noted'
  | 'incomplete'
  /** What the record then says counts: whatever the verdicts, nothing is lost. */
  | 'nothing-lost'
  /** Any of them: what is missing shows. */
  | 'any';

export interface Case {
  readonly name: string;
  readonly expected: Expected;
  /** The status that messages must name. */
  readonly status?: number;
  /** What messages must say instead of naming the endpoint. */
  readonly says?: RegExp;
  /** Is no mere lack of a right: whatever the endpoint is for, the run is incomplete. */
  readonly outage?: boolean;
  /** Needs a short time limit to show. */
  readonly slow?: boolean;
  /**
   * Faults with the same word reach whoever reads the endpoint as the same error: the client has made one of them by then.
   * An endpoint is struck with one of them, in turn; `WITH_ALL` with each.
   */
  readonly alike?: 'busy' | 'cut off' | 'no JSON object' | 'redirect' | 'no list' | 'no record';
  faults(target: Target): Fault[];
}

const always = Number.POSITIVE_INFINITY;

const strike = (target: Target, effect: Effect, times = 1, from = 1): Fault => ({
  on: target,
  effect,
  times,
  from,
});

const PASSING: readonly (Pick<Case, 'name' | 'status' | 'slow' | 'alike'> & { effect: Effect })[] = [
  {
    name: '429 with seconds',
    effect: { kind: 'status', status: 429, retryAfter: { seconds: 0.02 } },
    status: 429,
    alike: 'busy',
  },
  {
    name: '429 with a date',
    effect: { kind: 'status', status: 429, retryAfter: { seconds: 0, as: 'date' } },
    status: 429,
    alike: 'busy',
  },
  { name: '429 without', effect: { kind: 'status', status: 429 }, status: 429, alike: 'busy' },
  { name: '500', effect: { kind: 'status', status: 500 }, status: 500, alike: 'busy' },
  { name: '502 in HTML', effect: { kind: 'html', status: 502 }, status: 502, alike: 'busy' },
  { name: '503', effect: { kind: 'status', status: 503 }, status: 503, alike: 'busy' },
  { name: 'reset before the answer', effect: { kind: 'reset', at: 'before' }, alike: 'cut off' },
  { name: 'reset in the body', effect: { kind: 'reset', at: 'body' }, alike: 'cut off' },
  { name: 'no answer', effect: { kind: 'hang', at: 'before' }, slow: true, alike: 'cut off' },
  { name: 'half an answer', effect: { kind: 'hang', at: 'body' }, slow: true, alike: 'cut off' },
  { name: 'slow drip', effect: { kind: 'drip', everyMs: 50 }, slow: true, alike: 'cut off' },
  { name: 'truncated JSON', effect: { kind: 'truncate' }, status: 200, alike: 'no JSON object' },
];

/** Faults that the program gets over when they pass, and tells when they do not. */
const passing = PASSING.flatMap(({ effect, alike, ...fault }): Case[] => [
  { ...fault, name: `${fault.name}, once`, expected: 'same', faults: (target) => [strike(target, effect)] },
  {
    ...fault,
    name: `${fault.name}, always`,
    expected: 'told',
    outage: true,
    ...(alike ? { alike } : {}),
    faults: (target) => [strike(target, effect, always)],
  },
]);

/** Faults that trying again would not help. */
function lasting(trap: URL): Case[] {
  const told = (name: string, effect: Effect, status?: number, alike?: Case['alike']): Case => ({
    name,
    expected: 'told',
    // Whoever has no allow list at all may answer with nothing.
    outage: name !== 'an empty object',
    ...(status === undefined ? {} : { status }),
    ...(alike ? { alike } : {}),
    faults: (target) => [strike(target, effect, always)],
  });
  return [
    told(
      'wrong content type',
      { kind: 'content-type', value: 'application/octet-stream' },
      200,
      'no JSON object',
    ),
    told('HTML with 200', { kind: 'html' }, 200, 'no JSON object'),
    told('redirect to another host', { kind: 'redirect', to: trap }, 302, 'redirect'),
    told('redirect that keeps the method', { kind: 'redirect', to: trap, status: 307 }, 307, 'redirect'),
    told('redirect to the collection', { kind: 'redirect', to: 'collection', status: 301 }, 301, 'redirect'),
    told('401 for ever', { kind: 'status', status: 401 }, 401),
    told('400', { kind: 'status', status: 400 }, 400),
    told('404 in HTML', { kind: 'html', status: 404 }, 404),
    told('403 in HTML', { kind: 'html', status: 403 }, 403),
    told('JSON that is not an object', { kind: 'edit', edit: () => ['list'] }, 200, 'no JSON object'),
    told('an empty object', { kind: 'edit', edit: () => ({}) }),
  ];
}

const api: Case[] = [
  {
    name: 'token revoked in mid-run',
    expected: 'same',
    faults: (target) => [strike(target, { kind: 'revoke-tokens' })],
  },
  {
    name: '401 once',
    expected: 'same',
    status: 401,
    faults: (target) => [strike(target, { kind: 'status', status: 401 })],
  },
  {
    name: '403 in mid-run',
    expected: 'any',
    status: 403,
    faults: (target) => [strike(target, { kind: 'status', status: 403 }, always, 2)],
  },
  {
    name: '403 for ever',
    expected: 'any',
    status: 403,
    faults: (target) => [strike(target, { kind: 'status', status: 403 }, always)],
  },
];

const CLOCK = /clock is \d+ (minutes|hours|days) (ahead of|behind) the date in ConductorOne's answers/;

/** The answer's date: what it says of this machine's clock concerns no endpoint more than another. */
const clock: Case[] = [
  {
    name: 'skewed clock, a minute',
    expected: 'same',
    faults: (target) => [strike(target, { kind: 'date', ms: -60_000 }, always)],
  },
  {
    name: 'skewed clock, an hour',
    expected: 'noted',
    says: CLOCK,
    faults: (target) => [strike(target, { kind: 'date', ms: -3_600_000 }, always)],
  },
  {
    name: 'skewed clock, two days',
    expected: 'incomplete',
    says: CLOCK,
    faults: (target) => [strike(target, { kind: 'date', ms: 2 * 86_400_000 }, always)],
  },
];

const pages: Case[] = [
  {
    name: 'repeated page',
    expected: 'any',
    faults: (target) => [strike(target, { kind: 'repeat-page' }, always)],
  },
  {
    name: 'page 2 repeated once',
    expected: 'any',
    faults: (target) => [strike(target, { kind: 'repeat-page' }, 1, 2)],
  },
  {
    name: 'cursor loop',
    expected: 'any',
    faults: (target) => [strike(target, { kind: 'cursor-loop' }, always)],
  },
  {
    name: 'endless pages',
    expected: 'any',
    faults: (target) => [strike(target, { kind: 'endless-pages' }, always)],
  },
  {
    name: 'empty page first',
    expected: 'same',
    faults: (target) => [strike(target, { kind: 'empty-page' })],
  },
  {
    name: 'empty page in between',
    expected: 'same',
    faults: (target) => [strike(target, { kind: 'empty-page' }, 1, 2)],
  },
  {
    name: 'larger page than asked',
    expected: 'same',
    faults: (target) => [strike(target, { kind: 'page-size', size: 500 }, always)],
  },
  {
    name: 'duplicate ids across pages',
    expected: 'any',
    faults: (target) => [strike(target, { kind: 'duplicate-ids' }, always)],
  },
  {
    name: 'list null',
    alike: 'no list',
    expected: 'told',
    faults: (target) => [strike(target, setAnswerField('list', null), always)],
  },
  {
    name: 'list absent',
    alike: 'no list',
    expected: 'told',
    faults: (target) => [strike(target, setAnswerField('list', undefined), always)],
  },
  {
    name: 'list of the wrong type',
    alike: 'no list',
    expected: 'told',
    faults: (target) => [strike(target, setAnswerField('list', { 0: {} }), always)],
  },
  {
    name: 'page token a number',
    expected: 'told',
    faults: (target) => [strike(target, setAnswerField('nextPageToken', 2), always)],
  },
  {
    name: 'a record null',
    alike: 'no record',
    expected: 'any',
    faults: (target) => [strike(target, { kind: 'edit', edit: replaceFirst(null) }, always)],
  },
  {
    name: 'a record a list',
    alike: 'no record',
    expected: 'any',
    faults: (target) => [strike(target, { kind: 'edit', edit: replaceFirst([]) }, always)],
  },
];

function replaceFirst(record: unknown) {
  return (json: unknown): unknown => {
    const answer = json as { list?: unknown[] };
    const [, ...rest] = answer.list ?? [];
    return { ...answer, list: [record, ...rest] };
  };
}

function fields({ target, list, fields: known }: Endpoint): Case[] {
  const set = list ? setField : setAnswerField;
  const cases = Object.entries(known).flatMap(([field, wrong]): Case[] => [
    { name: `${field} null or absent`, expected: 'nothing-lost', faults: () => unset(target, list, field) },
    {
      name: `${field} of the wrong type`,
      // Without a creation date, whatever ends soon counts as a long life that ends; without a date of its revocation, a
      // key is judged.
      expected: /^(createdAt|revokedAt)$/.test(field) ? 'nothing-lost' : 'any',
      faults: () => [strike(target, set(field, wrong), always)],
    },
  ]);
  const extra: Case = {
    name: 'unknown extra fields',
    expected: 'same',
    faults: () => [
      strike(target, set('somethingNew', { list: [1], nextPageToken: 'x' }), always),
      strike(target, setAnswerField('constructor', 'x'), always),
    ],
  };
  return [...cases, extra];
}

/** In turn null and not there at all: within a list by record, else by request. */
function unset(target: Target, list: boolean, field: string): Fault[] {
  if (!list)
    return [strike(target, setAnswerField(field, field.length % 2 === 0 ? null : undefined), always)];
  const even = (_: unknown, index: number) => index % 2 === 0;
  return [
    strike(target, setField(field, null, even), always),
    strike(
      target,
      setField(field, undefined, (_, index) => index % 2 === 1),
      always,
    ),
  ];
}

/** What an answer loses when the caller loses the role of a Super Administrator. */
const FEWER_RIGHTS: Partial<Record<Target, Effect>> = {
  introspect: setAnswerField('roles', ['role/c1.api.tenant.v1.Tenant:viewer']),
  'personal-clients': { kind: 'edit', edit: withoutOwn },
  'search-personal-clients': { kind: 'edit', edit: withoutOwn },
};

/** Leaves out the key that asks, whose owner is the first user of the tenant. */
function withoutOwn(json: unknown): unknown {
  const answer = json as { list?: { displayName: string }[] };
  return { ...answer, list: (answer.list ?? []).filter(({ displayName }) => displayName !== 'c1-audit') };
}

function fewerRights(target: Target): Case[] {
  const effect = FEWER_RIGHTS[target];
  if (!effect) return [];
  return [
    {
      name: 'fewer rights',
      expected: 'told',
      outage: true,
      faults: () => [strike(target, effect, always)],
    },
  ];
}

/** All that can befall an endpoint. `trap` is where redirects lead. */
export function casesOf(endpoint: Endpoint, trap: URL): Case[] {
  const isToken = endpoint.target === 'token';
  const own = isToken
    ? [
        {
          name: '403 for ever',
          expected: 'told' as const,
          status: 403,
          faults: (target: Target) => [strike(target, { kind: 'status', status: 403 }, always)],
        },
      ]
    : [...api, ...clock];
  // A content type alone does not make a token response wrong where the rest of it is right.
  const all = lasting(trap).map((one) =>
    isToken && one.name === 'wrong content type' ? { ...one, expected: 'any' as const, outage: false } : one,
  );
  return dealt(endpoint, [
    ...passing,
    ...all,
    ...own,
    ...fewerRights(endpoint.target),
    ...(endpoint.list ? pages : []),
    ...fields(endpoint),
  ]);
}

/** The endpoint of the login, which a client of its own reads, and one list. */
const WITH_ALL: readonly Target[] = ['token', 'personal-clients'];

function dealt({ target }: Endpoint, cases: readonly Case[]): Case[] {
  const turn = ENDPOINTS.findIndex((one) => one.target === target);
  return cases.filter((one) => {
    if (one.alike === undefined || WITH_ALL.includes(target)) return true;
    const group = cases.filter(({ alike }) => alike === one.alike);
    return group.indexOf(one) === turn % group.length;
  });
}
