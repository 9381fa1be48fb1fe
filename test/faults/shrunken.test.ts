import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { SMALL, smallTenant } from '../helpers/small-tenant.js';
import {
  credential,
  type Fault,
  idOf,
  personalClient,
  servicePrincipal,
  startTenant,
  type Target,
  type Tenant,
  type TenantRecords,
  trust,
} from '../tenant/index.js';
import { ENDPOINTS } from './cases.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const MANY = Array.from({ length: 24 }, (_, index) => index);

let tenant: Tenant<TenantRecords>;

beforeAll(async () => {
  const data = smallTenant(NOW);
  const [caller] = data.users;
  for (const n of MANY) {
    data.personalClients.push(personalClient({ id: idOf(`own ${n}`), userId: caller?.id ?? '' }));
    const id = idOf(`machine ${n}`);
    data.servicePrincipals.push(servicePrincipal({ id, displayName: `Machine ${n}` }));
    data.credentials.push(credential({ id: idOf(`secret ${n}`), servicePrincipalId: id }));
    data.trusts.push(
      trust({
        clientId: `many-${n}`,
        servicePrincipalId: SMALL.auditor,
        providerId: data.providers[0]?.id ?? '',
      }),
    );
  }
  tenant = await startTenant({ now: () => NOW, data, paging: { ignoring: [], minSize: 1, maxSize: 5 } });
});

afterAll(() => tenant.close());

/** A perfect answer: its only page, with the caller's own record and the last one in it. */
const shrunken = (target: Target): Fault => ({
  on: target,
  times: Number.POSITIVE_INFINITY,
  effect: {
    kind: 'edit',
    edit: (json) => {
      const { list } = json as { list: { displayName: string }[] };
      const kept = list.filter(
        ({ displayName }, index) => displayName === 'c1-audit' || index === list.length - 1,
      );
      return { ...(json as object), list: kept, nextPageToken: '' };
    },
  },
});

/** Lists that hold credentials, or whatever leads to them. */
const LISTS = ENDPOINTS.filter(({ target }) =>
  /^(personal-clients|search-personal-clients|service-principals|search-federation-trusts)$/.test(target),
);

test.each(LISTS)('shrunken list: $target ($scope)', async ({ target, scope }) => {
  const cwd = emptyFolder();
  const audit = (...flags: string[]) =>
    runProgram(['-f', 'json', '--fail-on', 'never', '--scope', scope, '--state', 'state.json', ...flags], {
      env: tenant.environment,
      now: () => NOW,
      cwd,
    });
  tenant.faults.clear();
  const first = await audit();
  expect(first.code).toBe(0);
  tenant.faults.add(shrunken(target));
  const second = await audit();
  expect(second.code).toBe(3);
  expect(second.report.coverage.complete).toBe(false);
  expect(second.report.resolved).toEqual([]);
  expect(second.stderr).toMatch(/\d+ of the \d+ .* are missing from the list/);
  expect(second.stderr).toMatch(/Check the caller's roles/);
});

test('tries four lists', () => expect(LISTS).toHaveLength(4));
