import { type Scope, SOURCE_KINDS, type SourceName } from '../config/config.js';
import { AuditError } from '../errors.js';
import type { List } from '../sources/c1/collect.js';
import { nameOf } from '../sources/c1/collect.js';
import { SEARCH as TRUSTS } from '../sources/c1/federation.js';
import type { Page } from '../sources/c1/paginate.js';
import {
  SEARCH as EVERYONES_KEYS,
  GRANT_OWNER,
  NOT_EVEN_SELF,
  LIST as OWN_KEYS,
  searchRefused,
} from '../sources/c1/personal-clients.js';
import { isUnavailable } from '../sources/c1/request-error.js';
import { listOf as credentialsOf, LIST as PRINCIPALS } from '../sources/c1/service-principals.js';
import { idOf } from '../sources/c1/wire.js';
import { type Check, defineCheck, type Outcome, ok, problem, skipped, warning } from './check.js';
import type { Connection } from './connection.js';

/** The list that an audit reads a source from. */
export function listOf(source: SourceName, scope: Scope): List {
  if (source === 'service-principals') return PRINCIPALS;
  if (source === 'federation-trusts') return TRUSTS;
  return scope === 'mine' ? OWN_KEYS : EVERYONES_KEYS;
}

/** The list of the first service principal's credentials, standing for all of them; undefined where there is none. */
export async function sampleOfCredentials(connection: Connection): Promise<List | undefined> {
  const { records } = await connection.firstPage(PRINCIPALS);
  const id = idOf(records[0]);
  return id === '' ? undefined : credentialsOf(id);
}

export const sources: readonly Check[] = (Object.keys(SOURCE_KINDS) as SourceName[]).map((source) =>
  defineCheck({
    id: `source-${source}`,
    title: `Source ${source}`,
    needs: ['plan', 'access', 'connection', 'caller'],
    async run(_, { plan, access, connection }) {
      const kind = SOURCE_KINDS[source];
      const list = listOf(source, plan.config.scope);
      const wanted = plan.kinds.has(kind);
      try {
        const page = await connection.firstPage(list);
        if (source === 'personal-clients' && isEmpty(page) && access.clientId?.endsWith('/pcc'))
          return problem(NOT_EVEN_SELF, GRANT_OWNER);
        const detail = `readable (${nameOf(list)}), ${countOf(page)}`;
        if (!wanted) return skipped(`${detail}; not part of this audit`);
        return source === 'service-principals' ? await withCredentials(connection, detail) : ok(detail);
      } catch (error) {
        if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
        return refused(
          error,
          list,
          wanted,
          wanted && (plan.required.has(kind) || source === 'personal-clients'),
        );
      }
    },
  }),
);

async function withCredentials(connection: Connection, detail: string): Promise<Outcome> {
  const sample = await sampleOfCredentials(connection);
  if (!sample) return ok(detail);
  try {
    await connection.firstPage(sample);
    return ok(`${detail}, with credentials`);
  } catch (error) {
    if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
    return problem(`${detail}, but not their credentials: ${error.message}`, error.hint);
  }
}

function refused(error: AuditError, list: List, wanted: boolean, required: boolean): Outcome {
  if (!wanted) return skipped(`not part of this audit, and not readable: ${error.message}`);
  if (isUnavailable(error) && !required)
    return warning(
      `not available: ${error.message} An audit notes it and is complete without`,
      `${error.hint} Or name the sources to audit with --source.`,
    );
  const isSearch = list.path === EVERYONES_KEYS.path && isUnavailable(error) && error.status === 403;
  const { message, hint } = isSearch ? searchRefused(error) : error;
  return problem(message, hint);
}

function isEmpty({ records, nextPageToken }: Page): boolean {
  return records.length === 0 && nextPageToken === '';
}

export function countOf({ records, nextPageToken }: Page): string {
  const count = records.length === 1 ? '1 record' : `${records.length} records`;
  return nextPageToken === '' ? count : `${count} on the first page`;
}
