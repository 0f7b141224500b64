import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { decodeAttestationObject, isoBase64URL, isoCBOR } from '@simplewebauthn/server/helpers';
import { z } from 'zod';

type CBORType = Parameters<typeof isoCBOR.encode>[0];

/** base64url without padding, as browsers send it. */
const bytes = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[A-Za-z0-9_-]*$/);

/** WebAuthn §5.8.3: at most 1023 bytes. */
const credentialId = bytes(1_364).min(1);
const clientDataJSON = bytes(8_192).min(1);
const credential = { id: credentialId, rawId: credentialId, type: z.literal('public-key') };

const assertionSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON,
    authenticatorData: bytes(4_096).min(1),
    signature: bytes(8_192).min(1),
    userHandle: bytes(128).optional(),
  }),
});

const TRANSPORTS = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const;
export type Transport = (typeof TRANSPORTS)[number];
const isTransport = (name: string): name is Transport => (TRANSPORTS as readonly string[]).includes(name);

const registrationSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON,
    attestationObject: bytes(40_000).min(1),
    transports: z.array(z.string().max(32)).max(16).optional(),
  }),
});

/** Transports that are not known are left out. */
export type Registration = RegistrationResponseJSON & { readonly response: { readonly transports: Transport[] } };

/** Reads what `startAuthentication` of @simplewebauthn/browser returned; null if it is anything else. */
export function readAssertion(text: string): AuthenticationResponseJSON | null {
  const read = assertionSchema.safeParse(parsed(text));
  if (!read.success) return null;
  const { userHandle, ...response } = read.data.response;
  return {
    ...read.data,
    response: { ...response, ...(userHandle !== undefined && { userHandle }) },
    clientExtensionResults: {},
  };
}

/**
 * Reads what `startRegistration` returned; null if it is anything else. The attestation is dropped, as if there were
 * none: we do not ask for it, and verifying one means fetching URLs that its certificates name (WebAuthn §5.4.7, RFC
 * 5280 §4.2.1.13).
 */
export function readRegistration(text: string): Registration | null {
  const read = registrationSchema.safeParse(parsed(text));
  if (!read.success) return null;
  const { response, ...rest } = read.data;
  const attestationObject = withoutAttestation(response.attestationObject);
  if (attestationObject === null) return null;
  const transports = (response.transports ?? []).filter(isTransport);
  return {
    ...rest,
    response: { clientDataJSON: response.clientDataJSON, attestationObject, transports },
    clientExtensionResults: {},
  };
}

function withoutAttestation(attestationObject: string): string | null {
  try {
    const authData = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject)).get('authData');
    if (!(authData instanceof Uint8Array)) return null;
    const none = new Map<string, CBORType>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    return isoBase64URL.fromBuffer(new Uint8Array(isoCBOR.encode(none)));
  } catch {
    // not CBOR, or not a map
    return null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
