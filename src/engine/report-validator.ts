import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import schema from '../../schema/report.json' with { type: 'json' };
import type { Report } from './report.js';

/**
 * Whether a value is a report, by the schema; `errors` says what is wrong.
 *
 * A file of its own because the build puts its compiled form into the bundle, without the compiler, which is ten times
 * as large (scripts/build.js).
 */
export const validateReport: ValidateFunction<Report> = new Ajv2020({
  allErrors: true,
  strict: false,
  validateFormats: false,
}).compile<Report>(schema);
