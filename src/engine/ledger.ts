import { KINDS, type Kind, type Report, type Snapshot } from '../contract/index.js';

type Entry = NonNullable<Report['coverage']['ledger']>[number];

/** The source of each kind, as users write it. */
const WAYS: Record<Kind, string> = {
  'personal-client': 'personal-clients',
  'service-principal-credential': 'service-principals',
  'federation-trust': 'federation-trusts',
  'external-client': 'external-clients',
  'tunnel-credential': 'tunnel-credentials',
  'llm-gateway-key': 'llm-gateway-keys',
  function: 'functions',
};

/** Ways into a tenant that the API knows but does not list for a whole tenant. */
const NOT_COVERABLE: Readonly<Record<string, string>> = {
  'connector-credentials':
    'ConductorOne shows the credentials of a connector only by the id of that connector',
  'sso-clients': 'ConductorOne shows the single sign-on clients of an application only by its id',
  'mcp-server-secrets': 'ConductorOne shows the secrets that MCP servers store only by the id of the server',
  devices: 'ConductorOne shows only the devices of the caller',
};

/** Every way that a ledger has. */
export const ALL_WAYS: readonly string[] = [
  ...KINDS.map((kind) => WAYS[kind]),
  ...Object.keys(NOT_COVERABLE),
];

/** Every way into a tenant that the API's description knows, and what became of it: what "complete" covers. */
export function ledger({ sources, scope }: Pick<Snapshot, 'sources' | 'scope'>): readonly Entry[] {
  const seen = new Map(sources.map((source) => [source.kind, source]));
  return [
    ...KINDS.map((kind): Entry => {
      const source = seen.get(kind);
      if (source === undefined)
        return { way: WAYS[kind], status: 'not-requested', reason: notRequested(scope) };
      return { way: WAYS[kind], status: statusOf(source), reason: source.note };
    }),
    ...Object.entries(NOT_COVERABLE).map(
      ([way, reason]): Entry => ({ way, status: 'not-coverable', reason }),
    ),
  ];
}

function statusOf({ status, absent }: Snapshot['sources'][number]): Entry['status'] {
  if (status !== 'unavailable') return status === 'complete' ? 'read' : 'partial';
  return absent ? 'absent' : 'refused';
}

function notRequested(scope: Snapshot['scope']): string {
  if (scope === 'file') return 'the file holds none';
  return scope === 'mine' ? 'not part of --scope mine, or not requested' : 'not requested';
}
