import {
  type Credential,
  type EarlyFacts,
  type Fact,
  ifKnown,
  isPersonal,
  type Kind,
  type LogMemory,
  type Owner,
  type Snapshot,
  type TenantFacts,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { latestBelieved } from '../record.js';
import type { Source } from '../source.js';
import { ApiClient } from './client.js';
import { clockProblem } from './clock.js';
import { readDecoys, setDecoysApart } from './decoys.js';
import { readExposures, unmatchedNote } from './exposures.js';
import { collectExternalClients, collectMyExternalClients } from './external-clients.js';
import { collectTrusts, providersOf, readProviders, trustsByPrincipal } from './federation.js';
import { collectFunctions } from './functions.js';
import { asListed, contradicted, errorNote, holdingSelf, type KindSeen, type Reader } from './lists.js';
import { collectGatewayKeys } from './llm-gateway-keys.js';
import type { ParentsSeen } from './nested.js';
import { readOwners, UserLookup } from './people.js';
import { collectEveryones, collectMine } from './personal-clients.js';
import { isOutage } from './request-error.js';
import {
  collectPrincipalCredentials,
  emptyInVain,
  principalOwners,
  readPrincipals,
} from './service-principals.js';
import type { C1Options } from './source.js';
import { readSystemLog } from './system-log.js';
import {
  type Caller,
  holdsNoAdministratorRole,
  introspect,
  isSuperAdministrator,
  type RolesSeen,
  readAllowList,
  readRoles,
} from './tenant-facts.js';
import { collectTunnelCredentials } from './tunnel-credentials.js';

/** Reads everything that is to be audited, and what else the rules need. */
export async function collect(
  options: C1Options,
  signal: AbortSignal,
  prepare?: Parameters<Source['collect']>[1],
  memory?: LogMemory,
): Promise<Snapshot> {
  const { access, scope, kinds, limits } = options;
  const client = new ApiClient({ ...options, origin: access.origin, signal });
  const bare: Reader = {
    client,
    pageLimit: limits.pages,
    latest: latestBelieved(options.now(), options.asOf),
    onRecords: options.onRecords,
  };
  const lookup = new UserLookup(bare);
  const onCredentials = (credentials: readonly Credential[]) => early.take(credentials);
  const onPage = (credentials: readonly Credential[]) => {
    lookup.pageIsRead();
    onCredentials?.(credentials);
  };
  const reader: Reader = { ...bare, onCredentials: onPage, shareOwner: sharing(scope, lookup) };

  // Beside the lists: hardly anything else waits for it.
  const coming = introspect(client);
  const listing = collectKinds(options, reader, coming);
  const beside = Promise.all([readRoles(reader), readAllowList(client), readExposures(reader, kinds)]);
  const early = onceReady(prepare, beside);
  const [caller, lists, [roles, settings, exposed], providers, planted] = await Promise.all([
    coming,
    listing,
    beside,
    kinds.includes('federation-trust') ? readProviders(reader) : NO_PROVIDERS,
    readDecoys(reader),
    early.ready,
  ]);
  const { seen, principals } = withoutEmptyPrincipals(lists, scope);
  const listed = ([] as Credential[]).concat(...seen.map((kind) => kind.credentials));
  const apart = setDecoysApart(listed, planted.decoys);
  const { credentials, decoys } = apart;
  const reading = readLog(options, bare, credentials, memory);
  // Whoever waits for it hears why it failed.
  reading.catch(() => undefined);

  const claimed = options.callerSeesAll && scope === 'tenant';
  const me = claimed && caller.userId !== undefined ? [caller.userId] : [];
  const ids = ownerIds(credentials);
  const people = await readOwners(reader, lookup, [...ids.people, ...me], roles.roles);
  if (claimed) refuseFalseClaim(options, caller, roles.roles, credentials, people.owners);
  const superAdministrator = isSuperAdministrator(caller, roles.roles);
  const seesAll = superAdministrator === true || claimed;
  const machines =
    principals && (await principalOwners(bare, ids.machines, principals, roles.roles, seesAll));
  // Into the larger of the two.
  machines?.owners.forEach((owner, id) => {
    people.owners.set(id, owner);
  });
  const trusts = trustsAmong(seen, credentials);
  const known = providersOf(trusts, providers.providers);
  const log = await reading;
  const facts: TenantFacts = {
    owners: people.owners,
    roles: roles.roles,
    allowList: settings.allowList,
    providers: known.providers,
    trusts: trusts && trustsByPrincipal(trusts, known.providers),
    exposures: exposed.exposures,
    usage: log.usage,
  };
  const missing = whatIsMissing({
    seen,
    caller,
    unproven: scope === 'mine' || seesAll ? undefined : mayNotSeeAll(superAdministrator, caller.failure),
    planted,
    clock: clockProblem(client.skew),
    side: {
      users: people.failure ?? machines?.failure,
      'service principals': failureOf(lists.principals),
      roles: roles.failure,
      'the session settings': settings.failure,
      'federation providers': providers.failure,
      "ConductorOne's findings": exposed.failure,
      'the system log': log.failure,
    },
    notes: [
      roles.note,
      settings.note,
      providers.note,
      known.note,
      principalsNote(principals, kinds),
      people.note,
      machines?.note ?? null,
      planted.note,
      apart.note,
      exposed.note,
      log.note,
      unmatchedNote(exposed.findings, listed),
    ],
    claim: claimed ? claimNote(superAdministrator) : null,
  });
  return {
    tenant: access.tenant,
    scope,
    self: { userId: caller.userId ?? null, clientId: asListed(access.clientId, listed) },
    seesAll,
    credentials,
    decoys,
    sources: seen.map((kind) => kind.seen),
    facts,
    log: log.log,
    ...missing,
  };
}

/** Keeps credentials back until somebody is ready to take them, and it is known what they are judged by. */
function onceReady(
  prepare: Parameters<Source['collect']>[1],
  beside: Promise<[Pick<EarlyFacts, 'roles'>, Pick<EarlyFacts, 'allowList'>, Pick<EarlyFacts, 'exposures'>]>,
): { take: (credentials: readonly Credential[]) => void; ready: Promise<void> } {
  const waiting: (readonly Credential[])[] = [];
  let take = (credentials: readonly Credential[]) => void waiting.push(credentials);
  const ready = async () => {
    const [taker, [{ roles }, { allowList }, { exposures }]] = await Promise.all([prepare?.(), beside]);
    take = (credentials) => void taker?.(credentials, { roles, allowList, exposures });
    for (const credentials of waiting.splice(0)) take(credentials);
  };
  return { take: (credentials) => take(credentials), ready: ready() };
}

/** Beside the owners: which client ids to look for is known only after the lists. */
async function readLog(
  { evidenceDays: days, asOf }: C1Options,
  reader: Reader,
  credentials: readonly Credential[],
  memory: LogMemory | undefined,
): ReturnType<typeof readSystemLog> {
  return days === undefined
    ? { usage: undefined, log: undefined, note: null }
    : readSystemLog(reader, credentials, { days, memory }, asOf);
}

interface Parts {
  readonly seen: readonly KindSeen[];
  readonly caller: Caller;
  /** Why the caller may not be shown everything. */
  readonly unproven: AuditError | undefined;
  readonly planted: Awaited<ReturnType<typeof readDecoys>>;
  readonly clock: ReturnType<typeof clockProblem>;
  /** What else was read, and why it could not be. */
  readonly side: Readonly<Record<string, AuditError | undefined>>;
  readonly notes: readonly (string | null)[];
  /** What the configuration states about the caller. */
  readonly claim: string | null;
}

/** What keeps the run from being complete, what could not be read, and why. */
function whatIsMissing(parts: Parts): Pick<Snapshot, 'gaps' | 'notes' | 'failures'> {
  const { seen, caller, planted, clock, side } = parts;
  const stopped = seen.flatMap(({ failure, seen: { required } }) => (failure && required ? [failure] : []));
  // Where every source failed, that failure says everything.
  const isUnread = stopped.length > 0 && seen.every(({ seen: { pages } }) => pages === 0);
  const unproven = isUnread ? undefined : parts.unproven;
  const outages = Object.entries(side).flatMap(([what, failure]) =>
    failure && isOutage(failure) ? [{ what, failure }] : [],
  );
  // What stopped a source is already said there.
  const isSaid = (failure: AuditError | undefined) =>
    failure !== undefined && stopped.some((other) => keyOf(other) === keyOf(failure));
  const wrongClock = clock?.grave ? [clock.error] : [];
  const failures = distinct([
    ...stopped,
    ...(planted.failure ? [planted.failure] : []),
    ...outages.map(({ failure }) => failure),
    ...wrongClock,
  ]);
  return {
    gaps: [
      ...(unproven ? [withoutStop(unproven.message)] : []),
      ...(planted.gap === null || isSaid(planted.failure) ? [] : [planted.gap]),
      ...outages
        .filter(({ failure }) => !isSaid(failure))
        .map(({ what, failure }) => `${what} could not be read (${failure.message})`),
      ...wrongClock.map(({ message }) => withoutStop(message)),
    ],
    notes: [
      parts.claim,
      unproven ? errorNote(unproven) : null,
      caller.failure && unproven ? null : caller.note,
      ...parts.notes,
      clock ? errorNote(clock.error) : null,
    ]
      .filter((note) => note !== null)
      // What stopped everything is reported once, and granting a right does not fix it.
      .filter((note) => !failures.some((failure) => note.includes(causeOf(failure)))),
    failures: [...(unproven ? [unproven] : []), ...failures],
  };
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** The federation trusts without the decoys among them. */
function trustsAmong(seen: readonly KindSeen[], credentials: readonly Credential[]): KindSeen | undefined {
  const listed = seen.find((kind) => kind.seen.kind === 'federation-trust');
  return listed && { ...listed, credentials: credentials.filter(({ kind }) => kind === 'federation-trust') };
}

/** One cause often stops several sources: it is reported once, by the first of them. */
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
  const reason = failure === undefined ? '' : ` (${withoutStop(failure.message)})`;
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

function claimNote(superAdministrator: boolean | undefined): string {
  const known = superAdministrator ? 'it runs as a Super Administrator' : 'c1-audit cannot confirm it';
  return `The configuration states that the audit sees every credential (callerSeesAll: true); ${known}.`;
}

/** @throws AuditError `config` where the audit states that it sees everything but is known not to. */
function refuseFalseClaim(
  { access }: C1Options,
  caller: Caller,
  roles: RolesSeen['roles'],
  credentials: readonly Credential[],
  owners: ReadonlyMap<string, Fact<Owner>>,
): void {
  const self = asListed(access.clientId, credentials);
  const own = credentials.find(({ clientId }) => clientId === self);
  const owner = owners.get(caller.userId ?? '');
  const scope = own && ifKnown(own.scopedRoleIds);
  if (!holdsNoAdministratorRole(caller, roles, { scope, owner: owner && ifKnown(owner)?.roles })) return;
  throw new AuditError(
    'config',
    'callerSeesAll is true in the configuration, but the credential that runs the audit holds no administrator role.',
    'Remove callerSeesAll, or run the audit with a credential of a Super Administrator.',
  );
}

interface Lists {
  readonly seen: readonly KindSeen[];
  readonly principals: ParentsSeen | undefined;
}

async function collectKinds(
  { access, kinds, scope, required }: C1Options,
  reader: Reader,
  caller: Promise<Caller>,
): Promise<Lists> {
  let principals: Promise<ParentsSeen> | undefined;
  const readPrincipalsOnce = () => {
    principals ??= readPrincipals(reader);
    return principals;
  };
  const collectors: Record<Kind, (isRequired: boolean) => Promise<KindSeen>> = {
    'personal-client': async () =>
      scope === 'mine' ? collectMine(reader, (await caller).userId) : collectEveryones(reader),
    'service-principal-credential': async (isRequired) =>
      collectPrincipalCredentials(reader, await readPrincipalsOnce(), isRequired),
    'federation-trust': async (isRequired) => {
      const [trusts] = await Promise.all([
        collectTrusts(reader, isRequired),
        // Their owners.
        readPrincipalsOnce(),
      ]);
      return trusts;
    },
    'external-client': async (isRequired) =>
      scope === 'mine'
        ? collectMyExternalClients(reader, await caller, isRequired)
        : collectExternalClients(reader, isRequired),
    'tunnel-credential': (isRequired) => collectTunnelCredentials(reader, isRequired),
    'llm-gateway-key': (isRequired) => collectGatewayKeys(reader, isRequired),
    function: (isRequired) => collectFunctions(reader, isRequired),
  };
  const found = await Promise.all(kinds.map((kind) => collectors[kind](required.has(kind))));
  // A ready token does not name its credential, but the tenant may.
  const self = access.clientId ?? (await caller).principal ?? null;
  const seen = found.map((kind) => holdingSelf(kind, self));
  return { seen, principals: await principals };
}

/** One's own list has one owner. */
function sharing(scope: C1Options['scope'], lookup: UserLookup): Reader['shareOwner'] {
  return scope === 'tenant' ? (id) => lookup.add(id) : undefined;
}

/** The distinct owners in a fixed order. */
function ownerIds(credentials: readonly Credential[]): { people: string[]; machines: string[] } {
  const people = new Set<string>();
  const machines = new Set<string>();
  for (const { kind, ownerId } of credentials)
    if (ownerId !== '') (isPersonal(kind) ? people : machines).add(ownerId);
  return { people: [...people].sort(), machines: [...machines].sort() };
}

function withoutEmptyPrincipals(lists: Lists, scope: C1Options['scope']): Lists {
  const { seen, principals } = lists;
  const trusts = seen.find((one) => one.seen.kind === 'federation-trust')?.credentials ?? [];
  const failure = scope === 'tenant' && principals && emptyInVain(principals, trusts);
  if (!failure) return lists;
  return {
    seen: seen.map((one) =>
      one.seen.kind === 'service-principal-credential' ? contradicted(one, failure) : one,
    ),
    principals: { ...principals, ending: failure },
  };
}

function failureOf(read: ParentsSeen | undefined): AuditError | undefined {
  return read?.ending instanceof AuditError ? read.ending : undefined;
}

/** Trusts were requested, but the list of their service principals is not complete. */
function principalsNote(principals: ParentsSeen | undefined, kinds: readonly Kind[]): string | null {
  if (!principals || principals.ending === 'end' || kinds.includes('service-principal-credential'))
    return null;
  return 'Some owners of federation trusts are not known: the list of service principals could not be read completely.';
}
