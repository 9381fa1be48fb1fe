import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FindingsClient, type PushedFinding } from '../../src/delivery/conductorone/client.js';
import { clientOptions } from '../helpers/reader.js';
import { smallTenant } from '../helpers/small-tenant.js';
import { startTenant, type Tenant } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
let tenant: Tenant;
let client: FindingsClient;

beforeEach(async () => {
  tenant = await startTenant({ data: smallTenant(NOW), now: () => NOW, features: { findings: 'on' } });
  // Answers are taken as they are, whatever the options say.
  client = new FindingsClient({ ...clientOptions(tenant, NOW), scrub: () => '<secret>' });
});
afterEach(() => tenant.close());

const pushed = (id: string): PushedFinding => ({
  dedupKeyParts: ['c1-audit', id.padStart(64, '0')],
  customSubType: 'unused',
  severity: 'FINDING_SEVERITY_LOW',
  description: id,
  remediationDescription: 'Revoke it.',
  annotations: { 'c1-audit/rule': 'unused' },
  tenantTarget: {},
});
const asked = () =>
  tenant.requests
    .filter(({ target }) => target !== 'token')
    .map(({ method, path, body }) => [method, path, body]);

test('sends and finds findings, a few at a time', async () => {
  for (let n = 0; n < 26; n += 1) await client.put(pushed(`f${n}`));
  const first = await client.search(['unused', 'expired'], '');
  expect(first.records).toHaveLength(25);
  expect(first.records[0]).toMatchObject({ customSubType: 'unused', state: 'FINDING_STATE_OPEN' });
  const second = await client.search(['unused', 'expired'], first.nextPageToken);
  expect([second.records.length, second.nextPageToken]).toEqual([1, '']);
  expect(asked().at(-1)).toEqual([
    'POST',
    '/api/v1/findings/search',
    {
      findingTypes: ['FINDING_TYPE_CUSTOM'],
      states: [
        'FINDING_STATE_OPEN',
        'FINDING_STATE_IN_PROGRESS',
        'FINDING_STATE_SNOOZED',
        'FINDING_STATE_RISK_ACCEPTED',
        'FINDING_STATE_SUPPRESSED',
      ],
      customSubTypes: ['unused', 'expired'],
      pageSize: 25,
      pageToken: first.nextPageToken,
    },
  ]);
});

test('returns what was made of a finding, and changes its state', async () => {
  const answer = await client.put(pushed('f'));
  expect(asked()).toEqual([['POST', '/api/v1/findings', pushed('f')]]);
  const [stored] = tenant.findings;
  expect(answer).toMatchObject({ id: stored?.id, state: 'FINDING_STATE_OPEN' });
  await client.setState(stored?.id ?? '', { resolve: { reason: 'gone' } });
  expect(stored?.state).toBe('FINDING_STATE_RESOLVED');
  expect(asked().at(-1)).toEqual([
    'POST',
    `/api/v1/findings/${stored?.id}/state`,
    { resolve: { reason: 'gone' } },
  ]);
});

test('an id cannot lead to another path', async () => {
  await expect(client.setState('../x y', { reopen: {} })).rejects.toMatchObject({ status: 404 });
  expect(tenant.requests.at(-1)?.path).toBe('/api/v1/findings/..%2Fx%20y/state');
});
