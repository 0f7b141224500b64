import { displayText } from '@chatelaine/protocol';
import { z } from 'zod';

/** What a definition says of a service that only the service can know, by OAuth version. */
const FACTS = {
  '2.0': ['endpoints', 'client authentication', 'PKCE', 'refresh', 'scopes'],
  '1.0a': ['endpoints', 'signature'],
  both: ['account', 'requests', 'revocation', 'registration'],
  /** Where the definition says something of them. */
  optional: ['issuer', 'headers'],
} as const;
const fact = z.enum([...new Set([...FACTS['2.0'], ...FACTS['1.0a'], ...FACTS.both, ...FACTS.optional])]);

/** The facts that a definition rests on: each needs a source. */
export function factsOf({
  oauth,
  headers,
}: Pick<DefinitionFile, 'oauth' | 'headers'>): readonly z.infer<typeof fact>[] {
  const issuer = oauth.version === '2.0' && oauth.issuer !== undefined;
  return [
    ...FACTS[oauth.version],
    ...FACTS.both,
    ...(issuer ? (['issuer'] as const) : []),
    ...(Object.keys(headers).length > 0 ? (['headers'] as const) : []),
  ];
}

/** Where facts about a service stand, and the day somebody read them there. */
const source = z.strictObject({
  about: z.array(fact).min(1),
  url: z.url({ protocol: /^https$/ }),
  read: z.iso.date(),
});

const httpUrl = z.url({ protocol: /^https?$/ });
const origin = httpUrl.refine((url) => new URL(url).origin === url, 'must be an origin, without a path or a slash');
const parameterName = z.string().regex(/^[\x21-\x7e]{1,100}$/);
/** Where a value is in a JSON document: `authed_user.id`. */
const member = z.string().regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/);

/** Which account somebody signed in to, by the service's own word: asked for once, when it is connected. */
const account = z.strictObject({
  /** A request of the API; or nothing, where the token answer says it. */
  request: z
    .string()
    .regex(/^GET \/\S*$/)
    .optional(),
  /** Never given to somebody else: what the connection is pinned to. */
  id: member,
  /** How people there call the account. */
  label: member,
});

const revocation = z.strictObject({
  /** RFC 7009; absent where the service has no such thing. */
  endpoint: httpUrl.optional(),
  /** Where people end it themselves. */
  page: httpUrl,
});

const oauth2 = z.strictObject({
  version: z.literal('2.0'),
  /** What the service calls itself in `iss` (RFC 9207); the origin of its authorization endpoint unless given. */
  issuer: httpUrl.optional(),
  authorization_endpoint: httpUrl,
  token_endpoint: httpUrl,
  client_authentication: z.enum(['client_secret_basic', 'client_secret_post']),
  pkce: z.boolean(),
  /** Scopes that are asked for whatever else is, and that the service need not name when it says what it granted. */
  always: z.array(z.string().min(1)).default([]),
  scope_separator: z.enum([' ', ',']).default(' '),
  /** The name under which scopes are asked for. */
  scope_parameter: z.string().default('scope'),
  /** Beside those of RFC 6749. */
  authorization_parameters: z.record(parameterName, z.string()).default({}),
  /** The member of the token answer that holds the usual ones; absent where they stand at its top. */
  token_member: member.optional(),
  /**
   * `none`: an access token lives until it is revoked. `kept`: the refresh token stays the same. `rotated`: each
   * answer brings the next.
   */
  refresh: z.enum(['none', 'kept', 'rotated']),
});

const oauth1 = z.strictObject({
  version: z.literal('1.0a'),
  temporary_credentials_endpoint: httpUrl,
  authorization_endpoint: httpUrl,
  token_endpoint: httpUrl,
  signature_method: z.enum(['HMAC-SHA1', 'HMAC-SHA256', 'RSA-SHA1', 'PLAINTEXT']),
});

const request = z.strictObject({
  /** `METHOD /path/{capture}`; a capture is one whole segment. */
  request: z.string(),
  /** Query parameters that may pass, each once. */
  query: z.array(parameterName).default([]),
  /** The media type of a body; absent: there is none. */
  body: z.enum(['application/json']).optional(),
});

const scope = z.strictObject({
  /** What it lets an app do, in the words of consent pages. */
  sentence: displayText(200),
  /** The service's own scopes without which its requests do not work. */
  needs: z.array(z.string().min(1)).default([]),
  requests: z.array(request).min(1),
  /** Requests that must pass, and some that must not: `chatelaine-bridge check` tries them. */
  passes: z.array(z.string()).min(1),
  refuses: z.array(z.string()).min(1),
});

/** What a definition file says of one service. */
export const definitionSchema = z.strictObject({
  title: displayText(60),
  /** The only origin that requests and credentials ever go to. */
  origin,
  oauth: z.discriminatedUnion('version', [oauth2, oauth1]),
  account,
  revocation,
  /** Sent with every request. */
  headers: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.string()).default({}),
  scopes: z.record(z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$/), scope),
  /** For the operator: how to get a client id there. */
  guide: z.string().min(1),
  sources: z.array(source).min(1),
  /** Facts for which nobody could open a source: they are what is usual, or what other programs do. */
  unconfirmed: z.array(fact).default([]),
});
export type DefinitionFile = z.infer<typeof definitionSchema>;
export type OAuth2Definition = z.infer<typeof oauth2>;
export type OAuth1Definition = z.infer<typeof oauth1>;
