import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { csv } from '../../src/reporters/csv.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';

const COLUMNS =
  'severity,outcome,status,rule,message,kind,id,clientId,name,ownerId,ownerName,ownerEmail,createdAt,expiresAt,lastUsedAt,allowedCidrs,scopedRoles,fix,fingerprint,firstSeen,waivedUntil,waiverReason';

const read = (text: string): Record<string, string>[] => parse(text, { columns: true });

describe('csv', () => {
  test('has a header even without findings', () => {
    expect(csv(sampleReport(), sampleContext())).toBe(`${COLUMNS}\n`);
  });

  test('has one row per finding', () => {
    const report = fullReport();
    const rows = read(csv(report, sampleContext()));
    expect(rows.map((row) => row.fingerprint)).toEqual(report.findings.map((f) => f.fingerprint));
    expect(rows.find((row) => row.rule === 'no-expiry')).toEqual({
      severity: 'high',
      outcome: 'violation',
      status: 'waived',
      rule: 'no-expiry',
      message: 'never expires: give it an end date',
      kind: 'personal-client',
      id: 'pc-1',
      clientId: 'pc-1@acme.conductor.one/pcc',
      name: 'nightly export',
      ownerId: 'user-1',
      ownerName: 'Jo Doe',
      ownerEmail: 'jo@acme.example',
      createdAt: '2025-07-28T02:00:00.000Z',
      expiresAt: '',
      lastUsedAt: '2026-06-01T02:00:00.000Z',
      allowedCidrs: '192.0.2.0/24',
      scopedRoles: 'system:viewer',
      fix: 'Give it an end date.',
      fingerprint: report.findings.find((f) => f.rule === 'no-expiry')?.fingerprint,
      firstSeen: '2026-08-02T02:00:00.000Z',
      waivedUntil: '2026-12-31',
      waiverReason: 'quarterly job',
    });
    expect(rows.find((row) => row.rule === 'waiver-expiring')).toMatchObject({ kind: '', id: '', name: '' });
    expect(rows.find((row) => row.outcome === 'unknown')).toMatchObject({ rule: 'owner-inactive' });
  });

  test('lists networks and roles', () => {
    const credential = sampleCredential({
      allowedCidrs: ['10.0.0.0/8', '::1'],
      scopedRoles: [
        { id: 'r1', name: 'system:user' },
        { id: 'r2', name: null },
      ],
    });
    const [row] = read(csv(sampleReport({ findings: [sampleFinding({ credential })] }), sampleContext()));
    expect(row).toMatchObject({ allowedCidrs: '10.0.0.0/8, ::1', scopedRoles: 'system:user, r2' });
  });

  test.each(HOSTILE_NAMES)('no cell is run and no row is torn: %s', (_, name) => {
    const credential = sampleCredential({
      name,
      id: name,
      clientId: name,
      owner: { id: name, name, email: name },
      allowedCidrs: [name, name],
      scopedRoles: [{ id: name, name }],
    });
    const waiver = { reason: name, approvedBy: name, expires: '2026-12-31' };
    const finding = sampleFinding({ rule: name, message: name, fix: name, credential, waiver });
    const output = csv(sampleReport({ findings: [finding] }), sampleContext());
    expect(output.split('\n')).toHaveLength(3);
    const [row = {}] = read(output);
    expect(Object.keys(row).join()).toBe(COLUMNS);
    for (const cell of Object.values(row)) expect(cell).not.toMatch(/^[\s"]*[=+\-@＝＋－＠]/);
    // Where Excel splits at semicolons, quotes inside a line mean nothing to it.
    for (const piece of output.split(/[;\n]/)) expect(piece).not.toMatch(/^[\s"]*[=+\-@＝＋－＠]/);
    expect(obeyedCommands(output)).toEqual([]);
  });
});
