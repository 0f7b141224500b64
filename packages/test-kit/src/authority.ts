import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { sha256 } from '@chatelaine/crypto';
import { bits, explicit, implicit, integer, octets, oid, sequence, setOf, time, utf8, yes } from './der.ts';

/** Key and certificate for `node:https` and `node:tls`, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * A certificate authority for one run of tests. Its key is in memory only, and only who is given its certificate trusts
 * it.
 */
export interface LocalAuthority {
  /** Its own certificate, PEM. */
  readonly ca: string;
  /** Key and certificate of a server that presents the authority's own certificate. */
  readonly itself: Certificate;
  /**
   * A certificate for exactly these names. A negative lifetime makes an expired one. (Node accepts no `*.localhost`,
   * because a wildcard needs two labels after it.)
   */
  certificate(names: readonly string[], lifetimeSeconds?: number): Certificate;
  /** Writes the certificate to a file, for `NODE_EXTRA_CA_CERTS`; returns its path. */
  write(folder: string): string;
}

const NAME = '2.5.4.3';
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const SUBJECT_KEY = '2.5.29.14';
const AUTHORITY_KEY = '2.5.29.35';
const KEY_CERT_SIGN = bits(Buffer.from([0b0000_0100]), 2);
const DNS_NAME = 2;
const DAY_SECONDS = 86_400;

export function createLocalAuthority(): LocalAuthority {
  const issuer = { name: `Chatelaine tests ${randomBytes(4).toString('hex')}`, ...newKeys() };
  const ca = issue(issuer, {
    subject: issuer.name,
    publicKey: issuer.publicKey,
    extensions: [
      critical(BASIC_CONSTRAINTS, sequence(yes())),
      critical(KEY_USAGE, KEY_CERT_SIGN),
      sequence(oid(SUBJECT_KEY), octets(octets(keyId(issuer.publicKey)))),
    ],
  });
  return {
    ca,
    itself: { cert: ca, key: pem(issuer.privateKey) },
    certificate(names, lifetimeSeconds) {
      const { publicKey, privateKey } = newKeys();
      const alternatives = sequence(...names.map((name) => implicit(DNS_NAME, Buffer.from(name))));
      const extensions = [
        sequence(oid(SUBJECT_ALT_NAME), octets(alternatives)),
        sequence(oid(AUTHORITY_KEY), octets(sequence(implicit(0, keyId(issuer.publicKey))))),
      ];
      const cert = issue(issuer, { subject: names[0] ?? '', publicKey, extensions, lifetimeSeconds });
      return { cert, key: pem(privateKey) };
    },
    write(folder) {
      const file = path.join(folder, 'ca.pem');
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(file, ca);
      return file;
    },
  };
}

interface Issuer {
  readonly name: string;
  readonly privateKey: KeyObject;
}

interface Request {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Uint8Array[];
  readonly lifetimeSeconds?: number | undefined;
}

/** RFC 5280 §4.1. */
function issue(issuer: Issuer, { subject, publicKey, extensions, lifetimeSeconds = DAY_SECONDS }: Request): string {
  const inSeconds = (seconds: number): Buffer => time(new Date(Date.now() + seconds * 1_000));
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))), // v3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    named(issuer.name),
    sequence(inSeconds(-DAY_SECONDS), inSeconds(lifetimeSeconds)),
    named(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions)),
  );
  const der = sequence(toBeSigned, ECDSA_SHA256, bits(sign('sha256', toBeSigned, issuer.privateKey)));
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

const pem = (key: KeyObject): string => String(key.export({ type: 'pkcs8', format: 'pem' }));
const named = (name: string): Buffer => sequence(setOf(sequence(oid(NAME), utf8(name))));
const critical = (id: string, value: Uint8Array): Buffer => sequence(oid(id), yes(), octets(value));
/** An id that differs for each key. RFC 5280 §4.2.1.2. */
const keyId = (key: KeyObject): Buffer => sha256(key.export({ type: 'spki', format: 'der' })).subarray(0, 20);
const newKeys = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });
