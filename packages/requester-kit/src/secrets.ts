import { type SigningKey, signingKeyOf } from '@chatelaine/crypto';
import type { Kit } from './options.ts';
import type { ConnectionRef, StateKey } from './requester-store.ts';

/** The secrets of a started connection. */
export interface StateSecrets {
  readonly state: string;
  readonly verifier: string;
  readonly dpopKey: SigningKey;
  /** The connection that is to have more; absent if it is to be a new one. */
  readonly connectionId?: string;
}

/** The secrets of a connection: its tokens at the AM and its key, which it keeps for life. */
export interface ConnectionSecrets {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly dpopKey: SigningKey;
}

type VaultDeps = Pick<Kit, 'vault'>;

export function encryptState({ vault }: VaultDeps, key: StateKey, secrets: StateSecrets): Uint8Array {
  const { state, verifier, dpopKey, connectionId } = secrets;
  return vault.encrypt(JSON.stringify({ state, verifier, dpopKey: dpopKey.privateJwk, connectionId }), stateAad(key));
}

export function decryptState({ vault }: VaultDeps, row: StateKey & { readonly encrypted: Uint8Array }): StateSecrets {
  const { state, verifier, dpopKey, connectionId } = read(vault.decrypt(row.encrypted, stateAad(row)));
  const more = connectionId === undefined ? {} : { connectionId: text(connectionId) };
  return { state: text(state), verifier: text(verifier), dpopKey: signingKeyOf(dpopKey), ...more };
}

export function encryptConnection({ vault }: VaultDeps, ref: ConnectionRef, secrets: ConnectionSecrets): Uint8Array {
  const { accessToken, refreshToken, dpopKey } = secrets;
  return vault.encrypt(JSON.stringify({ accessToken, refreshToken, dpopKey: dpopKey.privateJwk }), connectionAad(ref));
}

export function decryptConnection(
  { vault }: VaultDeps,
  row: ConnectionRef & { readonly encrypted: Uint8Array },
): ConnectionSecrets {
  const { accessToken, refreshToken, dpopKey } = read(vault.decrypt(row.encrypted, connectionAad(row)));
  return { accessToken: text(accessToken), refreshToken: text(refreshToken), dpopKey: signingKeyOf(dpopKey) };
}

/** The access to a dynamic registration. RFC 7592 §3. */
export interface RegistrationSecrets {
  readonly registrationAccessToken?: string;
  readonly registrationClientUri?: string;
}

export function encryptRegistration({ vault }: VaultDeps, am: string, secrets: RegistrationSecrets): Uint8Array {
  return vault.encrypt(JSON.stringify(secrets), registrationAad(am));
}

export function decryptRegistration({ vault }: VaultDeps, am: string, encrypted: Uint8Array): RegistrationSecrets {
  const { registrationAccessToken: token, registrationClientUri: uri } = read(
    vault.decrypt(encrypted, registrationAad(am)),
  );
  return typeof token === 'string' && typeof uri === 'string'
    ? { registrationAccessToken: token, registrationClientUri: uri }
    : {};
}

// PROTOCOL §8: bound to row and owner, so that no row can be swapped with another
const stateAad = ({ stateHash, owner }: StateKey): string => JSON.stringify(['state', stateHash, owner]);
const registrationAad = (am: string): string => JSON.stringify(['registration', am]);
const connectionAad = ({ connectionId, owner }: ConnectionRef): string =>
  JSON.stringify(['connection', connectionId, owner]);

function read(json: string): Record<string, unknown> {
  return JSON.parse(json) as Record<string, unknown>;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('An encrypted value has another shape than this version writes.');
  return value;
}
