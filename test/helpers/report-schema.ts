import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const schema: unknown = JSON.parse(
  readFileSync(new URL('../../schema/report.json', import.meta.url), 'utf8'),
);

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
addFormats.default(ajv);
const validate = ajv.compile(schema as object);

/** What the shipped schema has against a report; empty for a valid one. */
export function schemaErrors(report: unknown): readonly ErrorObject[] {
  return validate(report) ? [] : [...(validate.errors ?? [])];
}
