import { describe, expect, test } from '@jest/globals';
import { SEVERITIES } from '../../src/contract/index.js';
import type { Report } from '../../src/engine/report.js';
import { ocsf } from '../../src/reporters/ocsf.js';
import { rulePageAddress } from '../../src/reporters/reporter.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  AS_OF,
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

const events = (report: Report) =>
  ocsf(report, sampleContext())
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

type Event = ReturnType<typeof events>[number];

const isTime = (value: unknown) => Number.isInteger(value) && Number(value) > 1e12 && Number(value) < 1e14;
const isText = (value: unknown) => typeof value === 'string' && value !== '';

/** The required attributes of OCSF 1.8's class 2008, and the types of those that are there. */
function problems(event: Event): string[] {
  const checks: Record<string, boolean> = {
    activity_id: event.activity_id === 1,
    category_uid: event.category_uid === 2,
    class_uid: event.class_uid === 2008,
    type_uid: event.type_uid === event.class_uid * 100 + event.activity_id,
    time: isTime(event.time),
    severity_id: Number.isInteger(event.severity_id) && event.severity_id >= 0 && event.severity_id <= 6,
    severity: isText(event.severity),
    status_id: [1, 3, 4].includes(event.status_id),
    'metadata.version': event.metadata.version === '1.8.0',
    'metadata.product': isText(event.metadata.product.name) && isText(event.metadata.product.vendor_name),
    'finding_info.uid': /^[0-9a-f]{64}$/.test(event.finding_info.uid),
    'finding_info.title': isText(event.finding_info.title),
    'finding_info.desc': typeof event.finding_info.desc === 'string',
    first_seen_time: !('first_seen_time' in event.finding_info) || isTime(event.finding_info.first_seen_time),
    user: !('user' in event) || typeof event.user.uid === 'string',
    programmatic_credentials: event.identity_activity_metrics.programmatic_credentials.every(
      (credential: Event) =>
        isText(credential.uid) &&
        isText(credential.type) &&
        (!('last_used_time' in credential) || isTime(credential.last_used_time)),
    ),
    remediation: !('remediation' in event) || typeof event.remediation.desc === 'string',
  };
  return Object.keys(checks).filter((name) => !checks[name]);
}

describe('ocsf', () => {
  test('every event has the required fields of its class', () => {
    const all = events(fullReport());
    expect(all).toHaveLength(fullReport().findings.length + 1);
    for (const event of all) expect(problems(event)).toEqual([]);
  });

  test('has no lines without findings', () => {
    expect(ocsf(sampleReport(), sampleContext())).toBe('');
  });

  test('maps a violation', () => {
    const [event] = events(sampleReport({ findings: [sampleFinding({ status: 'new', firstSeen: AS_OF })] }));
    expect(event).toMatchObject({
      time: Date.parse(AS_OF),
      severity_id: 3,
      severity: 'Medium',
      status_id: 1,
      message: sampleFinding().message,
      finding_info: { uid: sampleFinding().fingerprint, first_seen_time: Date.parse(AS_OF) },
      user: { uid: 'user-1', name: 'Jo Doe', email_addr: 'jo@acme.example' },
      identity_activity_metrics: {
        programmatic_credentials: [
          { uid: 'pc-1', type: 'personal-client', last_used_time: Date.parse('2026-06-01T02:00:00Z') },
        ],
      },
      remediation: {
        desc: sampleFinding().fix,
        references: [rulePageAddress('unused', sampleContext())],
      },
    });
    expect(event).not.toHaveProperty('status_detail');
  });

  test('numbers severities from 1 to 5', () => {
    const findings = SEVERITIES.map((severity) =>
      sampleFinding({ severity, credential: sampleCredential({ id: severity }) }),
    );
    const ids = events(sampleReport({ findings })).map((event) => [
      event.unmapped.credential_name,
      event.severity_id,
    ]);
    expect(ids.map(([, id]) => id)).toEqual([5, 4, 3, 2, 1]);
  });

  test('distinguishes waived, resolved and unknown findings', () => {
    const all = events(fullReport());
    const of = (rule: string) => all.find((event) => event.unmapped.rule === rule);
    expect(of('no-expiry')).toMatchObject({ status_id: 3, status: 'Suppressed' });
    expect(of('open-cidr')).toMatchObject({ status_id: 4, status: 'Resolved' });
    expect(of('owner-inactive')).toMatchObject({
      status_detail: 'Unknown',
      finding_info: { title: 'Unknown: owner-inactive' },
      unmapped: { outcome: 'unknown' },
    });
  });

  test('omits fields that are not known', () => {
    const credential = sampleCredential({ lastUsedAt: null, owner: null });
    const [event] = events(sampleReport({ findings: [sampleUnknown({ credential })] }));
    expect(event).not.toHaveProperty('user');
    expect(event.identity_activity_metrics.programmatic_credentials).toEqual([
      { uid: 'pc-1', type: 'personal-client' },
    ]);
    expect(event.finding_info).not.toHaveProperty('first_seen_time');
  });

  test.each(HOSTILE_NAMES)('hostile text stays data: %s', (_, name) => {
    const finding = sampleFinding({
      message: name,
      fix: name,
      credential: sampleCredential({ name, owner: { id: name, name, email: name } }),
    });
    const output = ocsf(sampleReport({ findings: [finding] }), sampleContext());
    expect(output.split('\n')).toHaveLength(2);
    const event = JSON.parse(output);
    expect(problems(event)).toEqual([]);
    expect(event.message).toBe(name);
    expect(event.user.name).toBe(name);
    expect(obeyedCommands(output)).toEqual([]);
    expect(output.trimEnd()).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
  });

  test('names the controls that a finding is evidence on', () => {
    const report = sampleReport({
      findings: [sampleFinding({ rule: 'no-expiry' }), sampleUnknown({ rule: 'no-expiry' })],
    });
    const controls = { 'no-expiry': { 'owasp-nhi': ['NHI7'], 'pci-dss-4.0.1': ['8.6.3'] } };
    const named = events({ ...report, coverage: { ...report.coverage, controls } });
    const both = {
      standards: ['owasp-nhi', 'pci-dss-4.0.1'],
      requirements: ['owasp-nhi NHI7', 'pci-dss-4.0.1 8.6.3'],
    };
    expect(named.map(({ compliance }) => compliance)).toEqual([
      { ...both, status_id: 0, status: 'Unknown' },
      { ...both, status_id: 3, status: 'Fail' },
    ]);
    expect(events(report).every((event) => !('compliance' in event))).toBe(true);
  });
});
