import { type Credential, type Fact, isKnown, type Kind, Unknown } from '../../contract/index.js';
import { asRecord, FieldReader, type WireRecord } from './wire.js';

/** A record as a credential, and what was wrong with it; no credential where not even its id could be read. */
export interface Normalized {
  readonly credential: Credential | undefined;
  readonly problems: readonly string[];
}

const NO_CREATION_DATE = new Unknown(
  'the record has no creation date',
  'Look at the credential in ConductorOne; nothing needs to be granted.',
);

/** Where the three kinds keep the same things. */
const FIELDS: Record<Kind, { id: string; owner: string; expires: string; cidrs: string; roles: string }> = {
  'personal-client': {
    id: 'id',
    owner: 'userId',
    expires: 'expiresTime',
    cidrs: 'allowSourceCidr',
    roles: 'scopedRoles',
  },
  'service-principal-credential': {
    id: 'id',
    owner: 'servicePrincipalId',
    expires: 'expiresAt',
    cidrs: 'allowSourceCidrs',
    roles: 'scopedRoleIds',
  },
  'federation-trust': {
    id: 'clientId',
    owner: 'servicePrincipalId',
    expires: 'expiresAt',
    cidrs: 'allowSourceCidrs',
    roles: 'scopedRoleIds',
  },
};

/** Brings a wire record of any kind into the one shape of a credential. */
export function normalize(kind: Kind, value: unknown): Normalized {
  const record = asRecord(value);
  if (!record) return { credential: undefined, problems: ['is no object'] };
  const fields = FIELDS[kind];
  const read = new FieldReader(record);
  const id = read.id(fields.id);
  const credential: Credential = {
    kind,
    id,
    clientId: fields.id === 'clientId' ? id : read.id('clientId'),
    name: nameIn(read, id),
    ownerId: read.id(fields.owner),
    deletedAt: known(read.instant('deletedAt')),
    disabled: kind === 'federation-trust' && read.flag('disabled') === true,
    createdAt: creation(read.instant('createdAt')),
    expiresAt: read.instant(fields.expires),
    lastUsedAt: read.instant('lastUsedAt'),
    allowedCidrs: read.texts(fields.cidrs),
    scopedRoleIds: read.texts(fields.roles),
    requireDpop: read.flag('requireDpop'),
    condition: kind === 'federation-trust' ? conditionOf(record, read) : '',
    providerId: kind === 'federation-trust' ? read.id('providerId') : '',
  };
  if (id === '') return { credential: undefined, problems: [`has no ${fields.id}`] };
  return { credential, problems: read.problems };
}

/** A name that is no text is not a blank one, which would be found fault with, and no two are the same. */
function nameIn(read: FieldReader, id: string): string {
  const before = read.problems.length;
  const name = read.text('displayName');
  return read.problems.length === before ? name : `(unreadable name of ${id})`;
}

/** A deletion date that cannot be read is no proof of deletion: the credential is judged. */
function known(instant: Fact<Date | null>): Date | null {
  return isKnown(instant) ? instant : null;
}

function creation(instant: Fact<Date | null>): Fact<Date> {
  return instant ?? NO_CREATION_DATE;
}

function conditionOf(record: WireRecord, read: FieldReader): Fact<string> {
  const before = read.problems.length;
  const text = read.text('conditionExpression');
  if (read.problems.length === before) return text;
  return new Unknown(
    `its conditionExpression is no text but ${typeof record.conditionExpression}`,
    'Look at the trust in ConductorOne.',
  );
}
