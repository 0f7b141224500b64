import { isHost, LIMIT, OAuthError, type Schemes } from '@chatelaine/protocol';
import { LRUCache } from 'lru-cache';
import type { ServerConfig } from '../deps.ts';
import { checkClientMetadata } from './check-metadata.ts';
import type { Client } from './client.ts';
import { type DocumentDeps, type Read, readDocument } from './documents.ts';
import { keepMetadata } from './keep-metadata.ts';

export type ResolvedClient =
  | { readonly kind: 'client'; readonly client: Client }
  /** `reason` is for the operator, `sentence` for the client's developer. */
  | {
      readonly kind: 'unknown';
      readonly sentence: string;
      readonly reason: string;
      /** It is about a document, which anybody may read: whoever names it is told wherever they do. */
      readonly isPublic: boolean;
    };

type ResolveDeps = DocumentDeps & {
  readonly config: Pick<
    ServerConfig,
    'schemes' | 'clientDocuments' | 'relationshipTokens' | 'admitClientId' | 'admitClient'
  >;
};

/** Finds a client by its id: a URL is that of a client ID metadata document; anything else was registered here. */
export async function resolveClient(deps: ResolveDeps, clientId: string): Promise<ResolvedClient> {
  if (!isClientId(clientId)) return unknown('The client_id is unknown.', 'malformed');
  const refusedId = deps.config.admitClientId?.(clientId) ?? null;
  if (refusedId !== null) return unknown(refusedId, 'id not admitted');
  const isDocument = isDocumentUrl(clientId, deps.config.schemes);
  if (isDocument && deps.config.clientDocuments === 'none')
    return unknown('Client documents are not read here; register the client instead.', 'documents are off');
  const found = isDocument ? await fromDocument(deps, clientId) : await fromRegistration(deps, clientId);
  if (found.kind === 'unknown') return found;
  const refusal = keylessRefusal(deps.config, found.client) ?? deps.config.admitClient?.(found.client) ?? null;
  return refusal === null ? found : unknown(refusal, 'not admitted');
}

/** RFC 6749 Appendix A.1, without the space: whatever an id contains, it reaches the database. */
export function isClientId(value: string): boolean {
  return value.length <= LIMIT.uriChars && /^[\x21-\x7e]+$/.test(value);
}

/** Bearer tokens are worth no more than the authentication of whoever uses them. */
function keylessRefusal(config: Pick<ServerConfig, 'relationshipTokens'>, client: Client): string | null {
  return config.relationshipTokens === 'keyed' && client.authMethod !== 'private_key_jwt'
    ? 'Clients authenticate with private_key_jwt here.'
    : null;
}

/** A client id URL has a path, no fragment, no userinfo and no dot segments (CIMD §3). */
function isDocumentUrl(clientId: string, schemes: Schemes): boolean {
  if (!schemes.some((scheme) => clientId.startsWith(`${scheme}://`))) return false;
  const url = URL.parse(clientId);
  return (
    url !== null &&
    url.pathname !== '/' &&
    url.username === '' &&
    url.password === '' &&
    url.href === clientId &&
    isHost(url.hostname) &&
    !clientId.includes('#')
  );
}

async function fromDocument(deps: ResolveDeps, clientId: string): Promise<ResolvedClient> {
  const { schemes } = deps.config;
  const found = await readDocument(deps, {
    url: clientId,
    as: 'client',
    read: (json) => readClient(json, { clientId, schemes }),
  });
  switch (found.kind) {
    case 'document':
      return found.value;
    case 'bad':
      return { ...badDocument(found.fault), isPublic: true };
    case 'unfetched':
      return { ...unfetched(found.reason), isPublic: true };
  }
}

function readClient(
  json: unknown,
  { clientId, schemes }: { clientId: string; schemes: Schemes },
): Read<ResolvedClient> {
  // CIMD §4: the document's client_id must be its own URL, exactly
  const named = typeof json === 'object' && json !== null && 'client_id' in json ? json.client_id : undefined;
  if (named !== clientId) return { kind: 'bad', fault: MISMATCH };
  try {
    const metadata = keepMetadata(schemes, { body: json, source: 'document' });
    const check = () => checkClientMetadata(schemes, { id: clientId, source: 'document', metadata });
    return { kind: 'good', value: checked(check) };
  } catch (error) {
    if (error instanceof OAuthError) return { kind: 'bad', fault: error.message };
    throw error;
  }
}

const MISMATCH = 'client_id mismatch';

function badDocument(fault: string): Unknown {
  if (fault === MISMATCH) return unknown('The client document names another client_id.', fault);
  return unknown(`The client's metadata is not acceptable: ${fault}`, 'metadata');
}

/**
 * What was wrong with the answer of a public server, which anybody can look at. Everything else is one sentence: who
 * names an inner address must not learn whether it was refused, nobody listens there, or nothing came.
 */
const UNFETCHED: Readonly<Record<string, string>> = {
  bad_status: 'it is not found there: the status is not 200.',
  redirect: 'the address redirects, and that is not followed.',
  too_large: 'it is too large: 64 KB at most.',
  bad_content_type: 'its media type is not application/json.',
  bad_json: 'it is not valid JSON.',
};

function unfetched(reason: string): Unknown {
  const why = UNFETCHED[reason] ?? 'no public https server answered with it in time.';
  return unknown(`The client document could not be fetched: ${why}`, `fetch failed: ${reason}`);
}

async function fromRegistration(deps: ResolveDeps, clientId: string): Promise<ResolvedClient> {
  const stored = await deps.storage.findClient(clientId);
  if (stored === null) return unknown('The client_id is unknown. The app must register here anew.', 'not registered');
  const { metadata, secretHash, createdAt } = stored;
  // a registration is created and deleted but never changed (RFC 7592 without PUT): while it exists, it has been
  // checked
  const known = registeredIn(deps);
  const before = known.get(clientId);
  if (before?.createdAt === createdAt) return before.found;
  const found = checked(() =>
    checkClientMetadata(deps.config.schemes, { id: clientId, source: 'registered', metadata, secretHash }),
  );
  known.set(clientId, { createdAt, found });
  return found;
}

interface Registered {
  readonly createdAt: number;
  readonly found: ResolvedClient;
}

/** Some kilobytes each at most. */
const MOST_REGISTERED = 1_000;
const registered = new WeakMap<object, LRUCache<string, Registered>>();

function registeredIn({ storage }: Pick<ResolveDeps, 'storage'>): LRUCache<string, Registered> {
  const known = registered.get(storage) ?? new LRUCache({ max: MOST_REGISTERED });
  registered.set(storage, known);
  return known;
}

function checked(check: () => Client): ResolvedClient {
  try {
    return { kind: 'client', client: check() };
  } catch (error) {
    if (error instanceof OAuthError)
      return unknown(`The client's metadata is not acceptable: ${error.message}`, 'metadata');
    throw error;
  }
}

type Unknown = Extract<ResolvedClient, { kind: 'unknown' }>;
const unknown = (sentence: string, reason: string): Unknown => ({ kind: 'unknown', sentence, reason, isPublic: false });
