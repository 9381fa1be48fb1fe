import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { parseState } from '../../../src/delivery/state-file.js';
import type { stateOf } from '../../../src/engine/state.js';
import { runProgram } from '../../helpers/program.js';
import { json, mangled, mutated, NOW, text } from '../arbitraries.js';
import { acceptsOrRefuses, expectSoundAudit, withoutHanging } from '../outcome.js';
import type { FuzzProperty } from '../property.js';
import { SOUND } from '../records.js';

const TENANT = 'acme.conductor.one';
const STDIN = JSON.stringify(Object.values(SOUND));
const FINGERPRINT = '0123456789abcdef'.repeat(4);
const MEMORY = {
  rule: 'unused',
  kind: 'personal-client',
  credentialId: 'pc-1',
  firstSeen: '2026-10-01T06:00:00.000Z',
  severity: 'medium',
} as const;

const STATE: Parameters<typeof stateOf>[0] = {
  version: 1,
  tenant: TENANT,
  savedAt: '2026-11-23T06:00:00.000Z',
  seen: { 'personal-client': ['tenant', 'file', 'mine:user-1'], 'federation-trust': ['file'] },
  findings: {
    [FINGERPRINT]: {
      ...MEMORY,
      waived: false,
      toldAt: '2026-11-01T06:00:00.000Z',
      messages: [{ channel: 'C0123456', ts: '1700000000.000100' }],
      milestones: { expiresAt: '2026-12-01T06:00:00.000Z', told: [30, 14] },
      seenIn: 'file',
    },
    [FINGERPRINT.replace('0', 'f')]: {
      ...MEMORY,
      kind: 'waiver',
      credentialId: FINGERPRINT,
      waived: true,
      toldAt: null,
      milestones: null,
      seenIn: 'file',
    },
  },
  resolved: { [FINGERPRINT.replace('0', 'e')]: { ...MEMORY, resolvedAt: '2026-11-20T06:00:00.000Z' } },
  credentials: {
    'personal-client|pc-1': { roles: ['0123456789abcdef'], network: ['62.176.0.0/16'], seenIn: 'file' },
    'federation-trust|brisk-heron-2@acme.conductor.one/wfe': { roles: null, network: 'any', seenIn: 'file' },
  },
  slack: { postedAt: '2026-11-20T06:00:00.000Z', digestAt: null },
};

const content = fc.oneof(
  mangled(JSON.stringify(STATE), ['{', '}', '"', ',', 'null', '\uFEFF']),
  mutated(STATE, 3).map((value) => JSON.stringify(value)),
  json.map((value) => JSON.stringify(value)),
  text,
);

export const stateProperties: readonly FuzzProperty[] = [
  {
    name: 'a state is trusted or refused',
    runs: 150,
    property: () =>
      fc.asyncProperty(content, async (written) => {
        const state = await acceptsOrRefuses('state', () =>
          parseState(Buffer.from(written), 'state.json', { tenant: TENANT, asOf: NOW, key: undefined }),
        );
        if (state) expect(state).toMatchObject({ version: 1, tenant: TENANT });
      }),
  },
  {
    name: 'an audit goes on from any state it trusts, and leaves any other as it was',
    runs: 20,
    property: () =>
      fc.asyncProperty(content, async (written) => {
        const folder = await mkdtemp(join(tmpdir(), 'c1-audit-fuzz-'));
        try {
          const file = join(folder, 'state.json');
          await writeFile(file, written);
          const before = await readFile(file);
          const argv = ['--input', '-', '-f', 'json', '--state', file];
          const result = await withoutHanging(() => runProgram(argv, { stdin: STDIN, now: () => NOW }));
          expectSoundAudit(result);
          const after = await readFile(file);
          if (result.code === 2) expect(after.equals(before)).toBe(true);
          else
            expect(() =>
              parseState(after, file, { tenant: TENANT, asOf: NOW, key: undefined }),
            ).not.toThrow();
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }),
  },
];
