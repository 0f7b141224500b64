import { hostTag } from '@chatelaine/crypto';
import type { Client } from '@chatelaine/oauth-server';
import type { Issuer } from '@chatelaine/protocol';

/**
 * An AM's id at this Host ends in the Host's own tag. Any other id is refused without a fetch, so that nobody can make
 * a Host fetch arbitrary URLs, and a document made for another Host is worth nothing here. PROTOCOL §2.2.
 */
export function admitClientId(ownIssuer: Issuer): (clientId: string) => string | null {
  const path = `/clients/${hostTag(ownIssuer)}`;
  return (clientId) =>
    clientId.endsWith(path) && URL.parse(clientId)?.origin === clientId.slice(0, -path.length)
      ? null
      : 'Only authorization managers can be clients here, by the client document each publishes for this Host.';
}

/**
 * A Host's clients are AMs, known by the document each AM publishes for exactly this Host: its id, redirect URI and
 * keys all lie on the origin of the issuer it names. Otherwise a sentence for the author of the document. PROTOCOL
 * §2.2.
 */
export function admitClient(ownIssuer: Issuer): (client: Client) => string | null {
  const tag = hostTag(ownIssuer);
  const refusalOf = (client: Client): string | null => {
    const am = client.issuer;
    if (client.source !== 'document' || am === null) return 'This client document names no issuer.';
    if (am === ownIssuer) return 'This service is not its own authorization manager.';
    if (client.id !== `${am}/clients/${tag}`) return 'This client document names an issuer other than its own origin.';
    if (client.redirectUris.length !== 1 || client.redirectUris[0] !== `${am}/callback/${tag}`) {
      return 'The redirect URI of this client document is not the one for this Host.';
    }
    if (client.authMethod !== 'private_key_jwt') return 'An authorization manager authenticates with private_key_jwt.';
    if (client.keys?.kind !== 'uri' || new URL(client.keys.uri).origin !== am) {
      return 'The keys of an authorization manager must be published on its own origin.';
    }
    return null;
  };
  // the kernel keeps a document it has read, and a client read from it does not change
  const known = new WeakMap<Client, string | null>();
  return (client) => {
    const before = known.get(client);
    if (before !== undefined) return before;
    const refusal = refusalOf(client);
    known.set(client, refusal);
    return refusal;
  };
}
