import rule from '../../rules/unreachable-cidr.js';
import { testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'no entry', facts: { allowedCidrs: [] } },
    { name: 'a public address', facts: { allowedCidrs: ['52.20.30.40'] } },
    { name: 'one public among private ones', facts: { allowedCidrs: ['10.0.0.0/8', '52.20.30.40'] } },
    { name: 'one address more than private', facts: { allowedCidrs: ['10.0.0.0/8', '11.0.0.0'] } },
    { name: 'everything', facts: { allowedCidrs: ['0.0.0.0/0'] } },
    { name: 'a malformed one among private ones', facts: { allowedCidrs: ['10.0.0.0/8', 'office'] } },
    { name: 'a private one with host bits set', facts: { allowedCidrs: ['10.0.0.1/8'] } },
  ],
  fail: [
    {
      name: 'a private network',
      facts: { allowedCidrs: ['10.0.0.0/8'] },
      messageId: 'unreachable',
      severity: 'info',
      message: 'allows only 10.0.0.0/8, which no internet caller can match: name public addresses',
      data: { block: '10.0.0.0/8', count: 1 },
    },
    {
      name: 'several, of both families',
      kind: 'service-principal-credential',
      facts: { allowedCidrs: ['fe80::1', '192.168.1.0/24', '127.0.0.1'] },
      messageId: 'unreachable',
      severity: 'info',
      message:
        'allows only 127.0.0.1/32 and 2 more networks, which no internet caller can match: name public addresses',
    },
    {
      name: 'IPv4-mapped',
      kind: 'federation-trust',
      facts: { allowedCidrs: ['::ffff:10.1.2.3', '::1'] },
      messageId: 'unreachable',
      severity: 'info',
      message:
        'allows only 10.1.2.3/32 and 1 more network, which no internet caller can match: name public addresses',
    },
  ],
  unknown: [{ name: 'entries not known', facts: { allowedCidrs: undefined }, unknown: 'allowedCidrs' }],
});
