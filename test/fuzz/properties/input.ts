import { expect } from '@jest/globals';
import fc from 'fast-check';
import { runProgram } from '../../helpers/program.js';
import { json, mangled, mutated, NOW, text } from '../arbitraries.js';
import { expectSoundAudit, withoutHanging } from '../outcome.js';
import type { FuzzProperty } from '../property.js';
import { record, SOUND } from '../records.js';

const now = () => NOW;

function audit(stdin: string) {
  return withoutHanging(() => runProgram(['--input', '-', '-f', 'json'], { stdin, now }));
}

const sound = Object.values(SOUND);
const PRETTY = JSON.stringify({ list: sound, nextPageToken: '' }, null, 2);
const LINES = sound.map((one) => JSON.stringify(one)).join('\n');

/** Every way in which a list of records can be written down. */
const WRITTEN: readonly ((records: readonly unknown[]) => string)[] = [
  (records) => JSON.stringify(records),
  (records) => JSON.stringify({ list: records, nextPageToken: '' }),
  (records) => `\uFEFF${JSON.stringify([{ list: records, nextPageToken: '' }], null, 2)}`,
  (records) => records.map((one) => JSON.stringify(one)).join('\r\n'),
  (records) => records.map((one) => JSON.stringify({ list: [one], nextPageToken: '' }, null, 2)).join('\n'),
];

/** What a list counts as once each credential is taken once, and those deleted long ago not at all. */
function distinct(records: readonly Record<string, unknown>[]): number {
  return new Set(
    records
      .filter(
        ({ deletedAt, revokedAt, credentialStatus, isDraft }) =>
          !deletedAt && !revokedAt && !/REVOKED/.test(String(credentialStatus)) && isDraft !== true,
      )
      .map((one) =>
        'conditionExpression' in one || 'providerId' in one
          ? `trust ${String(one.clientId)}`
          : `${'servicePrincipalId' in one} ${String(one.id)}`,
      ),
  ).size;
}

export const inputProperties: readonly FuzzProperty[] = [
  {
    name: 'any text as --input',
    runs: 20,
    property: () =>
      fc.asyncProperty(
        fc.oneof(
          text,
          json.map((value) => JSON.stringify(value)),
          fc
            .constantFrom(PRETTY, LINES)
            .chain((start) => mangled(start, ['{', '}', '[', ']', '"', ',', '\n', ':'])),
        ),
        async (stdin) => expectSoundAudit(await audit(stdin)),
      ),
  },
  {
    name: 'a changed list as --input',
    runs: 20,
    property: () =>
      fc.asyncProperty(
        mutated({ list: sound, nextPageToken: '' }, 5).map((value) => JSON.stringify(value)),
        async (stdin) => expectSoundAudit(await audit(stdin)),
      ),
  },
  {
    name: 'no record of --input is lost without a word',
    runs: 30,
    property: () =>
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(...WRITTEN),
        async (records, write) => {
          const result = await audit(write(records));
          expectSoundAudit(result);
          if (result.code === 2) {
            // No rule judges what is left of the list.
            expect(result.stderr).toContain('Nothing was audited');
            return;
          }
          if (result.code !== 3)
            expect(result.report.summary.credentials).toBeGreaterThanOrEqual(distinct(records));
        },
      ),
  },
];
