import type { Logger } from 'pino';
import {
  type Credential,
  type Fact,
  ifKnown,
  isKnown,
  type Kind,
  type Owner,
  type Role,
  type Snapshot,
  type TenantFacts,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { Source } from '../source.js';
import { ApiClient } from './client.js';
import { clockProblem } from './clock.js';
import { readDecoys, setDecoysApart } from './decoys.js';
import type { TenantAccess } from './environment.js';
import { collectTrusts, providersOf, readProviders, trustsByPrincipal } from './federation.js';
import { createTransport } from './http.js';
import { errorNote, holdingSelf, type KindSeen, type Reader } from './lists.js';
import { readOwners, UserLookup } from './people.js';
import { collectEveryones, collectMine } from './personal-clients.js';
import { isOutage } from './request-error.js';
import type { Limits } from './retry.js';
import { within } from './retry.js';
import {
  collectPrincipalCredentials,
  type PrincipalsSeen,
  principalOwners,
  readPrincipals,
} from './service-principals.js';
import { Session } from './session.js';
import {
  type Caller,
  holdsNoAdministratorRole,
  introspect,
  isSuperAdministrator,
  readAllowList,
  readRoles,
} from './tenant-facts.js';

interface C1Options {
  readonly access: TenantAccess;
  readonly scope: 'mine' | 'tenant';
  readonly kinds: readonly Kind[];
  /** Somebody checked that the caller sees everything, whatever its roles are. */
  readonly callerSeesAll: boolean;
  /** Kinds asked for by name: without them the run is incomplete. Personal clients always are. */
  readonly required: ReadonlySet<Kind>;
  readonly limits: Limits;
  readonly log: Pick<Logger, 'debug' | 'info'>;
  readonly now: () => number;
  readonly fetch: typeof fetch;
  readonly hide: (secret: string) => void;
  /** The run's one login, where others use it too. */
  readonly session?: Session;
  /** Takes what was hidden out of what the tenant sends. */
  readonly scrub?: (text: string) => string;
  /** Told how many records each page brought. */
  readonly onRecords: (count: number) => void;
}

/** A login at the tenant; the token is got when it is first needed. */
export function openSession({
  access,
  limits,
  log,
  now,
  hide,
  fetch,
}: Pick<C1Options, 'access' | 'limits' | 'log' | 'now' | 'hide' | 'fetch'>): Session {
  return new Session({ access, transport: createTransport({ ...limits, fetch }), limits, log, now, hide });
}

/** A tenant, over the API of ConductorOne. */
export function c1Source(options: C1Options): Source {
  return {
    tenant: options.access.tenant,
    collect: (signal, onCredentials) => collectWithin(options, signal, onCredentials),
  };
}

/** Collects until done, stopped, or out of time. */
async function collectWithin(
  options: C1Options,
  signal: AbortSignal,
  onCredentials: Reader['onCredentials'],
): Promise<Snapshot> {
  const { runTimeout } = options.limits;
  return within(
    runTimeout,
    new AuditError(
      'interrupted',
      `The run took longer than ${runTimeout / 1000} s.`,
      'Give it more time with --timeout, or audit less at once with --source.',
    ),
    signal,
    (stop) => collect(options, stop, onCredentials),
  );
}

async function collect(
  options: C1Options,
  signal: AbortSignal,
  onCredentials: Reader['onCredentials'],
): Promise<Snapshot> {
  const { access, scope, kinds, limits, log, now, scrub = (text) => text } = options;
  const session = options.session ?? openSession(options);
  const client = new ApiClient({ origin: access.origin, session, limits, log, now, scrub, signal });
  const bare: Reader = { client, pageLimit: limits.pages, onRecords: options.onRecords };
  const people = new UserLookup(bare);
  const reader: Reader = {
    ...bare,
    onCredentials(credentials) {
      // Of one's own list there is one owner, and others that it may hold by mistake are dropped later.
      if (scope === 'tenant')
        for (const { kind, ownerId } of credentials) if (kind === 'personal-client') people.add(ownerId);
      onCredentials?.(credentials);
    },
  };

  const caller = await introspect(client);
  const claimed = options.callerSeesAll && scope === 'tenant';
  const wantsPrincipals = kinds.some((kind) => kind !== 'personal-client');
  const wantsTrusts = kinds.includes('federation-trust');
  const [
    { seen, principals },
    { roles, note: rolesNote, failure: rolesFailure },
    { allowList, note: settingsNote, failure: settingsFailure },
    providers,
    planted,
  ] = await Promise.all([
    collectKinds(options, reader, caller, wantsPrincipals),
    readRoles(reader),
    readAllowList(client),
    wantsTrusts ? readProviders(reader) : NO_PROVIDERS,
    readDecoys(reader),
  ]);

  const superAdministrator = isSuperAdministrator(caller, roles);
  const seesAll = superAdministrator === true || claimed;
  const {
    credentials,
    decoys,
    note: decoysNote,
  } = setDecoysApart(
    seen.flatMap((kind) => kind.credentials),
    planted.decoys,
  );
  const me = claimed && caller.userId !== undefined ? [caller.userId] : [];
  const persons = await readOwners(reader, people, [...ownerIds(credentials, true), ...me], roles);
  if (
    claimed &&
    holdsNoAdministratorRole(caller, roles, rolesBehind(options, credentials, persons.owners, caller))
  )
    throw claimRefused();
  const machines = principals && principalOwners(ownerIds(credentials, false), principals, roles, seesAll);
  const sourceFailures = seen.flatMap((kind) => (kind.failure && kind.seen.required ? [kind.failure] : []));
  const outages = [
    ['users', persons.failure],
    ['roles', rolesFailure],
    ['the session settings', settingsFailure],
    ['federation providers', providers.failure],
  ] as const;
  const gaps = outages.flatMap(([what, failure]) =>
    failure && isOutage(failure) ? [{ what, failure }] : [],
  );
  const unproven =
    scope === 'tenant' && !seesAll && (sourceFailures.length === 0 || seen.some(({ seen }) => seen.pages > 0))
      ? mayNotSeeAll(superAdministrator, caller.failure)
      : undefined;
  const clock = clockProblem(client.skew);
  const failures = distinct([
    ...sourceFailures,
    ...(planted.failure ? [planted.failure] : []),
    ...gaps.map(({ failure }) => failure),
    ...(clock?.grave ? [clock.error] : []),
  ]);
  const owners = new Map<string, Fact<Owner>>([...persons.owners, ...(machines?.owners ?? [])]);
  const listed = seen.find((kind) => kind.seen.kind === 'federation-trust');
  const trusts = listed && {
    ...listed,
    credentials: credentials.filter(({ kind }) => kind === 'federation-trust'),
  };
  const facts: TenantFacts = {
    owners,
    roles,
    allowList,
    providers: providersOf(trusts, providers.providers),
    trusts: trusts ? trustsByPrincipal(trusts, providers.providers) : undefined,
  };
  return {
    tenant: access.tenant,
    scope,
    self: { userId: caller.userId ?? null, clientId: access.clientId },
    seesAll,
    credentials,
    decoys,
    gaps: [
      ...(unproven ? [unproven.message.replace(/\.$/, '')] : []),
      ...(planted.gap === null ? [] : [planted.gap]),
      // What stopped a source is already said there.
      ...gaps
        .filter(({ failure }) => !sourceFailures.some((other) => keyOf(other) === keyOf(failure)))
        .map(({ what, failure }) => `${what} could not be read (${failure.message})`),
      ...(clock?.grave ? [clock.error.message.replace(/\.$/, '')] : []),
    ],
    sources: seen.map((kind) => kind.seen),
    facts,
    notes: [
      claimed ? CLAIM_NOTE[superAdministrator === true ? 'confirmed' : 'unconfirmed'] : null,
      unproven ? errorNote(unproven) : null,
      caller.failure && unproven ? null : caller.note,
      rolesNote,
      settingsNote,
      providers.note,
      principalsNote(principals, kinds),
      persons.note,
      machines?.note ?? null,
      planted.note,
      decoysNote,
      clock ? errorNote(clock.error) : null,
    ]
      .filter((note) => note !== null)
      // What stopped everything is told once, and no right mends it.
      .filter((note) => !failures.some((failure) => note.includes(causeOf(failure)))),
    failures: [...(unproven ? [unproven] : []), ...failures],
  };
}

/** One cause often stops several sources: it is told once, by the first of them. */
function distinct(failures: readonly AuditError[]): AuditError[] {
  return [...new Map([...failures].reverse().map((failure) => [keyOf(failure), failure])).values()].reverse();
}

/** A login that is refused is refused by every call alike. */
function keyOf(failure: AuditError): string {
  return failure.code === 'auth' ? failure.code : causeOf(failure);
}

/** A network that fails fails everywhere alike; what the tenant answers is about one call. */
function causeOf({ code, message }: AuditError): string {
  const at = code === 'network' ? message.indexOf(' failed: ') : -1;
  return at === -1 ? message : message.slice(at);
}

const NO_PROVIDERS: Awaited<ReturnType<typeof readProviders>> = {
  providers: {
    seen: new Map(),
    rest: new Unknown('federation providers were not read', 'Audit --source federation-trusts.'),
  },
  note: null,
};

/** Why an audit of everyone's credentials may have been shown only some. */
function mayNotSeeAll(superAdministrator: boolean | undefined, failure: AuditError | undefined): AuditError {
  const reason = failure === undefined ? '' : ` (${failure.message.replace(/\.$/, '')})`;
  const who =
    superAdministrator === false
      ? 'The audit does not run as a Super Administrator (system:owner)'
      : `It is not known whether the audit runs as a Super Administrator (system:owner)${reason}`;
  return new AuditError(
    'api',
    `${who}, so ConductorOne may leave out credentials or leave fields blank.`,
    "Give the credential's owner that role and do not scope the credential below it. If you have checked that it sees every credential, set callerSeesAll: true in the configuration.",
  );
}

const CLAIM = 'The configuration states that the audit sees every credential (callerSeesAll: true)';
const CLAIM_NOTE = {
  confirmed: `${CLAIM}; it runs as a Super Administrator.`,
  unconfirmed: `${CLAIM}; c1-audit cannot confirm it.`,
} as const;

/** The role scope of the audit's own credential, and its owner's roles. */
function rolesBehind(
  { access }: C1Options,
  credentials: readonly Credential[],
  owners: ReadonlyMap<string, Fact<Owner>>,
  { userId = '' }: Caller,
): { readonly scope: readonly string[] | undefined; readonly owner: readonly Role[] | undefined } {
  const own = credentials.find(({ clientId }) => clientId === access.clientId);
  const owner = owners.get(userId);
  return {
    scope: own && ifKnown(own.scopedRoleIds),
    owner: owner && isKnown(owner) ? owner.roles : undefined,
  };
}

function claimRefused(): AuditError {
  return new AuditError(
    'config',
    'callerSeesAll is true in the configuration, but the credential that runs the audit holds no administrator role.',
    'Remove callerSeesAll, or run the audit with a credential of a Super Administrator.',
  );
}

async function collectKinds(
  { access, kinds, scope, required }: C1Options,
  reader: Reader,
  caller: Caller,
  wantsPrincipals: boolean,
): Promise<{ seen: readonly KindSeen[]; principals: PrincipalsSeen | undefined }> {
  const principals = wantsPrincipals ? readPrincipals(reader) : undefined;
  const collectors: Record<Kind, () => Promise<KindSeen>> = {
    'personal-client': async () =>
      scope === 'mine' ? collectMine(reader, caller.userId) : collectEveryones(reader),
    'service-principal-credential': async () =>
      collectPrincipalCredentials(
        reader,
        await (principals ?? readPrincipals(reader)),
        required.has('service-principal-credential'),
      ),
    'federation-trust': () => collectTrusts(reader, required.has('federation-trust')),
  };
  // A ready token does not name its credential, but the tenant may.
  const self = access.clientId ?? caller.principal ?? null;
  const seen = await Promise.all(kinds.map(async (kind) => holdingSelf(await collectors[kind](), self)));
  return { seen, principals: await principals };
}

/** The distinct owners of personal clients, or of all other credentials, in a fixed order. */
function ownerIds(credentials: readonly Credential[], personal: boolean): string[] {
  const ids = new Set<string>();
  for (const { kind, ownerId } of credentials)
    if (ownerId !== '' && (kind === 'personal-client') === personal) ids.add(ownerId);
  return [...ids].sort();
}

/** Trusts were asked for, but their service principals could not all be seen. */
function principalsNote(principals: PrincipalsSeen | undefined, kinds: readonly Kind[]): string | null {
  if (!principals || principals.ending === 'end' || kinds.includes('service-principal-credential'))
    return null;
  return 'Some owners of federation trusts are not known: the list of service principals could not be read whole.';
}
