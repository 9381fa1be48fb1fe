import { type AllowList, type Fact, isKnown, type TenantFacts, Unknown } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { ApiClient } from './client.js';
import { errorNote } from './collect.js';
import { asRecord, FieldReader, type WireRecord } from './wire.js';

const CURE = "Give the audit's credential the right to read the session settings (GET /settings/session).";

/** The tenant-wide source networks for personal clients. */
export async function readAllowList(
  client: ApiClient,
): Promise<{ allowList: TenantFacts['allowList']; note: string | null; failure?: AuditError }> {
  try {
    const answer = await client.call({ method: 'GET', path: '/settings/session' });
    const settings = settingsIn(answer);
    const user = settings && restriction(settings.pccUserSource);
    const admin = settings && restriction(settings.pccAdminSource);
    if (user && admin && isKnown(user) && isKnown(admin)) return { allowList: { user, admin }, note: null };
    return {
      allowList: new Unknown('the session settings hold no readable allow lists', CURE),
      note: "The tenant's own allow lists are not known: GET /settings/session does not answer as documented. Look for a newer version of c1-audit.",
    };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      allowList: new Unknown("the tenant's session settings could not be read", CURE),
      note: `The tenant's own allow lists are not known: ${errorNote(error)} ${CURE}`,
      failure: error,
    };
  }
}

/** Whether the settings stand in a field of their own is told by what is there; undefined where nothing is. */
function settingsIn(answer: WireRecord): WireRecord | undefined {
  const inner = asRecord(answer.sessionSettings);
  return [inner, answer].find(
    (record) => record && ('pccUserSource' in record || 'pccAdminSource' in record),
  );
}

/** Unset is "off". */
function restriction(value: unknown): Fact<AllowList> {
  const record = asRecord(value ?? {});
  if (!record) return new Unknown('it is no object', CURE);
  const read = new FieldReader(record);
  const enabled = read.flag('enabled');
  const cidrs = read.texts('sourceCidr');
  if (!isKnown(enabled)) return enabled;
  return isKnown(cidrs) ? { enabled, cidrs } : cidrs;
}
