import rule from '../../rules/malformed-cidr.js';
import { testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'no entry', facts: { allowedCidrs: [] } },
    {
      name: 'addresses and CIDRs of both families',
      facts: {
        allowedCidrs: ['52.20.30.40', '10.0.0.0/8', '2620:1::1', '2620:0001::/32', '::ffff:10.0.0.0/104'],
      },
    },
    { name: 'the same twice', facts: { allowedCidrs: ['10.0.0.0/8', '10.0.0.0/8'] } },
  ],
  fail: [
    {
      name: 'no address',
      facts: { allowedCidrs: ['10.0.0.0/8', 'office'] },
      messageId: 'malformed',
      severity: 'low',
      message: 'the entry "office" is not an address or CIDR: correct it',
      data: { entry: 'office', problem: 'is not an address or CIDR', count: 1 },
    },
    {
      name: 'leading zeros',
      facts: { allowedCidrs: ['010.0.0.0/8'] },
      messageId: 'malformed',
      severity: 'low',
      message: 'the entry "010.0.0.0/8" has leading zeros: correct it',
    },
    {
      name: 'fewer than four parts, and more',
      kind: 'service-principal-credential',
      facts: { allowedCidrs: ['10.1', '0x0a.0.0.1', '52.20.30.40'] },
      messageId: 'malformed',
      severity: 'low',
      message: 'the entry "10.1" has fewer than four parts, and 1 more is malformed: correct them',
    },
    {
      name: 'hexadecimal, and more',
      kind: 'federation-trust',
      facts: { allowedCidrs: ['0x0a.0.0.1', '10.1', '10.2'] },
      messageId: 'malformed',
      severity: 'low',
      message: 'the entry "0x0a.0.0.1" is written in hexadecimal, and 2 more are malformed: correct them',
    },
    {
      name: 'host bits',
      facts: { allowedCidrs: ['10.0.0.1/8'] },
      messageId: 'malformed',
      severity: 'low',
      message: 'the entry "10.0.0.1/8" has host bits set: correct it',
    },
    {
      name: 'a long one is cut between characters',
      facts: { allowedCidrs: [`${'🔑'.repeat(60)}x`] },
      messageId: 'malformed',
      severity: 'low',
      message: `the entry "${'🔑'.repeat(60)}…" is not an address or CIDR: correct it`,
    },
    {
      name: 'one that just fits is not',
      facts: { allowedCidrs: ['x'.repeat(60)] },
      messageId: 'malformed',
      severity: 'low',
      message: `the entry "${'x'.repeat(60)}" is not an address or CIDR: correct it`,
    },
    {
      name: 'one that is a character too long is',
      facts: { allowedCidrs: ['x'.repeat(61)] },
      messageId: 'malformed',
      severity: 'low',
      message: `the entry "${'x'.repeat(60)}…" is not an address or CIDR: correct it`,
    },
  ],
  unknown: [{ name: 'entries not known', facts: { allowedCidrs: undefined }, unknown: 'allowedCidrs' }],
});
