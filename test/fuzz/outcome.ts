import { expect } from '@jest/globals';
import { AuditError, type ErrorCode } from '../../src/errors.js';
import type { ProgramResult } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';

/**
 * Work in milliseconds that an input of the sizes made here never needs: the processor's time, so that a busy machine is
 * not taken for a program that hangs.
 */
const HANGS = 10_000;

/** @throws where the work takes as long as that of a program that hangs. */
export async function withoutHanging<T>(work: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const spent = (user + system) / 1000;
  if (spent > HANGS) throw new Error(`took ${Math.round(spent)} ms of work`);
  return result;
}

/** What `read` returns, or undefined where it refuses with an error of this code that says what to do. */
export async function acceptsOrRefuses<T>(
  code: ErrorCode,
  read: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await withoutHanging(read);
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/\S/);
    expect(error.hint).toMatch(/\S/);
    return undefined;
  }
}

/** What holds of every end of an audit that was asked for JSON on stdout. */
export function expectSoundAudit(result: ProgramResult): void {
  const { code, stdout, stderr } = result;
  expect([0, 1, 2, 3]).toContain(code);
  expect(stderr).not.toContain('Something went wrong inside c1-audit');
  if (code === 2) {
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^c1-audit: \S.*\nNothing was audited\.\n$/s);
    return;
  }
  const { report } = result;
  expect(schemaErrors(report)).toEqual([]);
  const hidden = Object.values(report.summary.hidden ?? {}).some((count) => count > 0);
  const shown = report.findings.some(({ outcome, status }) => outcome === 'violation' && status !== 'waived');
  if (code !== 3) expect(report.coverage.complete).toBe(true);
  else expect(report.coverage.complete).toBe(false);
  if (code === 1) expect(shown || hidden).toBe(true);
}
