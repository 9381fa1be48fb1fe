import rule from '../../rules/open-cidr.js';
import type { AllowList, Facts, Role } from '../../src/contract/index.js';
import { factsWith, testRule } from '../../src/testing.js';

const on: AllowList = { enabled: true, cidrs: ['52.20.0.0/20'] };
const off: AllowList = { enabled: false, cidrs: ['52.20.0.0/20'] };
const lists = (user: AllowList, admin: AllowList): Facts['tenantAllowList'] => ({ user, admin });

const empty: AllowList = { enabled: true, cidrs: [] };
/** `count` networks of /`prefix` with a gap after each. */
const scattered = (count: number, prefix: number): string[] =>
  Array.from({ length: count }, (_, at) => {
    const first = 0x20000000 + at * 2 ** (33 - prefix);
    return `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.')}/${prefix}`;
  });
const scattered6 = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `2a00:${(at * 2).toString(16)}::/32`);

const role = (name: string): Role => ({ id: `id of ${name}`, name, displayName: name });
const ownedBy = (...roles: string[]) => factsWith('owner', { roles: roles.map(role) });

const ANYWHERE = 'no source restriction: name the networks it is used from';
const NOBODY =
  "no source restriction of its own; the tenant's allow list is enabled and empty, so nobody can use it now: name the networks it is used from before that list changes";
const HALF = (families: string) =>
  `its entries together allow at least half of the internet (${families}): name the networks it is used from`;
const TENANT_ONLY =
  "no source restriction of its own, only the tenant's allow list: name the networks it is used from";

