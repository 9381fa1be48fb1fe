// Puts the compiled code of the report's validator into the bundle, and leaves its compiler, ten times as large, out.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';

export const compiledSchema = {
  name: 'compiled schema',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]engine[\\/]report-validator\.ts$/ }, () => {
      const schema = JSON.parse(readFileSync('schema/report.json', 'utf8'));
      const ajv = new Ajv2020({
        allErrors: true,
        strict: false,
        validateFormats: false,
        schemas: { report: schema },
        code: { source: true, esm: true },
      });
      return {
        contents: standalone.default(ajv, { validateReport: schema.$id ?? 'report' }),
        resolveDir: '.',
      };
    });
  },
};
