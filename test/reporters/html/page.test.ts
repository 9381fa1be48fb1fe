import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { CLIENT_SCRIPT } from '../../../src/reporters/html/client-script.js';
import { html } from '../../../src/reporters/html/index.js';
import { rulePageAddress } from '../../../src/reporters/reporter.js';
import { HOSTILE } from '../../helpers/hostile.js';
import { HTML_CONTEXT, tenantReport } from '../../helpers/html-report-samples.js';
import {
  daysAgo,
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

  test('has the first 25 credentials as HTML and all of them as data', () => {
    const many = html(tenantReport(300), HTML_CONTEXT);
    const { credentials } = dataOf(many);
    expect(many).toContain(`The first 25 of ${credentials.length} credentials.`);
    const [, cards = ''] = many.split('<div id="cards">');
    expect(cards.match(/<article /g)).toHaveLength(25);
  });

  test('gives each finding one element with its fingerprint as id', () => {
    const [, first = ''] = /<li id="([0-9a-f]{64})"/.exec(page) ?? [];
    expect(page.split(`id="${first}"`)).toHaveLength(2);
    expect(page.split(`href="#${first}"`).length).toBeGreaterThan(2);
  });

  test('shows an unknown rule by its id, with a link to its page', () => {
    expect(dataOf(html(fullReport(), sampleContext())).rules[0]).toEqual({
      id: 'loose-trust-condition',
      title: '',
      page: rulePageAddress('loose-trust-condition', sampleContext()),
    });
  });
});

describe('the order of the page', () => {
  const headings = (page: string) => [...page.matchAll(/<h2 [^>]*>(.*?)<\/h2>/g)].map(([, text]) => text);

  test('with a memory: news, resolved, fix first, rules, credentials, unknown, waived, coverage', () => {
    expect(headings(html(fullReport(), HTML_CONTEXT))).toEqual([
      'New',
      'Resolved',
      'Fix first',
      'By rule',
      'At a glance',
      'By credential',
      'Unknown (1)',
      'Waived (1)',
      'Coverage',
    ]);
  });

  test('without one: fix first directly under the totals', () => {
    const page = html(sampleReport({ findings: [sampleFinding()] }), HTML_CONTEXT);
    expect(headings(page)).toEqual(['Fix first', 'By rule', 'By credential', 'Coverage']);
    expect(between(page, '<ul class="others"', '<h2')).not.toMatch(
      /<section(?! aria-labelledby="fix-first")/,
    );
  });

  test('without findings: coverage', () => {
    expect(headings(html(sampleReport(), HTML_CONTEXT))).toEqual(['Coverage']);
  });
});

describe('the news', () => {
  const section = (page: string) => between(page, '<h2 id="news"', '</section>');
  const report = (status: 'new' | 'known', n: number) =>
    sampleReport({
      findings: Array.from({ length: n }, (_, i) =>
        sampleFinding({ status, firstSeen: daysAgo(3), credential: sampleCredential({ id: `pc-${i}` }) }),
      ),
    });

  test('are new, reopened and more severe findings', () => {
    const { findings } = fullReport();
    const raised = new Set(findings.filter(({ rule }) => rule === 'unused').map((f) => f.fingerprint));
    const page = html(fullReport(), { ...HTML_CONTEXT, raised });
    expect(section(page).match(/(?<=<span class="chip">).*?(?=<)/g)).toEqual([
      'new',
      'reopened',
      'more severe',
      'new',
      'new',
    ]);
    expect(page).toContain('<b>4</b> new');
    expect(page).toContain('<b>1</b> more severe');
  });

  test('are of ten credentials at most, with a link to the others', () => {
    const ten = section(html(report('new', 10), HTML_CONTEXT));
    expect(ten.match(/<article/g)).toHaveLength(10);
    expect(ten).not.toContain('Show all');
    const eleven = section(html(report('new', 11), HTML_CONTEXT));
    expect(eleven.match(/<article/g)).toHaveLength(10);
    expect(eleven).toContain('data-filter="status=new">Show all 11 credentials');
  });

  test('say so if there are none', () => {
    expect(section(html(report('known', 1), HTML_CONTEXT))).toContain('Nothing new.');
    expect(section(html(sampleReport(), { ...HTML_CONTEXT, raised: new Set() }))).toContain('Nothing new');
  });

  test('of an earlier run have their age', () => {
    expect(html(report('known', 1), HTML_CONTEXT)).toContain('first seen 2026-08-29');
    expect(html(report('new', 1), HTML_CONTEXT)).not.toContain('first seen');
  });
});

