import type { SigningKey } from '@chatelaine/crypto';
import {
  type ClientIdentity,
  type Failure,
  type PublishedKeys,
  registerClient,
  requesterClientDocument,
  requesterClientMetadata,
} from '@chatelaine/oauth-client';
import type { ClientDocument, ServerMetadata } from '@chatelaine/protocol';
import type { Kit, RequesterOptions } from './options.ts';
import type { RegistrationStore } from './requester-store.ts';
import { encryptRegistration } from './secrets.ts';

/** The document the app serves at its client id. PROTOCOL §2.1. */
export function clientDocumentOf(options: RequesterOptions): ClientDocument | null {
  const { registration } = options;
  if (registration.kind === 'dynamic') return null;
  return requesterClientDocument({
    ...described(options),
    clientId: registration.clientId,
    keys: publishedKeys(options),
    ...(options.host === undefined ? {} : { host: options.host }),
  });
}

/** The app's client id at an AM: its document's URL, or that of a registration made on first use and kept. */
export async function identityAt(kit: Kit, server: ServerMetadata): Promise<ClientIdentity | Failure> {
  const { registration } = kit;
  if (registration.kind === 'document') return asClient(kit, registration.clientId);
  const known = await registration.store.findRegistration(server.issuer);
  return known === null ? registerAt(kit, server, registration.store) : asClient(kit, known.clientId);
}

/** Registers again, whatever was registered before: also for an AM that forgot. RFC 7591 §3. */
export function registerAt(
  kit: Kit,
  server: ServerMetadata,
  store: RegistrationStore,
): Promise<ClientIdentity | Failure> {
  return kit.share(`register ${server.issuer}`, async () => {
    const metadata = requesterClientMetadata({ ...described(kit), keys: publishedKeys(kit) });
    const registered = await registerClient(kit, { server, metadata });
    if (registered.kind !== 'ok') return registered;
    const { clientId, registrationAccessToken: token, registrationClientUri: uri } = registered;
    const managed =
      token === undefined || uri === undefined ? {} : { registrationAccessToken: token, registrationClientUri: uri };
    await store.putRegistration({
      am: server.issuer,
      clientId,
      encrypted: encryptRegistration(kit, server.issuer, managed),
    });
    return asClient(kit, clientId);
  });
}

/** A client id this app had when it connected, and the key that proves it. */
export function asClient({ signingKey }: Pick<Kit, 'signingKey'>, clientId: string): ClientIdentity {
  const authentication =
    signingKey === undefined
      ? { kind: 'none' as const }
      : { kind: 'private_key_jwt' as const, key: currentOf(signingKey) };
  return { clientId, authentication };
}

export function isIdentity(value: ClientIdentity | Failure): value is ClientIdentity {
  return 'clientId' in value;
}

function described({ name, uri, logoUri, redirectUri, terms }: RequesterOptions): {
  name: string;
  uri?: string;
  logoUri?: string;
  redirectUris: string[];
  terms?: string[];
} {
  const accepts = terms?.accepts.map((one) => one.uri) ?? [];
  return {
    name,
    redirectUris: [redirectUri],
    ...(uri === undefined ? {} : { uri }),
    ...(logoUri === undefined ? {} : { logoUri }),
    ...(accepts.length === 0 ? {} : { terms: accepts }),
  };
}

function publishedKeys({ signingKey, registration }: RequesterOptions): PublishedKeys {
  if (signingKey === undefined) return { kind: 'none' };
  const keys = [...allOf(signingKey)];
  if (registration.kind === 'dynamic') return { kind: 'jwks', keys };
  const { jwksUri } = registration;
  return jwksUri === undefined ? { kind: 'jwks', keys } : { kind: 'jwks_uri', uri: jwksUri };
}

type Keys = NonNullable<RequesterOptions['signingKey']>;
/** The key that currently signs. */
export const currentOf = (keys: Keys): SigningKey => ('current' in keys ? keys.current : keys);

/** All keys to publish. */
export const allOf = (keys: Keys | undefined): readonly SigningKey[] =>
  keys === undefined ? [] : 'all' in keys ? keys.all : [keys];
