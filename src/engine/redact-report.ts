import {
  BUILT_IN_ROLE,
  type Finding,
  type JudgedCredential,
  type ReportedCredential,
  type ScopedRole,
} from '../contract/index.js';
import { type Docket, docketOf, reportOn } from './docket.js';
import type { Statement } from './finding.js';
import { isPlugin } from './judge.js';
import type { Report } from './report.js';
import { textOf } from './text-store.js';

type Scrub = (text: string) => string;

/**
 * Removes secrets from everything in a report that came from outside: names, ids, notes, reasons, rules' data. The report's
 * own words (kinds, severities, statuses, rule ids, dates) stay even if they look like a secret, so that every format
 * stays well-formed. What holds no secret is not copied.
 *
 * Notes of sources hold no secrets. In the engine's own notes, only what a plug-in threw is from outside.
 *
 * @param origin notes of a saved report may hold anything
 */
export function redactReport(report: Report, scrub: Scrub, origin: 'audit' | 'file' = 'audit'): Report {
  const note = (text: string) => {
    if (origin === 'file') return scrub(text);
    const [own] = /^Rule \S+ failed on [^:]*: /.exec(text) ?? [text];
    return own + scrub(text.slice(own.length));
  };
  const scrubber = new Scrubber(scrub);
  const { run, coverage, resolved } = report;
  const about = {
    run: changed(run, { self: run.self && scrubber.texts(run.self) }),
    coverage: changed(coverage, {
      sources: each(coverage.sources, (source) =>
        changed(source, { note: source.note === null ? null : note(source.note) }),
      ),
      ...(coverage.ledger && {
        ledger: each(coverage.ledger, (entry) =>
          changed(entry, { reason: entry.reason === null ? null : note(entry.reason) }),
        ),
      }),
      notes: each(coverage.notes, note),
      ...(coverage.gaps && { gaps: each(coverage.gaps, note) }),
    }),
    resolved: each(resolved, (one) => {
      const { id, name } = one.credential;
      return changed(one, {
        credential: changed(one.credential, { id: scrub(id), name: name === null ? null : scrub(name) }),
      });
    }),
  };
  const docket = docketOf(report);
  if (docket && isFree(docket, scrubber, scrub)) {
    const { schemaVersion, tool, summary } = report;
    return reportOn(docket, { schemaVersion, tool, summary, ...about });
  }
  return changed(report, {
    ...about,
    findings: each(report.findings, (finding) => scrubber.finding(finding)),
    credentials: each(report.credentials, (credential) => scrubber.credential(credential)),
  });
}

/** Whether nothing in a docket holds a secret. Its JSON is searched, and what looks like one is looked at field by field. */
function isFree(docket: Docket, scrubber: Scrubber, scrub: Scrub): boolean {
  const isClear = (json: string) => {
    const text = unescaped(json);
    return scrub(text) === text;
  };
  if (areAll(docket.blocks(), (block) => isClear(textOf(block)))) return true;
  for (const waiver of docket.waivers()) if (scrubber.waiver(waiver) !== waiver) return false;
  for (const json of docket.credentialTexts()) {
    if (isClear(json)) continue;
    const credential = JSON.parse(json) as JudgedCredential;
    if (scrubber.credential(credential) !== credential) return false;
  }
  for (const json of docket.statements()) {
    if (isClear(json)) continue;
    const said = JSON.parse(json) as Finding;
    if (scrubber.said(said, isPlugin(said.rule)) !== said) return false;
  }
  return true;
}

/** JSON with the characters that are escaped in it, which could hide a secret. */
function unescaped(json: string): string {
  if (!json.includes('\\')) return json;
  return json.replace(/\\(?:u[\da-f]{4}|.)/gi, (one) => JSON.parse(`"${one}"`));
}

/** One after the other: all of them are as large as the report. */
function areAll<T>(items: Iterable<T>, test: (item: T) => boolean): boolean {
  for (const item of items) if (!test(item)) return false;
  return true;
}

class Scrubber {
  readonly #scrub: Scrub;
  /** Findings share credentials, and credentials share owners and roles: each is scrubbed once. */
  readonly #seen = new Map<object, unknown>();

  constructor(scrub: Scrub) {
    this.#scrub = scrub;
  }

  finding(finding: Finding): Finding {
    const credential = finding.credential && this.credential(finding.credential);
    const waiver = finding.waiver && this.waiver(finding.waiver);
    const isForeign = credential !== finding.credential || isPlugin(finding.rule);
    return changed(this.said(finding, isForeign), { credential, waiver });
  }

  waiver<W extends NonNullable<Finding['waiver']>>(waiver: W): W {
    const { reason, approvedBy } = waiver;
    return changed(waiver, {
      reason: this.#scrub(reason),
      approvedBy: this.#scrub(approvedBy),
    } as Partial<W>);
  }

  /** In what a built-in rule says, only its data came from outside. */
  said<Said extends Statement>(said: Said, isForeign: boolean): Said {
    const data = this.texts(said.data);
    const { message, fix } = said;
    return changed<Statement>(
      said,
      isForeign || data !== said.data
        ? { data, message: this.#scrub(message), fix: this.#scrub(fix) }
        : { data, message, fix },
    ) as Said;
  }

  credential<Reported extends ReportedCredential>(credential: Reported): Reported {
    return this.#once(credential, () =>
      changed<ReportedCredential>(credential, {
        id: this.#scrub(credential.id),
        clientId: this.#scrub(credential.clientId),
        name: this.#scrub(credential.name),
        owner: credential.owner && this.#once(credential.owner, (owner) => this.texts(owner)),
        allowedCidrs: each(credential.allowedCidrs, this.#scrub),
        scopedRoles: this.#once(credential.scopedRoles, (roles) => each(roles, (role) => this.#role(role))),
      }),
    ) as Reported;
  }

  #role(role: ScopedRole): ScopedRole {
    const { id, name } = role;
    return changed(role, {
      id: this.#scrub(id),
      name: name === null || BUILT_IN_ROLE.test(name) ? name : this.#scrub(name),
    });
  }

  /** Every text in a value, at any depth. */
  texts<T>(value: T): T {
    if (typeof value === 'string') return (BUILT_IN_ROLE.test(value) ? value : this.#scrub(value)) as T;
    if (Array.isArray(value)) return each(value, (item) => this.texts(item)) as T;
    if (typeof value !== 'object' || value === null) return value;
    const fields = value as Record<string, unknown>;
    let clean: Record<string, unknown> | undefined;
    for (const name of Object.keys(fields)) {
      const text = this.texts(fields[name]);
      if (text === fields[name]) continue;
      clean ??= { ...fields };
      clean[name] = text;
    }
    return (clean ?? value) as T;
  }

  #once<T extends object>(value: T, make: (value: T) => T): T {
    let made = this.#seen.get(value);
    if (made === undefined) {
      made = make(value);
      this.#seen.set(value, made);
    }
    return made as T;
  }
}

/** The object itself if no field differs. */
function changed<T extends object>(value: T, fields: Partial<T>): T {
  for (const name of Object.keys(fields) as (keyof T)[])
    if (fields[name] !== value[name]) return { ...value, ...fields };
  return value;
}

/** The list itself if no item differs. */
function each<T>(list: readonly T[], make: (item: T) => T): readonly T[] {
  let made: T[] | undefined;
  for (const [index, item] of list.entries()) {
    const clean = make(item);
    if (clean === item) continue;
    made ??= [...list];
    made[index] = clean;
  }
  return made ?? list;
}
