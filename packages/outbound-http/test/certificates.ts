import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

// Just enough DER (X.690) to make certificates of every kind of wrong at test time, instead of keeping keys in the repository.
const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const name = (text: string) => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
const time = (seconds: number) =>
  der(0x18, Buffer.from(`${new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '')}`));
const extension = (id: string, critical: boolean, value: Buffer) =>
  sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([255]))] : []), der(0x04, value));

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** A certificate for one DNS name; `endsInSeconds` may lie in the past. */
  issue(dnsName: string, endsInSeconds?: number): Certificate;
}

interface Subject {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly endsInSeconds: number;
  readonly extension: Buffer;
}

function certify({ issuer, subject, publicKey, signer, endsInSeconds, extension: only }: Subject): string {
  const now = Math.floor(Date.now() / 1000);
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    name(issuer),
    sequence(time(now - 86_400), time(now + endsInSeconds)),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(only)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', tbs, signer));
  const body = sequence(tbs, ECDSA_SHA256, signature).toString('base64').replace(/.{64}/g, '$&\n').trim();
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
}

const pem = (key: KeyObject) => String(key.export({ type: 'pkcs8', format: 'pem' }));

/** A certificate authority that lives for one test file. */
export function createAuthority(): Authority {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = 'Test authority';
  const isAuthority = extension('551d13', true, sequence(der(0x01, Buffer.from([255]))));
  const common = { issuer, signer: privateKey };
  return {
    key: pem(privateKey),
    cert: certify({
      ...common,
      subject: issuer,
      publicKey: createPublicKey(privateKey),
      endsInSeconds: 86_400,
      extension: isAuthority,
    }),
    issue(dnsName, endsInSeconds = 86_400) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const alternative = extension('551d11', false, sequence(der(0x82, Buffer.from(dnsName))));
      return {
        key: pem(own.privateKey),
        cert: certify({ ...common, subject: dnsName, publicKey: own.publicKey, endsInSeconds, extension: alternative }),
      };
    },
  };
}
