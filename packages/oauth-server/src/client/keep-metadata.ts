import { validateJwks } from '@chatelaine/crypto';
import {
  type ClientMetadata,
  clientMetadataSchema,
  GRANT,
  invalidClientMetadata,
  invalidRedirectUri,
  LIMIT,
  type Schemes,
  withoutStrayJoiners,
} from '@chatelaine/protocol';
import { authMethodOf } from './auth-method.ts';
import { isWebUri, refusalOfRedirectUri } from './check-uri.ts';
import type { Client } from './client.ts';

const { shape } = clientMetadataSchema;
/** Members that are only for people to read. */
const COSMETIC = ['client_name', 'software_id', 'software_version', 'chatelaine_terms', 'chatelaine_wants'] as const;
const COSMETIC_URIS = ['client_uri', 'logo_uri', 'tos_uri', 'policy_uri'] as const;
const KNOWN_GRANTS: readonly unknown[] = Object.values(GRANT);

type Given = Record<string, unknown>;

/**
 * What this server makes of the metadata a client sends or publishes, which is often written for many servers. A member
 * without a value (null, "") is absent; a cosmetic member that is malformed is left out, and so are list entries that
 * mean nothing here (RFC 7591 §2; §3.2.1: the answer says what was kept). Anything else that is malformed, and a
 * required list of which nothing is left, refuses the whole: throws `invalid_redirect_uri` or `invalid_client_metadata`
 * (RFC 7591 §3.2.2).
 */
export function keepMetadata(
  schemes: Schemes,
  { body, source }: { body: unknown; source: Client['source'] },
): ClientMetadata {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalidClientMetadata('The body is not a JSON object of client metadata.');
  const given = withValues(body as Given);
  if (typeof given['client_name'] === 'string') given['client_name'] = withoutStrayJoiners(given['client_name']);
  for (const member of COSMETIC) if (!shape[member].safeParse(given[member]).success) delete given[member];
  for (const member of COSMETIC_URIS) {
    const uri = shape[member].safeParse(given[member]);
    if (!uri.success || (uri.data !== undefined && !isWebUri(uri.data, schemes))) delete given[member];
  }
  keepEntries(given, 'grant_types', (grant) => KNOWN_GRANTS.includes(grant));
  keepEntries(given, 'token_endpoint_auth_methods_supported', (method) => typeof method === 'string');
  if (Array.isArray(given['response_types']) && given['response_types'].includes('code'))
    given['response_types'] = ['code'];
  // RFC 6749 §3.3; empty values are ignored
  if (typeof given['scope'] === 'string') given['scope'] = given['scope'].split(' ').filter(Boolean).join(' ');
  if (given['scope'] === '') delete given['scope'];
  keepRedirectUris(given, schemes);
  const parsed = clientMetadataSchema.safeParse(given);
  if (!parsed.success) throw invalidClientMetadata(`${String(parsed.error.issues[0]?.path[0])} is not acceptable.`);
  return keepMethod(parsed.data, source);
}

/**
 * Keeps one authentication method, and the usable keys of a set. A set without any is left out if the method needs none
 * (RFC 7517 §5).
 */
function keepMethod(metadata: ClientMetadata, source: Client['source']): ClientMetadata {
  const {
    token_endpoint_auth_methods_supported: _offered,
    token_endpoint_auth_signing_alg: alg,
    jwks,
    ...rest
  } = metadata;
  const method = authMethodOf(metadata, source);
  const checked = jwks === undefined ? null : validateJwks(jwks);
  if (checked?.kind === 'invalid' || (checked?.kind === 'unusable' && method === 'private_key_jwt'))
    throw invalidClientMetadata(`jwks is not acceptable: ${checked.reason}`);
  return {
    ...rest,
    token_endpoint_auth_method: method,
    ...(method === 'private_key_jwt' && alg !== undefined ? { token_endpoint_auth_signing_alg: alg } : {}),
    ...(checked?.kind === 'valid' ? { jwks: { keys: checked.jwks.keys.map((key) => ({ ...key })) } } : {}),
  };
}

/** The members that have a meaning here, and a value. */
function withValues(body: Given): Given {
  const known = Object.keys(shape).filter((name) => Object.hasOwn(body, name));
  return Object.fromEntries(
    known.map((name) => [name, body[name]]).filter(([, value]) => value !== null && value !== ''),
  ) as Given;
}

/** An empty list, or a list with no known value in an optional member, counts as absent. */
function keepEntries(given: Given, member: string, isKept: (entry: unknown) => boolean): void {
  const list = given[member];
  if (!Array.isArray(list)) return;
  if (list.length === 0) delete given[member];
  else given[member] = list.filter(isKept);
}

function keepRedirectUris(given: Given, schemes: Schemes): void {
  const list = given['redirect_uris'];
  const { redirectUris, uriChars } = LIMIT;
  const bounds = `redirect_uris must hold 1 to ${redirectUris} URLs of at most ${uriChars} ASCII characters.`;
  if (!Array.isArray(list) || list.length === 0 || list.length > redirectUris) throw invalidRedirectUri(bounds);
  const refusals = list.map((entry) => {
    const uri = shape.redirect_uris.element.safeParse(entry);
    return uri.success ? refusalOfRedirectUri(uri.data, schemes) : bounds;
  });
  const kept = list.filter((_, index) => refusals[index] === null);
  if (kept.length === 0) throw invalidRedirectUri(refusals[0] ?? bounds);
  given['redirect_uris'] = kept;
}
