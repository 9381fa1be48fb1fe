import rule from '../../rules/network-wider-than-use.js';
import type { Usage } from '../../src/contract/index.js';
import { ago, factsWith, testRule } from '../../src/testing.js';

const used = (addresses: readonly string[], over: Partial<Usage> = {}) => ({
  createdAt: ago(100),
  usage: factsWith('usage', {
    since: ago(30),
    addresses: addresses.map((address) => ({ address, count: 1, lastAt: ago(1) })),
    ...over,
  }),
});
const from = (allowedCidrs: readonly string[], addresses: readonly string[], over: Partial<Usage> = {}) => ({
  allowedCidrs,
  ...used(addresses, over),
});
const KEEP = 'Keep a state (--state): what the log covers adds up from audit to audit.';
const LOOK = 'Look at its use in the system log of ConductorOne.';
const NET = '52.20.30.0/24';
const hosts = (...hosts: number[]) => hosts.map((host) => `52.20.30.${host}`);

testRule(rule, {
  pass: [
    { name: 'exactly 16 times the used addresses', facts: from(['52.20.30.0/28'], hosts(4)) },
    { name: 'a day too young', facts: { ...from([NET], hosts(4)), createdAt: ago(30, 1) } },
    { name: 'not used at all', facts: from([NET], []) },
    { name: 'a factor of its own', facts: from([NET], hosts(4)), options: { factor: 256 } },
    {
      name: 'nothing that one network could leave out',
      facts: from([NET], hosts(0, 100, 255)),
      options: { maxEntries: 1 },
    },
  ],
  fail: [
    {
      name: 'one bit more than 16 times',
      facts: from(['52.20.30.0/27'], hosts(4)),
      messageId: 'narrow',
      severity: 'low',
      message: 'used from 1 address in 30 days, but allowed from 32: limit it to 52.20.30.4/32',
      data: { used: 1, days: 30, allowed: '32', networks: ['52.20.30.4/32'] },
    },
    {
      name: 'a creation date that is not known',
      facts: { ...from([NET], hosts(4, 5, 9)), createdAt: undefined },
      messageId: 'narrow',
      severity: 'low',
      message:
        'used from 3 addresses in 30 days, but allowed from 256: limit it to 52.20.30.4/31, 52.20.30.9/32',
    },
    {
      name: 'exactly as old as the window',
      facts: { ...from([NET], hosts(4)), createdAt: ago(30) },
      messageId: 'narrow',
      severity: 'low',
      message: 'used from 1 address in 30 days, but allowed from 256: limit it to 52.20.30.4/32',
    },
    {
      name: 'no restriction at all, both families',
      kind: 'federation-trust',
      facts: from([], ['52.20.30.4', '2620:1::7']),
      messageId: 'narrow',
      severity: 'low',
      message:
        'used from 2 addresses in 30 days, but allowed from anywhere: limit it to 52.20.30.4/32, 2620:1::7/128',
      data: {
        used: 2,
        days: 30,
        allowed: 'anywhere',
        networks: ['52.20.30.4/32', '2620:1::7/128'],
      },
    },
    {
      name: 'IPv6, in another notation',
      kind: 'service-principal-credential',
      facts: from(['2620:1::/48'], ['2620:1:0:0:0:0:0:7']),
      messageId: 'narrow',
      severity: 'low',
      message: 'used from 1 address in 30 days, but allowed from some 2^80: limit it to 2620:1::7/128',
    },
    {
      name: 'merged up to the limit, where it costs least',
      facts: from(['52.20.0.0/16'], [...hosts(1, 2, 64), '52.20.99.7']),
      options: { maxEntries: 3 },
      messageId: 'narrow',
      severity: 'low',
      message:
        'used from 4 addresses in 30 days, but allowed from 65536: limit it to 52.20.30.0/30, 52.20.30.64/32, 52.20.99.7/32',
    },
    {
      name: 'more networks than a message lists',
      facts: from(['52.20.0.0/16'], hosts(1, 4, 8, 16, 32)),
      messageId: 'narrow',
      severity: 'low',
      message:
        'used from 5 addresses in 30 days, but allowed from 65536: limit it to 52.20.30.1/32, 52.20.30.4/32, 52.20.30.8/32, 52.20.30.16/32 and 1 more',
    },
  ],
  unknown: [
    { name: 'the log was not read', facts: { allowedCidrs: [NET], usage: undefined }, unknown: 'usage' },
    {
      name: 'networks not known',
      facts: { ...used(hosts(4)), allowedCidrs: undefined },
      unknown: 'allowedCidrs',
    },
    {
      name: 'a log that covers a millisecond less',
      facts: from([NET], hosts(4), { since: ago(30, 1) }),
      unknown: { reason: 'the system log covers 29 of 30 days', cure: KEEP },
    },
    {
      name: 'a log that was cut off',
      facts: from([NET], hosts(4), { complete: false }),
      unknown: { reason: 'the system log was not read completely', cure: KEEP },
    },
    {
      name: 'a use without an address',
      facts: from([NET], ['', '52.20.30.4']),
      unknown: { reason: 'the system log does not show the address of every use', cure: LOOK },
    },
    {
      name: 'a use outside of its networks',
      facts: from([NET], ['52.20.31.4']),
      unknown: {
        reason: 'it was used from addresses that its source networks do not allow now',
        cure: LOOK,
      },
    },
    {
      name: 'networks that mean nothing',
      facts: from(['office'], hosts(4)),
      unknown: {
        reason: 'none of its source restrictions is an address or CIDR',
        cure: 'Correct its source restrictions.',
      },
    },
    {
      name: 'more networks apart than may be proposed',
      facts: from(['52.20.0.0/20', '52.40.0.0/20'], ['52.20.0.1', '52.40.0.1']),
      options: { maxEntries: 1 },
      unknown: {
        reason: 'more than 1 network would be needed for the addresses that it was used from',
        cure: 'Raise maxEntries of this rule, or merge its source networks.',
      },
    },
  ],
});
