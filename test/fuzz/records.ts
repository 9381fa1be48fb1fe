import fc from 'fast-check';
import type { Kind } from '../../src/contract/index.js';
import { instantText, json, text } from './arbitraries.js';

/** Records as the API writes them. */
export const SOUND: Readonly<Record<Kind, Readonly<Record<string, unknown>>>> = {
  'personal-client': {
    id: 'pc-1',
    clientId: 'strange-hydra-68836@acme.conductor.one/pcc',
    displayName: 'deploy',
    userId: 'user-1',
    createdAt: '2026-01-10T06:00:00Z',
    expiresTime: '2027-01-10T06:00:00Z',
    lastUsedAt: '2026-11-20T06:00:00Z',
    deletedAt: null,
    allowSourceCidr: ['62.176.96.0/24'],
    scopedRoles: ['role-1'],
  },
  'service-principal-credential': {
    id: 'sp-1',
    clientId: 'calm-otter-1@acme.conductor.one/spc',
    displayName: 'exporter',
    servicePrincipalId: 'principal-1',
    createdAt: '2026-01-10T06:00:00Z',
    expiresAt: null,
    lastUsedAt: '',
    deletedAt: null,
    allowSourceCidrs: [],
    scopedRoleIds: ['role-1', 'role-2'],
    requireDpop: true,
  },
  'federation-trust': {
    clientId: 'brisk-heron-2@acme.conductor.one/wfe',
    displayName: 'GitHub',
    servicePrincipalId: 'principal-1',
    providerId: 'provider-1',
    conditionExpression: 'claims.repository == "acme/infra"',
    createdAt: '2026-01-10T06:00:00Z',
    disabled: false,
    allowSourceCidrs: ['2620:0:2d0::/48'],
    scopedRoleIds: [],
  },
  'external-client': {
    clientId: 'dcr_2xYz',
    clientIdType: 'CLIENT_ID_TYPE_DCR',
    clientName: 'Claude Code',
    displayName: '',
    userId: 'user-1',
    roleIds: ['role-1'],
    createdAt: '2026-01-10T06:00:00Z',
    lastUsedAt: null,
    verifiedDomain: '',
    wellKnownClient: 'WELL_KNOWN_CLIENT_UNKNOWN',
  },
  'tunnel-credential': {
    id: 'tc-1',
    clientId: 'quiet-lynx-3@acme.conductor.one/tcc',
    createdAt: '2026-01-10T06:00:00Z',
    expiresTime: null,
    lastUsedAt: '2026-11-20T06:00:00Z',
    revokedAt: null,
    deletedAt: null,
    credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_ACTIVE',
  },
  'llm-gateway-key': {
    id: 'llm-1',
    displayName: 'assistant',
    keyPrefix: 'c1gw_ab',
    createdAt: '2026-01-10T06:00:00Z',
    revokedAt: null,
  },
  function: {
    id: 'fn-1',
    displayName: 'hook',
    scopedRoleIds: ['role-1'],
    useSpn: true,
    isDraft: false,
    createdAt: '2026-01-10T06:00:00Z',
    deletedAt: null,
  },
};

const address = fc.constantFrom(
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/8',
  '1.2.3.4/33',
  '::ffff:0:0/90',
  '010.1',
  '',
);

const condition = fc
  .array(
    fc.constantFrom(
      ...'claims . sub repository [ ] ( ) { } && || ! == != in ? : , + true false null 1 "acme/" "^a.*(b|c)$" has matches startsWith exists x'.split(
        ' ',
      ),
    ),
    { maxLength: 20 },
  )
  .map((tokens) => tokens.join(' '));

const addresses = fc.array(fc.oneof(address, text), { maxLength: 4 });
const roles = fc.array(fc.oneof(fc.constantFrom('role-1', 'role-2', '__proto__'), text), { maxLength: 3 });
const instant = fc.oneof(
  { arbitrary: fc.constantFrom(null, '', '2026-11-24T05:59:59.999Z', '2026-12-24T06:00:00Z'), weight: 8 },
  { arbitrary: instantText, weight: 1 },
);

/** What each field may hold, well written or not. */
const FITTING: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  displayName: text,
  userId: text,
  servicePrincipalId: text,
  providerId: text,
  conditionExpression: fc.oneof(condition, text),
  createdAt: instant,
  expiresAt: instant,
  expiresTime: instant,
  lastUsedAt: instant,
  deletedAt: instant,
  allowSourceCidr: addresses,
  allowSourceCidrs: addresses,
  scopedRoles: roles,
  scopedRoleIds: roles,
  revokedAt: instant,
  roleIds: roles,
  clientName: text,
  clientIdType: fc.oneof(fc.constantFrom('CLIENT_ID_TYPE_METADATA_URL', 'CLIENT_ID_TYPE_UNSPECIFIED'), text),
  verifiedDomain: text,
  wellKnownClient: text,
  credentialStatus: fc.constantFrom(
    'TUNNEL_CREDENTIAL_STATUS_REVOKED',
    'TUNNEL_CREDENTIAL_STATUS_EXPIRED',
    '',
  ),
  isDraft: fc.boolean(),
  disabled: fc.boolean(),
  requireDpop: fc.boolean(),
};

/** The fields of `record` that are there, with others in their place: of their own type, seldom of any. */
function changedFields(record: object): fc.Arbitrary<object> {
  const fitting = Object.keys(record).filter((name) => name in FITTING);
  return fc.record(
    Object.fromEntries(
      fitting.map((name) => [
        name,
        fc.oneof({ arbitrary: FITTING[name] ?? json, weight: 100 }, { arbitrary: json, weight: 1 }),
      ]),
    ),
    { requiredKeys: [] },
  );
}

/** A record of any kind with any fields changed; its id is mostly one of few, so that some are twice in a list. */
export const record: fc.Arbitrary<Record<string, unknown>> = fc
  .constantFrom(...Object.values(SOUND))
  .chain((sound) =>
    fc
      .record({
        changed: changedFields(sound),
        without: fc.oneof(
          { arbitrary: fc.constant([]), weight: 20 },
          { arbitrary: fc.subarray(Object.keys(sound), { maxLength: 2 }), weight: 1 },
        ),
        id: fc.oneof(
          { arbitrary: fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'a|b'), weight: 30 },
          { arbitrary: fc.oneof(text, json), weight: 1 },
        ),
      })
      .map(({ changed, without, id }) => {
        const made: Record<string, unknown> = { ...sound, id, clientId: id, ...changed };
        for (const name of without) delete made[name];
        return made;
      }),
  );
