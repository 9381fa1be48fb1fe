import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { CLIENT_SCRIPT } from '../../../src/reporters/html/client-script.js';
import { html } from '../../../src/reporters/html/index.js';
import { rulePageAddress } from '../../../src/reporters/reporter.js';
import { HOSTILE } from '../../helpers/hostile.js';
import { HTML_CONTEXT, tenantReport } from '../../helpers/html-report-samples.js';
import {
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../../helpers/sample-report.js';

function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start) + start.length;
  return text.slice(from, text.indexOf(end, from));
}

function dataOf(page: string) {
  return JSON.parse(between(page, '<script type="application/json" id="report-data">', '</script>'));
}

describe('the page', () => {
  const page = html(fullReport(), HTML_CONTEXT);

  test('is the same for the same report', () => {
    expect(html(fullReport(), HTML_CONTEXT)).toBe(page);
    expect(page.endsWith('</html>\n')).toBe(true);
  });

  test('has a policy that allows only its own script and style', () => {
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const policy = between(page, 'http-equiv="Content-Security-Policy" content="', '"');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hash(between(page, '<script>', '</script>'))};`);
    expect(policy).toContain(`style-src ${hash(between(page, '<style>', '</style>'))};`);
    expect(policy).not.toMatch(/unsafe|http|\*/);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toMatch(/ style="| on\w+="| src="/);
  });

  test('has a script that cannot end early or turn text into markup', () => {
    expect(CLIENT_SCRIPT).not.toMatch(/<\/script|<!--/i);
    expect(CLIENT_SCRIPT).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(/);
  });

  test('holds hostile names as text that has no effect', () => {
    const names = Object.values(HOSTILE);
    const hostile = html(
      sampleReport({
        findings: names.map((name, i) =>
          sampleFinding({ message: name, credential: sampleCredential({ id: `pc-${i}`, name }) }),
        ),
      }),
      HTML_CONTEXT,
    );
    expect(dataOf(hostile).credentials).toHaveLength(names.length);
    expect(hostile.match(/<script/g)).toHaveLength(2);
    expect(hostile).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b\u001b]/);
    expect(hostile.isWellFormed()).toBe(true);
    expect(hostile.length).toBeLessThan(1_000_000);
  });

  test('links the run only if its address is a web address', () => {
    const context = { ...HTML_CONTEXT, runUrl: 'https://ci.example/runs/7?a=1&b=2' };
    expect(html(fullReport(), context)).toContain('href="https://ci.example/runs/7?a=1&amp;b=2"');
    expect(html(fullReport(), { ...context, runUrl: 'javascript:alert(1)' })).not.toContain('javascript:');
  });

  test('has the first 50 rows as HTML and all of them as data', () => {
    const many = html(tenantReport(300), HTML_CONTEXT);
    const { findings, waived } = dataOf(many);
    expect(findings.length + waived.length).toBe(300);
    expect(many).toContain(`The first 50 of ${findings.length} findings.`);
    expect(many.match(/<summary id="[0-9a-f]{64}"/g)).toHaveLength(50 + waived.length);
  });

  test('shows an unknown rule by its id', () => {
    expect(dataOf(html(fullReport(), sampleContext())).rules[0]).toEqual({
      id: 'loose-trust-condition',
      title: 'loose-trust-condition',
      about: '',
      references: [
        {
          title: 'About loose-trust-condition',
          url: rulePageAddress('loose-trust-condition', sampleContext()),
        },
      ],
    });
  });
});

describe('the headline', () => {
  const verdict = (page: string) => between(page, '<p class="verdict ', '</p>');

  test('counts findings and credentials, the worst severities first', () => {
    expect(verdict(html(fullReport(), HTML_CONTEXT))).toBe(
      'open">5 findings on 4 of 6 credentials: 1 critical and 1 high.',
    );
  });

  test('is clean only if everything was read, there were credentials, and no outcome is unknown', () => {
    const credentials = [sampleCredential()];
    expect(verdict(html(sampleReport({ credentials }), HTML_CONTEXT))).toBe(
      'clean">No findings on 1 credential.',
    );
    expect(verdict(html(sampleReport(), HTML_CONTEXT))).toBe('open">There were no credentials to audit.');
    expect(verdict(html(sampleReport({ findings: [sampleUnknown()] }), HTML_CONTEXT))).toMatch(/^open/);
    expect(verdict(html(sampleReport({ credentials, complete: false }), HTML_CONTEXT))).toBe(
      'incomplete">No findings so far; the audit is incomplete.',
    );
  });

  test('names an unavailable source of a complete audit and does not look clean', () => {
    const report = sampleReport({
      credentials: [sampleCredential()],
      sources: [
        { kind: 'personal-client', status: 'complete', credentials: 1, deleted: 0, pages: 1, note: null },
        { kind: 'federation-trust', status: 'unavailable', credentials: 0, deleted: 0, pages: 0, note: null },
      ],
    });
    const page = html(report, HTML_CONTEXT);
    expect(verdict(page)).toMatch(/^open/);
    expect(page).toContain('Complete: 1 source read in full, not available: federation trusts.');
  });

  test('says first that an audit is incomplete, in the title too', () => {
    const page = html(
      sampleReport({
        complete: false,
        sources: [
          {
            kind: 'federation-trust',
            status: 'unavailable',
            credentials: 0,
            deleted: 0,
            pages: 0,
            note: '403 <b>no</b>',
          },
        ],
      }),
      HTML_CONTEXT,
    );
    expect(between(page, '<title>', '</title>')).toMatch(/^INCOMPLETE: /);
    expect(page.indexOf('Incomplete audit')).toBeLessThan(page.indexOf('class="verdict'));
    expect(page).toContain('federation trusts were not read (403 &lt;b&gt;no&lt;/b&gt;)');
    expect(page).not.toMatch(/class="verdict clean"|Complete:/);
  });

  test('counts new and known findings only with a memory of earlier runs', () => {
    const page = html(sampleReport({ findings: [sampleFinding()] }), HTML_CONTEXT);
    expect(page).not.toContain('since the last run');
    expect(html(fullReport(), HTML_CONTEXT)).toContain('<b>4</b> new since the last run');
  });
});
