import { Unknown } from '../../contract/index.js';
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
    const { name, connected } = readBridge(bridge);
    // A bridge has one active credential, and that is the one it is connected with.
    const isActive = credential.deletedAt === null && !credential.disabled;
    return {
      ...credential,
      name: `${name} ${credential.id}`.trim(),
      connected: isActive && connected,
    };
  },
  mayBeRefused: true,
  isOver: (bridge) => typeof readBridge(bridge).deletedAt === 'number',
};

function readBridge(bridge: WireRecord) {
  const { appliance = null } = bridge;
  const read = new FieldReader(bridge);
  const state = asRecord(appliance ?? {});
  const ofAppliance = new FieldReader(state ?? {});
  const name = read.text('displayName');
  const deletedAt = read.instant('deletedAt');
  const status = ofAppliance.text('status');
  const unread = state ? ofAppliance.problems : ['appliance is not an object'];
  return {
    name,
    deletedAt,
    connected: unread.length > 0 ? STATUS_NOT_KNOWN : (CONNECTED.get(status) ?? STATUS_NOT_KNOWN),
    problems: [...read.problems, ...unread],
  };
}

/** The credentials of every bridge; those of a deleted bridge as long as they are listed. */
export async function collectTunnelCredentials(reader: Reader, required: boolean): Promise<KindSeen> {
  return collectNested(NESTING, reader, await readParents(NESTING, reader), required);
}

const CONNECTED: ReadonlyMap<string, boolean> = new Map([
  // A bridge without an appliance.
  ['', false],
  ['TUNNEL_APPLIANCE_STATUS_CONNECTED', true],
  ['TUNNEL_APPLIANCE_STATUS_DISCONNECTED', false],
  ['TUNNEL_APPLIANCE_STATUS_NEVER_CONNECTED', false],
]);

const STATUS_NOT_KNOWN = new Unknown(
  'ConductorOne does not say whether its bridge is connected',
  'Look at the bridge in ConductorOne.',
);
