import { describe, expect, test } from '@jest/globals';
import { markdown } from '../../src/reporters/markdown.js';
import { rulePageAddress } from '../../src/reporters/reporter.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  fullReport,
  ruleInfo,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

describe('markdown', () => {
  test('a full report has every section', () => {
    const output = markdown(fullReport(), sampleContext());
    expect(output.match(/^##? .*/gm)).toEqual([
      '# API credential audit',
      '## Critical (1)',
      '## High (1)',
      '## Medium (1)',
      '## Low (1)',
      '## Info (1)',
      '## Unknown (1)',
      '## Waived (1)',
      '## Resolved since the last run (1)',
    ]);
    expect(output).toContain(
      '| deploy | sp-1 (service-principal credential) | Deploy bot (sp-owner) | expires in 9 days (window 30): rotate it |',
    );
    expect(output).toContain('| reopened, since 2026-07-03 |');
    expect(output).not.toContain('The run');
  });

  test('says first that a run is incomplete', () => {
    const output = markdown(
      sampleReport({
        complete: false,
        sources: [
          {
            kind: 'personal-client',
            status: 'partial',
            credentials: 0,
            deleted: 0,
            pages: 1,
            note: 'page 2 failed',
          },
        ],
      }),
      sampleContext(),
    );
    expect(output.split('\n')[2]).toMatch(
      /^❌ \*\*INCOMPLETE: personal clients were read only in part \(page 2 failed\)\./,
    );
    expect(output).not.toContain('✅');
  });

  test('links the run if its address is a web address', () => {
    const url = 'https://github.com/acme/audit/actions/runs/1';
    expect(markdown(sampleReport(), sampleContext({ runUrl: url }))).toContain(`[The run](<${url}>)`);
    expect(markdown(sampleReport(), sampleContext({ runUrl: 'javascript:alert(1)' }))).not.toContain(
      'javascript',
    );
  });

  test('shows titles of rules, and no status column without a history', () => {
    const docs = { why: '', fix: '', references: [] };
    const rules = new Map([['unused', ruleInfo({ id: 'unused', title: 'Not used', severity: 'low', docs })]]);
    const output = markdown(sampleReport({ findings: [sampleFinding()] }), sampleContext({ rules }));
    expect(output).toContain(`### [unused](<${rulePageAddress('unused', sampleContext())}>): Not used\n`);
    expect(output).not.toContain('Status');
  });

  test.each(HOSTILE_NAMES)('keeps its structure with hostile text: %s', (_, name) => {
    const shape = (text: string) =>
      markdown(
        sampleReport({
          notes: [text],
          findings: [
            sampleFinding({
              message: text,
              fix: text,
              credential: sampleCredential({
                name: text,
                id: text,
                owner: { id: text, name: text, email: text },
              }),
            }),
            sampleFinding({
              rule: 'waived',
              message: text,
              waiver: { reason: text, approvedBy: text, expires: '2026-12-31' },
            }),
            sampleUnknown({ message: text, fix: text }),
          ],
        }),
        sampleContext(),
      );
    const output = shape(name);
    const skeleton = (text: string) =>
      text
        .replaceAll('<!-- -->', '')
        .split('\n')
        .map((line) => [/^(#+|-|\||\*\*)?/.exec(line)?.[0], line.replace(/\\./g, '').split('|').length]);
    expect(skeleton(output)).toEqual(skeleton(shape('x')));
    expect(output.replaceAll('<!-- -->', '').replaceAll(/\]\(<https:[^\s<>]+>\)/g, ']')).not.toMatch(/<|>/);
    expect(obeyedCommands(output)).toEqual([]);
  });
});
