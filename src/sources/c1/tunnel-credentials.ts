import { type Credential, type Fact, Unknown } from '../../contract/index.js';
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
  adopt: (credential, _, bridge) => ({
    ...credential,
    name: `${new FieldReader(bridge).text('displayName')} ${credential.id}`.trim(),
    connected: isConnected(credential, bridge),
  }),
  mayBeRefused: true,
  isOver: (bridge) => new FieldReader(bridge).instant('deletedAt') !== null,
};

/** The credentials of every bridge; those of a deleted bridge as long as they are listed. */
export async function collectTunnelCredentials(reader: Reader, required: boolean): Promise<KindSeen> {
  return collectNested(NESTING, reader, await readParents(NESTING, reader), required);
}

const CONNECTED: ReadonlyMap<unknown, boolean> = new Map([
  ['TUNNEL_APPLIANCE_STATUS_CONNECTED', true],
  ['TUNNEL_APPLIANCE_STATUS_DISCONNECTED', false],
  ['TUNNEL_APPLIANCE_STATUS_NEVER_CONNECTED', false],
]);

/** A bridge has one active credential, and that is the one it is connected with. */
function isConnected({ deletedAt, disabled }: Credential, bridge: WireRecord): Fact<boolean> {
  if (deletedAt !== null || disabled || bridge.appliance === null || bridge.appliance === undefined)
    return false;
  return (
    CONNECTED.get(asRecord(bridge.appliance)?.status) ??
    new Unknown(
      'ConductorOne does not say whether its bridge is connected',
      'Look at the bridge in ConductorOne.',
    )
  );
}
