import { displayText } from '@chatelaine/protocol';
import { z } from 'zod';

/** The facts in a definition that only the service can know, by OAuth version. */
const FACTS = {
  '2.0': ['endpoints', 'client authentication', 'PKCE', 'refresh', 'scopes'],
  '1.0a': ['endpoints', 'signature'],
  both: ['account', 'requests', 'revocation', 'registration'],
  /** Required if the definition has them. */
  optional: ['issuer', 'headers'],
} as const;
const fact = z.enum([...new Set([...FACTS['2.0'], ...FACTS['1.0a'], ...FACTS.both, ...FACTS.optional])]);

/** The facts that a definition relies on: each needs a source. */
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

/** Where facts about a service are documented, and the day on which somebody read that. */
const source = z.strictObject({
  about: z.array(fact).min(1),
  url: z.url({ protocol: /^https$/ }),
  read: z.iso.date(),
});

const httpUrl = z.url({ protocol: /^https?$/ });
const origin = httpUrl.refine((url) => new URL(url).origin === url, 'must be an origin, without a path or a slash');
const parameterName = z.string().regex(/^[\x21-\x7e]{1,100}$/);
/** The path of a value in a JSON document: `authed_user.id`. */
const member = z.string().regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/);

/** How to learn from the service which account was signed in to; read once, when it is connected. */
const account = z.strictObject({
  /** A request of the service's API; absent if the token response contains it. */
  request: z
    .string()
    .regex(/^GET \/\S*$/)
    .optional(),
  /** A stable id that is never reassigned: the connection is bound to it. */
  id: member,
  /** The name that people at the service know the account by. */
  label: member,
});

const revocation = z.strictObject({
  /** RFC 7009; absent if the service does not support it. */
  endpoint: httpUrl.optional(),
  /** The page on which people can end access themselves. */
  page: httpUrl,
});

const oauth2 = z.strictObject({
  version: z.literal('2.0'),
  /** The service's `iss` (RFC 9207); by default the origin of its authorization endpoint. */
  issuer: httpUrl.optional(),
  authorization_endpoint: httpUrl,
  token_endpoint: httpUrl,
  client_authentication: z.enum(['client_secret_basic', 'client_secret_post']),
  pkce: z.boolean(),
  /** Scopes that are always requested in addition, and that the service need not list among those granted. */
  always: z.array(z.string().min(1)).default([]),
  scope_separator: z.enum([' ', ',']).default(' '),
  /** The name of the parameter for scopes. */
  scope_parameter: z.string().default('scope'),
  /** In addition to those of RFC 6749. */
  authorization_parameters: z.record(parameterName, z.string()).default({}),
  /** The member of the token response that contains the usual members; absent if they are at the top level. */
  token_member: member.optional(),
  /**
   * `none`: an access token is valid until it is revoked. `kept`: the refresh token stays the same. `rotated`: each
   * response contains the next one.
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
  /** Query parameters that are allowed, each once. */
  query: z.array(parameterName).default([]),
  /** The media type of the body; absent: no body is allowed. */
  body: z.enum(['application/json']).optional(),
});

const scope = z.strictObject({
  /** What the scope lets an app do, in the words of consent pages. */
  sentence: displayText(200),
  /** Scopes of the service that its requests need. */
  needs: z.array(z.string().min(1)).default([]),
  requests: z.array(request).min(1),
  /** Requests that must be allowed, and some that must be refused: `chatelaine-bridge check` tries them. */
  passes: z.array(z.string()).min(1),
  refuses: z.array(z.string()).min(1),
});

/** What a definition file states about one service. */
export const definitionSchema = z.strictObject({
  title: displayText(60),
  /** The only origin that requests and credentials are ever sent to. */
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
  /** Facts for which no source could be opened: they follow convention, or what other programs do. */
  unconfirmed: z.array(fact).default([]),
});
export type DefinitionFile = z.infer<typeof definitionSchema>;
export type OAuth2Definition = z.infer<typeof oauth2>;
export type OAuth1Definition = z.infer<typeof oauth1>;