test('names 100 resolved credentials and counts the others', () => {
  const resolved = Array.from({ length: 102 }, (_, i) => ({
    fingerprint: String(i),
    rule: 'unused',
    credential: { kind: 'personal-client', id: `pc-${i}`, name: null },
  }));
  const list = between(html(sampleReport({ resolved }), HTML_CONTEXT), '<h2 id="resolved"', '</section>');
  expect(list.match(/<code>unused<\/code>/g)).toHaveLength(100);
  expect(list).toContain('and 2 more');
});

test('unknown outcomes are in a section of their own, with reason and fix', () => {
  const page = html(fullReport(), HTML_CONTEXT);
  const unknown = between(page, '<h2 id="unknown"', '</section>');
  expect(unknown).toContain('could not be judged: owners could not be read');
  expect(unknown).toContain('grant the audit the right to read users');
  expect(page.split('could not be judged: owners could not be read')).toHaveLength(2);
});

test('lists 200 waived findings at most', () => {
  const waiver = { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' };
  const waived = (n: number) =>
    html(
      sampleReport({
        findings: Array.from({ length: n }, (_, i) =>
          sampleFinding({ waiver, status: 'waived', credential: sampleCredential({ id: `pc-${i}` }) }),
        ),
      }),
      HTML_CONTEXT,
    );
  const words = 'Until 2026-12-31 by <bdi>security@acme.example</bdi>: <bdi>quarterly job</bdi>';
  expect(waived(200)).not.toContain('These are the first');
  const more = waived(201);
  expect(more).toContain('These are the first 200; the JSON report has all.');
  expect(more.split(words)).toHaveLength(201);
});

test('names the menus that lead to a credential, for kinds that are known', () => {
  const credential = (kind: string) => sampleCredential({ kind: kind as 'personal-client', id: kind });
  const place = (kind: string) =>
    dataOf(html(sampleReport({ findings: [sampleFinding({ credential: credential(kind) })] }), HTML_CONTEXT))
      .kinds[0].place;
  expect(place('federation-trust')).toContain('Service principals > the principal > Federation');
  expect(place('constructor')).toBe('');
});

test.each([
  [{ id: 'u', name: 'Jo Doe', email: 'jo@acme.example' }, 'Jo Doe (jo@acme.example)'],
  [{ id: 'u', name: 'Jo Doe', email: '' }, 'Jo Doe (u)'],
  [{ id: 'u', name: ' ', email: 'jo@acme.example' }, 'jo@acme.example'],
  [{ id: 'u', name: '', email: '' }, 'u'],
  [{ id: ' ', name: ' ', email: ' ' }, '(no name)'],
  [null, 'no owner known'],
])('calls the owner %j %s', (owner, label) => {
  const report = sampleReport({ findings: [sampleFinding({ credential: sampleCredential({ owner }) })] });
  expect(dataOf(html(report, HTML_CONTEXT)).owners).toEqual([label]);
});

test('shows the facts of a credential, in words that are true of "never" and of "not known"', () => {
  const { credentials, kinds } = dataOf(html(fullReport(), HTML_CONTEXT));
  const facts = (kind: string) =>
    Object.fromEntries(credentials.find((one: { kind: number }) => kinds[one.kind].name === kind).facts);
  expect(facts('service-principal credential')).toEqual({
    'Last used': 'no use on record',
    Expires: `${daysAgo(-9).slice(0, 10)} (in 9 days)`,
    Created: `${daysAgo(400).slice(0, 10)} (400 days ago)`,
    'Allowed networks': 'any: no source restriction',
    'Role scope': 'none: every right of its owner',
    Id: 'sp-1',
    'Client id': 'sp-1@acme.conductor.one/spc',
    'Owner id': 'sp-owner',
  });
  expect(Object.keys(facts('federation trust'))).toEqual([
    'Created',
    'Allowed networks',
    'Role scope',
    'Id',
    'Client id',
  ]);
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
    expect(verdict(html(sampleReport({ findings: [sampleFinding()], complete: false }), HTML_CONTEXT))).toBe(
      'incomplete">1 finding so far on 1 of 1 credential: 1 medium.',
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

  test('counts new and resolved findings only with a memory of earlier runs', () => {
    const counts = (page: string) => between(page, 'aria-label="Other counts"', '</ul>');
    expect(counts(html(sampleReport({ findings: [sampleFinding()] }), HTML_CONTEXT))).not.toMatch(
      /new|resolved/,
    );
    expect(counts(html(fullReport(), HTML_CONTEXT))).toContain('<b>4</b> new');
    expect(counts(html(fullReport(), HTML_CONTEXT))).toContain('<b>1</b> resolved');
  });
});
