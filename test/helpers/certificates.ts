import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate authority of one's own, and a server certificate by it; all in PEM. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes them anew, for the names given. Node makes no certificates, and not every machine has openssl: these are put
 * together by hand (RFC 5280), with keys on P-256.
 */
export function makeCertificates(names: readonly string[]): Certificates {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = name('A private authority');
  const ca = certificate({
    issuer,
    subject: issuer,
    key: authority.publicKey,
    signer: authority.privateKey,
    extensions: [
      extension('2.5.29.19', sequence(tlv(0x01, Buffer.from([0xff])))),
      // keyCertSign and cRLSign
      extension('2.5.29.15', tlv(0x03, Buffer.from([0x01, 0x06]))),
    ],
  });
  const cert = certificate({
    issuer,
    subject: name(names[0] ?? ''),
    key: server.publicKey,
    signer: authority.privateKey,
    extensions: [extension('2.5.29.17', sequence(...names.map((dns) => tlv(0x82, Buffer.from(dns)))), false)],
  });
  return {
    ca: pem(ca),
    cert: pem(cert),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function certificate(about: {
  issuer: Buffer;
  subject: Buffer;
  key: KeyObject;
  signer: KeyObject;
  extensions: Buffer[];
}): Buffer {
  const day = 86_400_000;
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    about.issuer,
    sequence(utcTime(Date.now() - day), utcTime(Date.now() + day)),
    about.subject,
    about.key.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...about.extensions)),
  );
  const signature = sign('sha256', body, about.signer);
  return sequence(body, algorithm, tlv(0x03, Buffer.from([0]), signature));
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const digits = [value & 0x7f];
    for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  };
  return tlv(0x06, Buffer.from([40 * first + second, ...rest.flatMap(base128)]));
}

function name(common: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(common)))));
}

function utcTime(ms: number): Buffer {
  return tlv(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));
}

function extension(id: string, value: Buffer, critical = true): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
