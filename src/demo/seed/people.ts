import { type Calendar, idOf, ROLE, role, systemRoles, user } from '../build.js';
import type { Role, User } from '../tenant/records.js';

/** The people of the seed, by a short name. `nobody` is in no directory any more. */
export const PERSON = {
  ada: idOf('user ada'),
  ben: idOf('user ben'),
  chiara: idOf('user chiara'),
  dmitri: idOf('user dmitri'),
  elif: idOf('user elif'),
  farid: idOf('user farid'),
  grace: idOf('user grace'),
  hiro: idOf('user hiro'),
  ines: idOf('user ines'),
  jonas: idOf('user jonas'),
  keiko: idOf('user keiko'),
  lucia: idOf('user lucia'),
  mallory: idOf('user mallory'),
  agent: idOf('user agent'),
  nobody: idOf('user nobody'),
} as const;

/** A role that was deleted while credentials still name it, and one that never was. */
export const LOST_ROLE = { deleted: idOf('role vendor-onboarding'), never: idOf('role never') } as const;

export function people(calendar: Calendar): User[] {
  const person = (id: string, displayName: string, roleIds: string[], over: Partial<User> = {}): User => {
    const email = `${displayName
      .normalize('NFD')
      .replace(/ø/g, 'o')
      .replace(/ı/g, 'i')
      .replace(/[^A-Za-z ]/g, '')
      .toLowerCase()
      .replaceAll(' ', '.')}@acme.example`;
    return user({
      id,
      displayName,
      email,
      roleIds,
      managerIds: [PERSON.ben],
      department: 'Engineering',
      createdAt: calendar.ago(900),
      updatedAt: calendar.ago(30),
      ...over,
    });
  };
  return [
    person(PERSON.ada, 'Ada Okafor', [ROLE.owner, ROLE.user], { department: 'Security' }),
    person(PERSON.ben, 'Ben Sørensen', [ROLE.owner, ROLE.user], { department: 'IT', managerIds: [] }),
    person(PERSON.chiara, 'Chiara Russo', [ROLE.applicationAdmin, ROLE.user]),
    person(PERSON.dmitri, 'Dmitri Petrov', [ROLE.viewer], { department: 'Internal Audit' }),
    person(PERSON.elif, 'Elif Yılmaz', [ROLE.user], { department: 'Data' }),
    person(PERSON.farid, 'Farid Haddad', [ROLE.user], { department: 'Finance' }),
    person(PERSON.grace, 'Grace Njeri', [ROLE.user], { status: 'DISABLED', updatedAt: calendar.ago(12) }),
    person(PERSON.hiro, 'Hiro Tanaka', [ROLE.campaignAdmin], {
      directoryStatus: 'DELETED',
      managerIds: [PERSON.ada, PERSON.grace],
    }),
    person(PERSON.ines, 'Inês Duarte', [ROLE.user], {
      status: 'DELETED',
      deletedAt: calendar.ago(21),
      updatedAt: calendar.ago(21),
    }),
    person(PERSON.jonas, 'Jonas Weber', [ROLE.campaignAdmin, ROLE.user], { department: 'Compliance' }),
    person(PERSON.keiko, 'Keiko Mori', [ROLE.user]),
    person(PERSON.lucia, 'Lucía Romero', [ROLE.logsReader], { department: 'Security' }),
    person(PERSON.mallory, 'Mallory <img src=x onerror=alert(1)>', [ROLE.user], {
      email: 'mallory@acme.example',
      department: 'Contractors',
    }),
    person(PERSON.agent, 'Release Agent', [ROLE.applicationAdmin], {
      email: '',
      type: 'USER_TYPE_AGENT',
      origin: 'USER_ORIGIN_LOCAL',
      managerIds: [PERSON.chiara],
    }),
  ];
}

export function roles(calendar: Calendar): Role[] {
  return [
    ...systemRoles(),
    role({
      id: idOf('role access-reviewer'),
      name: 'access-reviewer',
      displayName: 'Access Reviewer',
      systemBuiltin: false,
      createdAt: calendar.ago(400),
      updatedAt: calendar.ago(100),
    }),
    role({
      id: LOST_ROLE.deleted,
      name: 'vendor-onboarding',
      displayName: 'Vendor Onboarding',
      systemBuiltin: false,
      createdAt: calendar.ago(700),
      updatedAt: calendar.ago(50),
      deletedAt: calendar.ago(50),
    }),
  ];
}