testRule(rule, {
  pass: [
    { name: 'an address', facts: { allowedCidrs: ['52.20.30.40'] } },
    { name: 'exactly the IPv4 minimum', facts: { allowedCidrs: ['52.20.0.0/16'] } },
    { name: 'exactly the IPv6 minimum', facts: { allowedCidrs: ['2620:1::/32'] } },
    {
      name: 'exactly an IPv4 minimum of its own',
      facts: { allowedCidrs: ['52.0.0.0/8'] },
      options: { ipv4MinPrefix: 8 },
    },
    {
      name: 'exactly an IPv6 minimum of its own',
      facts: { allowedCidrs: ['2620::/24'] },
      options: { ipv6MinPrefix: 24 },
    },
    {
      name: 'neighbours that do not make one block',
      facts: { allowedCidrs: ['52.21.0.0/16', '52.22.0.0/16'] },
    },
    { name: 'private and wide', facts: { allowedCidrs: ['10.0.0.0/8', 'fc00::/7', '224.0.0.0/3'] } },
    { name: 'sixteen networks at the IPv4 limit', facts: { allowedCidrs: scattered(16, 16) } },
    { name: 'as many addresses in smaller networks', facts: { allowedCidrs: scattered(4096, 24) } },
    { name: 'sixteen networks at the IPv6 limit', facts: { allowedCidrs: scattered6(16) } },
    {
      name: 'sixteen networks at a limit of its own',
      facts: { allowedCidrs: scattered(16, 24) },
      options: { ipv4MinPrefix: 24 },
    },
    {
      name: 'sixteen networks of each family',
      facts: { allowedCidrs: [...scattered(16, 16), ...scattered6(16)] },
    },
    {
      name: 'sixteen networks at the limit beside private ones',
      facts: { allowedCidrs: [...scattered(16, 16), '10.0.0.0/8', '192.168.0.0/16', '100.64.0.0/10'] },
    },
    {
      name: 'a little less than half of the IPv6 internet, whatever the minimum',
      facts: { allowedCidrs: ['2000::/5', '2800::/6', '2c00::/7', '2e00::/8'] },
      options: { ipv6MinPrefix: 0 },
    },
    {
      name: 'all IPv4-mapped addresses but half, whatever the minimum',
      facts: { allowedCidrs: ['::fffe:0:0/96'] },
    },
    {
      name: 'the lower half without its last block, whatever the minimum',
      // 1,851,129,336 of the internet's 3,702,258,688 addresses are half.
      facts: { allowedCidrs: ['0.0.0.0/2', '64.0.0.0/3', '96.0.0.0/5', '104.0.0.0/7'] },
      options: { ipv4MinPrefix: 0 },
    },
    { name: 'private and wide, IPv4-mapped', facts: { allowedCidrs: ['::ffff:10.0.0.0/104'] } },
    {
      name: 'private and wide, beside narrow public ones that do not touch it',
      facts: { allowedCidrs: ['10.0.0.0/8', '52.20.30.40'] },
    },
    {
      name: 'narrow, with an entry that means nothing',
      facts: { allowedCidrs: ['office', '52.20.30.40'] },
    },
    { name: 'a range that reads two ways, narrow in each', facts: { allowedCidrs: ['010.0.0.1'] } },
  ],
  fail: [
    {
      name: 'all of IPv4',
      facts: { allowedCidrs: ['0.0.0.0/0'] },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv4 address: name the networks it is used from',
      data: { families: ['IPv4'] },
    },
    {
      name: 'all of IPv4 in halves, beside a narrow one',
      kind: 'service-principal-credential',
      facts: { allowedCidrs: ['128.0.0.0/1', '2620:1::/48', '0.0.0.0/1'] },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv4 address: name the networks it is used from',
    },
    {
      name: 'all of IPv4, mapped',
      facts: { allowedCidrs: ['::ffff:0:0/96'] },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv4 address: name the networks it is used from',
    },
    {
      name: 'both families',
      kind: 'federation-trust',
      facts: { allowedCidrs: ['::/0', '0.0.0.0/0'] },
      messageId: 'everywhere',
      severity: 'high',
      message:
        'its entries together allow every IPv4 and every IPv6 address: name the networks it is used from',
    },
    {
      name: 'everywhere, though host bits are set',
      facts: { allowedCidrs: ['52.20.30.40/0'] },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv4 address: name the networks it is used from',
    },
    {
      name: 'everywhere, in short',
      facts: { allowedCidrs: ['0/0'] },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv4 address: name the networks it is used from',
    },
    {
      name: 'everywhere, whatever the minimum',
      facts: { allowedCidrs: ['::/0'] },
      options: { ipv4MinPrefix: 0, ipv6MinPrefix: 0 },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv6 address: name the networks it is used from',
    },
    {
      name: 'one bit broader than the IPv4 minimum',
      facts: { allowedCidrs: ['52.20.0.0/15'] },
      messageId: 'wide',
      severity: 'medium',
      message: 'allows 52.20.0.0/15 broader than /16: narrow it',
      data: { block: '52.20.0.0/15', limit: 16, count: 1 },
    },
    {
      name: 'one bit broader than the IPv6 minimum',
      facts: { allowedCidrs: ['2620::/31'] },
      messageId: 'wide',
      severity: 'medium',
      message: 'allows 2620::/31 broader than /32: narrow it',
    },
    {
      name: 'one bit broader than minima of its own',
      facts: { allowedCidrs: ['2620:0:8000::/33', '52.20.30.0/24'] },
      options: { ipv4MinPrefix: 25, ipv6MinPrefix: 34 },
      messageId: 'wide',
      severity: 'medium',
      message: 'allows 52.20.30.0/24 and 1 more network broader than /25: narrow them',
    },
    {
      name: 'broad once merged',
      facts: { allowedCidrs: ['52.21.0.0/16', '52.20.0.0/16'] },
      messageId: 'wide',
      severity: 'medium',
      message: 'allows 52.20.0.0/15 broader than /16: narrow it',
    },
    {
      name: 'private, but merged with public neighbours',
      facts: { allowedCidrs: ['10.0.0.0/8', '9.255.0.0/16'] },
      messageId: 'wide',
      severity: 'medium',
      message: 'allows 10.0.0.0/8 broader than /16: narrow it',
    },
    {
      name: 'half of both internets',
      facts: { allowedCidrs: ['0.0.0.0/1', '2000::/4'] },
      messageId: 'everywhere',
      severity: 'high',
      message: HALF('IPv4 and IPv6'),
      data: { families: ['IPv4', 'IPv6'], half: true },
    },
    {
      name: 'the upper half of the IPv6 internet, whatever the minimum',
      facts: { allowedCidrs: ['3000::/4'] },
      options: { ipv6MinPrefix: 0 },
      messageId: 'everywhere',
      severity: 'high',
      message: HALF('IPv6'),
    },
    {
      name: 'all of IPv4 that calls come from',
      facts: { allowedCidrs: ['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3'] },
      messageId: 'everywhere',
      severity: 'high',
      message: HALF('IPv4'),
    },
    {
      name: 'an IPv6 network that holds the IPv4-mapped addresses',
      facts: { allowedCidrs: ['::/80'] },
      options: { ipv6MinPrefix: 80 },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv4 address: name the networks it is used from',
      data: { families: ['IPv4'] },
    },
    {
      name: 'the smallest IPv6 network that holds more than the IPv4-mapped addresses',
      facts: { allowedCidrs: ['::fffe:0:0/95'] },
      messageId: 'everywhere',
      severity: 'high',
      message: 'its entries together allow every IPv4 address: name the networks it is used from',
    },
    {
      name: 'half of IPv4 in scattered small networks',
      facts: { allowedCidrs: scattered(16_384, 17) },
      messageId: 'wide',
      severity: 'medium',
      message:
        'its entries together allow as many addresses as 8192 networks of /16 (limit 16): remove those that are not used',
    },
    {
      name: 'one address more than sixteen networks at the limit',
      facts: { allowedCidrs: [...scattered(16, 16), '52.20.30.40'] },
      messageId: 'wide',
      severity: 'medium',
      message:
        'its entries together allow as many addresses as 17 networks of /16 (limit 16): remove those that are not used',
      data: { limit: 16, total: 17 },
    },
    {
      name: 'one address more than sixteen networks at the IPv6 limit',
      facts: { allowedCidrs: [...scattered6(16), '2620:1::1'] },
      messageId: 'wide',
      severity: 'medium',
      message:
        'its entries together allow as many addresses as 17 networks of /32 (limit 16): remove those that are not used',
      data: { limit: 32, total: 17 },
    },
    {
      name: 'seventeen networks at a limit of its own',
      facts: { allowedCidrs: scattered(17, 24) },
      options: { ipv4MinPrefix: 24 },
      messageId: 'wide',
      severity: 'medium',
      message:
        'its entries together allow as many addresses as 17 networks of /24 (limit 16): remove those that are not used',
    },
    {
      name: 'reads two ways, one of them wide',
      facts: { allowedCidrs: ['010.0.0.0/8'] },
      messageId: 'wide',
      severity: 'medium',
      message: 'allows 8.0.0.0/8 broader than /16: narrow it',
    },
    {
      name: 'no entry, lists off',
      facts: { allowedCidrs: [], tenantAllowList: lists(off, off), owner: ownedBy('system:user') },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
      data: { tenantAllowList: false },
    },
    {
      name: 'no entry, lists not known',
      facts: { allowedCidrs: [], tenantAllowList: undefined },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, a user under the users' list",
      facts: { allowedCidrs: [], tenantAllowList: lists(on, off), owner: ownedBy('system:viewer') },
      messageId: 'unrestricted',
      severity: 'low',
      message: TENANT_ONLY,
      data: { tenantAllowList: true },
    },
    {
      name: "no entry, a user beside the administrators' list",
      facts: { allowedCidrs: [], tenantAllowList: lists(off, on), owner: ownedBy('system:viewer') },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, a Super Administrator under the administrators' list",
      facts: {
        allowedCidrs: [],
        tenantAllowList: lists(off, on),
        owner: ownedBy('system:user', 'system:owner'),
      },
      messageId: 'unrestricted',
      severity: 'low',
      message: TENANT_ONLY,
    },
    {
      name: "no entry, a Super Administrator beside the users' list",
      facts: { allowedCidrs: [], tenantAllowList: lists(on, off), owner: ownedBy('system:owner') },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: 'no entry, owner not known, both lists on',
      facts: { allowedCidrs: [], tenantAllowList: lists(on, on), owner: undefined },
      messageId: 'unrestricted',
      severity: 'low',
      message: TENANT_ONLY,
    },
    {
      name: "no entry, owner not known, only the users' list on",
      facts: { allowedCidrs: [], tenantAllowList: lists(on, off), owner: undefined },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, owner's roles not known, only the administrators' list on",
      facts: {
        allowedCidrs: [],
        tenantAllowList: lists(off, on),
        owner: factsWith('owner', { roles: undefined }),
      },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, owner's roles blank, only the users' list on",
      facts: { allowedCidrs: [], tenantAllowList: lists(on, off), owner: ownedBy() },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: 'no entry, a list that is on and admits everyone',
      facts: {
        allowedCidrs: [],
        tenantAllowList: lists({ enabled: true, cidrs: ['0.0.0.0/0'] }, on),
        owner: ownedBy('system:user'),
      },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, a user under the users' empty list",
      facts: { allowedCidrs: [], tenantAllowList: lists(empty, on), owner: ownedBy('system:user') },
      messageId: 'unrestricted',
      severity: 'info',
      message: NOBODY,
      data: { tenantAllowList: true, empty: true },
    },
    {
      name: "no entry, a Super Administrator beside the users' empty list",
      facts: { allowedCidrs: [], tenantAllowList: lists(empty, on), owner: ownedBy('system:owner') },
      messageId: 'unrestricted',
      severity: 'low',
      message: TENANT_ONLY,
    },
    {
      name: 'no entry, owner not known, both lists empty',
      facts: { allowedCidrs: [], tenantAllowList: lists(empty, empty), owner: undefined },
      messageId: 'unrestricted',
      severity: 'info',
      message: NOBODY,
    },
    {
      name: 'no entry, owner not known, one list empty',
      facts: { allowedCidrs: [], tenantAllowList: lists(empty, on), owner: undefined },
      messageId: 'unrestricted',
      severity: 'low',
      message: TENANT_ONLY,
    },
    {
      name: 'no entry, an empty list that is off',
      facts: {
        allowedCidrs: [],
        tenantAllowList: lists({ enabled: false, cidrs: [] }, on),
        owner: ownedBy('system:user'),
      },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, a service principal's under empty lists: they are for personal clients",
      kind: 'service-principal-credential',
      facts: { allowedCidrs: [], tenantAllowList: lists(empty, empty) },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: 'no entry, a list that is on and admits half of the internet',
      facts: {
        allowedCidrs: [],
        tenantAllowList: lists({ enabled: true, cidrs: ['0.0.0.0/1'] }, on),
        owner: ownedBy('system:user'),
      },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, a service principal's: the lists are for personal clients",
      kind: 'service-principal-credential',
      facts: { allowedCidrs: [], tenantAllowList: lists(on, on) },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
    {
      name: "no entry, a trust's: the lists are for personal clients",
      kind: 'federation-trust',
      facts: { allowedCidrs: [], tenantAllowList: lists(on, on) },
      messageId: 'unrestricted',
      severity: 'medium',
      message: ANYWHERE,
    },
  ],
  unknown: [
    { name: 'entries not known', facts: { allowedCidrs: undefined }, unknown: 'allowedCidrs' },
    {
      name: 'no entry that means anything',
      facts: { allowedCidrs: ['any', ''] },
      unknown: {
        reason: 'none of its 2 source restrictions is an address or CIDR',
        cure: 'Correct its source restrictions.',
      },
    },
  ],
});
