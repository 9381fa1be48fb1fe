import { type Fact, Unknown } from '../../contract/index.js';
import { asRecord, FieldReader, type WireRecord } from '../record.js';
import type { KindSeen, List, Reader } from './lists.js';
import { collectNested, type Nesting, readParents } from './nested.js';

export const LIST: List = { method: 'GET', path: '/iam/tunnel/bridges' };

/** The list of a bridge's credentials: revoked and expired ones too. */
export function listOf(bridge: string): List {
  const id = bridge === '{id}' ? bridge : encodeURIComponent(bridge);
  return { method: 'GET', path: `${LIST.path}/${id}/credentials` };
}

const NESTING: Nesting = {
  kind: 'tunnel-credential',
  list: LIST,
  noun: 'bridge',
  listOf,
  problemsOf: (bridge) => readBridge(bridge).problems,
  adopt(credential, _, bridge) {
    const { name, status } = readBridge(bridge);
    // A bridge has one active credential, and that is the one it is connected with.
    const isActive = credential.deletedAt === null && !credential.disabled;
    return {
      ...credential,
      name: `${name} ${credential.id}`.trim(),
      connected: isActive ? isConnected(status) : false,
    };
  },
  mayBeRefused: true,
  isOver: (bridge) => readBridge(bridge).deletedAt instanceof Date,
};

function readBridge(bridge: WireRecord) {
  const read = new FieldReader(bridge);
  const appliance = new FieldReader(asRecord(bridge.appliance ?? {}) ?? { status: bridge.appliance });
  return {
    name: read.text('displayName'),
    deletedAt: read.instant('deletedAt'),
    status: appliance.text('status'),
    problems: [...read.problems, ...appliance.problems],
  };
}

/** The credentials of every bridge; those of a deleted bridge as long as they are listed. */
export async function collectTunnelCredentials(reader: Reader, required: boolean): Promise<KindSeen> {
  return collectNested(NESTING, reader, await readParents(NESTING, reader), required);
}

const CONNECTED: Readonly<Record<string, boolean>> = {
  // A bridge without an appliance.
  '': false,
  TUNNEL_APPLIANCE_STATUS_CONNECTED: true,
  TUNNEL_APPLIANCE_STATUS_DISCONNECTED: false,
  TUNNEL_APPLIANCE_STATUS_NEVER_CONNECTED: false,
};

function isConnected(status: string): Fact<boolean> {
  return (
    (Object.hasOwn(CONNECTED, status) ? CONNECTED[status] : undefined) ??
    new Unknown(
      'ConductorOne does not say whether its bridge is connected',
      'Look at the bridge in ConductorOne.',
    )
  );
}
