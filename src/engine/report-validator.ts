import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import schema from '../../schema/report.json' with { type: 'json' };
import type { Report } from './report.js';

/**
 * Whether a value is a report, by the schema; `errors` say what is wrong.
 *
 * The bundle holds what this compiles to instead of the compiler (scripts/compiled-schema.js).
 */
export const validateReport: ValidateFunction<Report> = new Ajv2020({
  allErrors: true,
  strict: false,
  validateFormats: false,
}).compile<Report>(schema);
