import { describe, expect, test } from '@jest/globals';
import type { Finding } from '../../src/contract/index.js';
import { markdown } from '../../src/reporters/markdown.js';
import { rulePageAddress } from '../../src/reporters/reporter.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { runProgram } from '../helpers/program.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

describe('markdown', () => {
  test('starts with the news, then what was resolved, what to fix first, and the rest', () => {
    const output = markdown(fullReport(), sampleContext());
    expect(output.match(/^##? .*/gm)).toEqual([
      '# API credential audit',
      '## New: 4 findings on 3 credentials (3 new, 1 reopened)',
      '## Resolved: 1 finding',
      '## Fix first',
      '## Known: 1 finding on 1 credential',
      '## Unknown: 1 check',
      '## Waived: 1 finding',
      '## Coverage',
    ]);
    expect(output).toContain(`### High: deploy (service-principal credential), owner Deploy bot

- high [expiring-soon](<${rulePageAddress('expiring-soon', sampleContext())}>) (reopened): expires in 9 days`);
    expect(output).toContain('| medium | nightly export | Jo Doe | unused |');
    expect(output).toContain('- personal client pc-7: open-cidr\n');
    expect(output).toContain('- **critical** github (owner not known): the condition is always true');
    expect(output).toContain('- `c1-audit rules loose-trust-condition`: ');
    expect(output).not.toContain('The run');
    expect(output).not.toContain('400 days ago');
  });

  test('has ids, dates, fixes and all credentials if everything is requested', () => {
    const output = markdown(fullReport(), sampleContext({ full: true }));
    expect(
      output,
    ).toContain(`### Medium: nightly export (personal client), owner Jo Doe &lt;jo@acme.example&gt; (user-1)

pc-1: created 2025-07-28 (400 days ago), last used 2026-06-01 (92 days ago), no end date on record

- medium [unused](<${rulePageAddress('unused', sampleContext())}>) (first seen 2026-08-22): last used 92 days ago`);
    expect(output).toContain('- **Fix**: Ask the owner whether it is still needed; if not, revoke it.\n');
  });

  test('stays short for 2,000 credentials, and says what it leaves out', () => {
    const waiver = { reason: 'r', approvedBy: 'a', expires: '2026-12-31' };
    const many = (more: Partial<Finding>) =>
      Array.from({ length: 2000 }, (_, n) =>
        sampleFinding({ credential: sampleCredential({ id: `pc-${n}`, name: `key ${n}` }), ...more }),
      );
    const resolved = many({}).map(({ fingerprint, rule, credential }) => ({
      fingerprint,
      rule,
      credential: { kind: 'personal-client', id: `${credential?.id}`, name: null },
    }));
    const report = sampleReport({
      findings: [...many({ status: 'new' }), ...many({ rule: 'r', waiver })],
      resolved,
    });
    const output = markdown(report, sampleContext());
    expect(output.length).toBeLessThan(30_000);
    expect(output).toContain('### 1,990 more\n');
    for (const left of ['1,930', '1,940'])
      expect(output).toContain(`And ${left} more: \`--full\` or \`-f html:report.html\` lists them all.`);
    const full = markdown(report, sampleContext({ full: true }));
    expect(full.match(/^### /gm)).toHaveLength(2000);
    expect(full).not.toContain(' more: ');
  });

  test('of the demo is shorter than 20 kB', async () => {
    const { stdout } = await runProgram(['demo', '-f', 'markdown']);
    expect(Buffer.byteLength(stdout)).toBeLessThan(20_000);
    expect(Buffer.byteLength(stdout)).toBeGreaterThan(8_000);
  });

  test('says that nothing is new, and never without a memory', () => {
    const raised = new Set<string>();
    expect(markdown(sampleReport(), sampleContext({ raised }))).toContain('\n\nNothing is new.\n');
    expect(markdown(sampleReport({ complete: false }), sampleContext({ raised }))).toContain(
      '\n\nNothing is new so far; the audit is incomplete.\n',
    );
    expect(markdown(sampleReport({ findings: [sampleFinding()] }), sampleContext())).not.toMatch(/new/i);
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

  test.each(HOSTILE_NAMES)('keeps its structure with hostile text: %s', (_, name) => {
    const shape = (text: string, full = false) =>
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
        sampleContext({ full }),
      );
    const output = shape(name);
    const skeleton = (text: string) =>
      text
        .replaceAll('<!-- -->', '')
        .split('\n')
        .map((line) => [/^(#+|-|\||\*\*)?/.exec(line)?.[0], line.replace(/\\./g, '').split('|').length]);
    expect(skeleton(output)).toEqual(skeleton(shape('x')));
    expect(skeleton(shape(name, true))).toEqual(skeleton(shape('x', true)));
    expect(output.replaceAll('<!-- -->', '').replaceAll(/\]\(<https:[^\s<>]+>\)/g, ']')).not.toMatch(/<|>/);
    expect(obeyedCommands(output)).toEqual([]);
  });
});
