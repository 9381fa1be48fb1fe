import { describe, expect, test } from '@jest/globals';
import ICAL from 'ical.js';
import type { Report } from '../../src/engine/report.js';
import { forFoldedText } from '../../src/reporters/escape.js';
import { ics } from '../../src/reporters/ics.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  daysAgo,
  fullReport,
  sampleContext,
  sampleCredential,
  sampleReport,
} from '../helpers/sample-report.js';

const write = (report: Report) => ics(report, sampleContext());
const read = (text: string) => new ICAL.Component(ICAL.parse(text));
const events = (text: string) => read(text).getAllSubcomponents('vevent');

describe('ics', () => {
  test('has one event per coming expiry of a live credential', () => {
    const summaries = events(write(fullReport())).map((event) => event.getFirstPropertyValue('summary'));
    expect(summaries).toEqual([
      'API credential expires: the audit',
      'API credential expires: quiet',
      'API credential expires: deploy',
    ]);
  });

  test('an event is all day, with a stable id and two alarms', () => {
    const credential = sampleCredential({ expiresAt: '2026-12-31T23:59:59.999Z' });
    const [event] = events(write(sampleReport({ credentials: [credential] })));
    const property = (name: string) => event?.getFirstProperty(name);
    expect(property('dtstart')?.toICALString()).toBe('DTSTART;VALUE=DATE:20261231');
    expect(property('dtend')?.toICALString()).toBe('DTEND;VALUE=DATE:20270101');
    expect(property('dtstamp')?.toICALString()).toBe('DTSTAMP:20260901T020000Z');
    expect(property('uid')?.getFirstValue()).toBe('personal-client.pc-1@acme.conductor.one');
    const alarms = event?.getAllSubcomponents('valarm') ?? [];
    expect(alarms.map((alarm) => alarm.getFirstProperty('trigger')?.toICALString())).toEqual([
      'TRIGGER:-P14D',
      'TRIGGER:-P3D',
    ]);
    for (const alarm of alarms) expect(alarm.getFirstPropertyValue('action')).toBe('DISPLAY');
    expect(event?.getFirstPropertyValue('description')).toBe(
      'personal client pc-1\nowner Jo Doe <jo@acme.example> (user-1)\ncreated 2025-07-28 (400 days ago), last used 2026-06-01 (92 days ago), expires 2026-12-31 (in 121 days)\nexpires 2026-12-31T23:59:59.999Z',
    );
  });

  test('the id of an event survives a change of name, owner and date', () => {
    const uid = (override: object) =>
      events(
        write(sampleReport({ credentials: [sampleCredential({ expiresAt: daysAgo(-9), ...override })] })),
      )[0]?.getFirstPropertyValue('uid');
    expect(uid({ name: 'b', owner: null, expiresAt: daysAgo(-90) })).toBe(uid({}));
    expect(uid({ id: 'pc-2' })).not.toBe(uid({}));
    expect(uid({ kind: 'service-principal-credential' })).not.toBe(uid({}));
  });

  test('is a valid calendar without events', () => {
    const calendar = read(write(sampleReport()));
    expect(calendar.name).toBe('vcalendar');
    expect(calendar.getFirstPropertyValue('version')).toBe('2.0');
  });

  test('says that a run is incomplete', () => {
    const calendar = read(write(sampleReport({ complete: false })));
    expect(calendar.getFirstPropertyValue('x-wr-caldesc')).toMatch(/^INCOMPLETE: /);
  });

  test.each(HOSTILE_NAMES)('hostile text stays text: %s', (_, name) => {
    const credential = sampleCredential({
      name: `x${name}`,
      id: `x${name}`,
      owner: { id: name, name, email: name },
      expiresAt: daysAgo(-9),
    });
    const text = write(sampleReport({ credentials: [credential], tenant: name }));
    const [event, ...others] = events(text);
    expect(others).toEqual([]);
    expect(event?.getAllProperties().map((property) => property.name)).toEqual([
      'uid',
      'dtstamp',
      'dtstart',
      'dtend',
      'summary',
      'description',
      'transp',
    ]);
    const summary = String(event?.getFirstPropertyValue('summary'));
    const expected = forFoldedText(`API credential expires: x${name}`);
    expect(summary === expected || expected.startsWith(summary.slice(0, 60))).toBe(true);
    const lines = text.split('\r\n');
    expect(lines.filter((line) => Buffer.byteLength(line) > 75)).toEqual([]);
    expect(lines.filter((line) => /[\p{Cc}\p{Cs}\p{Bidi_Control}]/u.test(line))).toEqual([]);
    expect(obeyedCommands(text)).toEqual([]);
  });
});
