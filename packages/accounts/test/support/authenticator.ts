import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { sha256 } from '@chatelaine/crypto';

/** What a test changes in the answer of an authenticator. */
export interface Oddity {
  /** The page's origin, as the browser reports it. */
  origin?: string;
  rpId?: string;
  /** User present 0x01, user verified 0x04, attested credential data 0x40 in a new passkey. */
  flags?: number;
  challenge?: string;
  type?: string;
  userHandle?: string;
  counter?: number;
  signedBy?: KeyObject;
}

/** A passkey without a browser: ES256, made and used as by an authenticator and its browser (WebAuthn §6). */
export interface SoftPasskey {
  readonly id: string;
  /** What the browser answers to `navigator.credentials.create`, as JSON. */
  make(options: Options, odd?: Oddity): string;
  /** … and to `navigator.credentials.get`. */
  sign(options: Options, odd?: Oddity): string;
}

/** The options that a page passes to the browser. */
export interface Options {
  challenge: string;
  user?: { id: string };
}

const PRESENT_AND_VERIFIED = 0x05;
const ATTESTED = 0x40;

export function softPasskey(origin: string, { counter = 0 }: { counter?: number } = {}): SoftPasskey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const idBytes = randomBytes(32);
  const id = idBytes.toString('base64url');
  const rpId = new URL(origin).hostname;
  let userHandle: string | undefined;
  let count = counter;

  const clientData = (type: string, options: Options, odd: Oddity): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: odd.type ?? type,
        challenge: odd.challenge ?? options.challenge,
        origin: odd.origin ?? origin,
        crossOrigin: false,
      }),
    );
  const authData = (flags: number, odd: Oddity): Buffer => {
    const count4 = Buffer.alloc(4);
    count4.writeUInt32BE(odd.counter ?? count);
    return Buffer.concat([sha256(odd.rpId ?? rpId), Buffer.from([odd.flags ?? flags]), count4]);
  };
  return {
    id,
    make(options, odd = {}) {
      userHandle = options.user?.id;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(idBytes.length);
      const key = coseKey(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'));
      const data = Buffer.concat([
        authData(PRESENT_AND_VERIFIED | ATTESTED, odd),
        Buffer.alloc(16),
        length,
        idBytes,
        key,
      ]);
      const attestationObject = Buffer.concat([
        Buffer.from([0xa3]),
        text('fmt'),
        text('none'),
        text('attStmt'),
        Buffer.from([0xa0]),
        text('authData'),
        bytes(data),
      ]);
      const response = {
        clientDataJSON: clientData('webauthn.create', options, odd).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal', 'something new'],
      };
      return JSON.stringify({ id, rawId: id, type: 'public-key', response, clientExtensionResults: {} });
    },
    sign(options, odd = {}) {
      if (counter > 0) count += 1;
      const client = clientData('webauthn.get', options, odd);
      const data = authData(PRESENT_AND_VERIFIED, odd);
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), {
        key: odd.signedBy ?? privateKey,
      });
      const response = {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: odd.userHandle ?? userHandle,
      };
      return JSON.stringify({ id, rawId: id, type: 'public-key', response, clientExtensionResults: {} });
    },
  };
}

/** The options in the first block of this kind on a page. */
export function optionsIn(html: string, kind: 'get' | 'create'): Options {
  const [, found] = new RegExp(`data-passkey="${kind}" data-options="([^"]*)"`).exec(html) ?? [];
  if (found === undefined) throw new Error(`Nothing on the page asks to ${kind} a passkey.`);
  return JSON.parse(found.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as Options;
}

/** RFC 8949: a text of up to 23 bytes. */
const text = (value: string): Buffer => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);

/** RFC 8949: bytes of any length up to 65,535. */
const bytes = (value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x59, value.length >> 8, value.length & 0xff]), value]);

/** RFC 9053 §7.1: EC2, ES256, P-256. */
const coseKey = (x: Buffer, y: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]),
    x,
    Buffer.from([0x22, 0x58, 0x20]),
    y,
  ]);
