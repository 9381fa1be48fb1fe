import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { KINDS } from '../../src/contract/index.js';
import {
  createCall,
  hostOf,
  lookCall,
  revokeCall,
  tryConditionCall,
  updateCall,
} from '../../src/plan/calls.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { sampleCredential, TENANT } from '../helpers/sample-report.js';

const personal = sampleCredential({ id: 'pc-1', clientId: `strange-hydra-68836@${TENANT}/pcc` });
const owner = { id: 'sp-1', name: 'deploy', email: '' };
const principal = sampleCredential({ kind: 'service-principal-credential', id: 'calm-lynx-1', owner });
const trust = sampleCredential({ kind: 'federation-trust', id: `clever-fox-4@${TENANT}/wfe`, owner });

const client = sampleCredential({
  kind: 'external-client',
  id: 'dcr_1 user-1',
  owner: { id: 'user-1', name: 'Ada', email: '' },
});
const tunnel = sampleCredential({ kind: 'tunnel-credential', id: 'tc-1', owner: null });
const key = sampleCredential({ kind: 'llm-gateway-key', id: 'llm-1', clientId: '', owner: null });
const hook = sampleCredential({ kind: 'function', id: 'fn-1', clientId: '', owner: null });

const AUTH = '-H "Authorization: Bearer $C1_TOKEN"';
const JSON_TYPE = "-H 'Content-Type: application/json'";
const API = `https://${TENANT}/api/v1`;

describe('the calls of each kind', () => {
  test.each([
    [revokeCall(TENANT, personal), `DELETE ${AUTH} ${JSON_TYPE} -d '{}' "${API}/iam/personal_clients/pc-1"`],
    [
      revokeCall(TENANT, principal),
      `DELETE ${AUTH} ${JSON_TYPE} -d '{}' "${API}/service_principals/sp-1/credentials/calm-lynx-1"`,
    ],
    [
      revokeCall(TENANT, trust),
      `DELETE ${AUTH} ${JSON_TYPE} -d '{}' "${API}/service_principals/sp-1/trusts/clever-fox-4%40${TENANT}%2Fwfe"`,
    ],
    [
      updateCall(TENANT, personal, ['networks', 'roles']),
      `POST ${AUTH} ${JSON_TYPE} -d '{"client":{"allowSourceCidr":["YOUR_NETWORK_CIDR"],"scopedRoles":["ROLE_ID"]},"updateMask":"allowSourceCidr,scopedRoles"}' "${API}/iam/personal_clients/pc-1"`,
    ],
    [
      updateCall(TENANT, principal, ['dpop', 'name']),
      `PATCH ${AUTH} ${JSON_TYPE} -d '{"credential":{"requireDpop":true,"displayName":"NAME_OF_WHAT_USES_IT"},"updateMask":"requireDpop,displayName"}' "${API}/service_principals/sp-1/credentials/calm-lynx-1"`,
    ],
    [
      updateCall(TENANT, trust, ['condition']),
      `PATCH ${AUTH} ${JSON_TYPE} -d '{"trust":{"conditionExpression":"CONDITION"},"updateMask":"conditionExpression"}' "${API}/service_principals/sp-1/trusts/clever-fox-4%40${TENANT}%2Fwfe"`,
    ],
    [revokeCall(TENANT, tunnel), `DELETE ${AUTH} ${JSON_TYPE} -d '{}' "${API}/iam/tunnel/credentials/tc-1"`],
    [revokeCall(TENANT, key), `DELETE ${AUTH} ${JSON_TYPE} -d '{}' "${API}/llm-gateway/keys/llm-1"`],
    [revokeCall(TENANT, hook), `DELETE ${AUTH} ${JSON_TYPE} -d '{}' "${API}/functions/fn-1"`],
    [
      updateCall(TENANT, hook, ['roles']),
      `POST ${AUTH} ${JSON_TYPE} -d '{"function":{"id":"fn-1","scopedRoleIds":["ROLE_ID"]},"updateMask":"scopedRoleIds"}' "${API}/functions/update"`,
    ],
    [
      createCall(TENANT, tunnel, new Set()),
      `POST ${AUTH} ${JSON_TYPE} -d '{}' "${API}/iam/tunnel/bridges/$BRIDGE_ID/credentials"`,
    ],
    [
      createCall(TENANT, key, new Set()),
      `POST ${AUTH} ${JSON_TYPE} -d '{"displayName":"NAME_OF_WHAT_USES_IT"}' "${API}/llm-gateway/keys"`,
    ],
    [
      lookCall(TENANT, client),
      `POST ${AUTH} ${JSON_TYPE} -d '{"users":[{"id":"user-1"}]}' "${API}/search/iam/external_clients"`,
    ],
    [lookCall(TENANT, tunnel), `GET ${AUTH} "${API}/iam/tunnel/bridges/$BRIDGE_ID/credentials"`],
    [lookCall(TENANT, personal), `GET ${AUTH} "${API}/iam/personal_clients/pc-1"`],
    [lookCall(TENANT, principal), `GET ${AUTH} "${API}/service_principals/sp-1/credentials"`],
    [
      tryConditionCall(TENANT),
      `POST ${AUTH} ${JSON_TYPE} -d '{"expression":"CONDITION","claimsJson":"CLAIMS_OF_A_TOKEN_AS_JSON"}' "${API}/workload_federation/test-cel"`,
    ],
  ])('%s', (call, expected) => {
    expect(call).toBe(`curl -sS -X ${expected}`);
  });

  test('there is no call for the last use of a kind without one', () => {
    for (const credential of [trust, key, hook]) expect(lookCall(TENANT, credential)).toBeUndefined();
  });

  test('ConductorOne publishes no call that revokes, changes or creates what a user approved', () => {
    expect(revokeCall(TENANT, client)).toBeUndefined();
    expect(updateCall(TENANT, client, ['roles'])).toBeUndefined();
    expect(createCall(TENANT, client, new Set())).toBeUndefined();
  });

  test('a successor is limited as the old one, or more', () => {
    expect(createCall(TENANT, personal, new Set())).toContain(
      '{"displayName":"NAME_OF_WHAT_USES_IT","expires":"7776000s","scopedRoles":["role-1"],"allowSourceCidr":["192.0.2.0/24"]}',
    );
    expect(createCall(TENANT, personal, new Set(['roles', 'networks']))).toContain(
      '"scopedRoles":["ROLE_ID"],"allowSourceCidr":["YOUR_NETWORK_CIDR"]',
    );
    expect(createCall(TENANT, { ...personal, scopedRoles: [], allowedCidrs: [] }, new Set())).toContain(
      '"scopedRoles":["ROLE_ID"],"allowSourceCidr":["YOUR_NETWORK_CIDR"]',
    );
    expect(createCall(TENANT, principal, new Set(['dpop']))).toContain(
      '"allowSourceCidrs":["192.0.2.0/24"],"requireDpop":true}',
    );
  });

  test('unknown principals and hosts become variables', () => {
    expect(revokeCall('', { ...principal, owner: null })).toContain(
      '"https://$C1_HOST/api/v1/service_principals/$SERVICE_PRINCIPAL_ID/credentials/calm-lynx-1"',
    );
  });
});

test.each(['', '.', '..', '...', 'x'.repeat(201), '\ud800'])(
  'an id that would name something else has no call: %j',
  (id) => {
    for (const kind of KINDS) {
      expect(revokeCall(TENANT, sampleCredential({ kind, id, clientId: id }))).toBeUndefined();
      expect(updateCall(TENANT, sampleCredential({ kind, id, clientId: id }), ['name'])).toBeUndefined();
    }
  },
);

test.each([
  ['acme.conductor.one', true],
  ['127.0.0.1', true],
  ['localhost', false],
  ['', false],
  ['acme.conductor.one/x', false],
  ['acme.conductor.one:1', false],
  ['evil.example#.acme', false],
  ['$(id).example', false],
  ['Acme.example', false],
])('host %j: %s', (tenant, isHost) => {
  expect(hostOf(tenant)).toBe(isHost ? tenant : undefined);
});

describe('hostile ids, hosts, roles and networks', () => {
  test.each(HOSTILE_NAMES)('%s cannot leave its place', (_, text) => {
    for (const kind of KINDS) {
      const credential = sampleCredential({
        kind,
        id: text,
        clientId: text,
        owner: { id: text, name: text, email: text },
        scopedRoles: [{ id: text, name: text }],
        allowedCidrs: [text],
      });
      const calls = [
        revokeCall(text, credential),
        updateCall(text, credential, ['networks', 'roles', 'name']),
        createCall(text, credential, new Set()),
        lookCall(text, credential),
      ];
      for (const call of calls)
        if (call !== undefined)
          expect(call).toMatch(
            /^curl -sS -X [A-Z]+ -H "Authorization: Bearer \$C1_TOKEN"(?: -H 'Content-Type: application\/json' -d '[^'\n]*')? "https:\/\/\$C1_HOST\/api\/v1\/[\w./%$-]*"$/,
          );
    }
  });

  test('a shell splits such a command into the same words', () => {
    const id = `x'"; echo owned; $(echo owned) \`echo owned\` #`;
    const call = revokeCall(TENANT, sampleCredential({ id, clientId: id })) ?? '';
    const shell = `curl() { for word in "$@"; do printf '%s\\n' "$word"; done; }; C1_TOKEN=t; ${call}`;
    const { stdout, stderr } = spawnSync('sh', ['-c', shell], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual([
      '-sS',
      '-X',
      'DELETE',
      '-H',
      'Authorization: Bearer t',
      '-H',
      'Content-Type: application/json',
      '-d',
      '{}',
      `${API}/iam/personal_clients/x%27%22%3B%20echo%20owned%3B%20%24%28echo%20owned%29%20%60echo%20owned%60%20%23`,
    ]);
  });
});
