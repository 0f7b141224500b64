import {
  parseScope,
  type ServerMetadata,
  TRANSFER_SCOPE,
  type TokenResponse,
  tokenResponseSchema,
} from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import { type Failure, unusable } from './outcome.ts';
import { asServer } from './parties.ts';
import { type Answer, judge } from './send.ts';

/**
 * Whether the tokens belong to a connection or a link. A link's token response names its ceiling. PROTOCOL §2.1, §2.2.
 */
export type Relationship = 'connection' | 'link';

export interface Obtained {
  readonly kind: 'ok';
  readonly tokens: TokenResponse;
}

export interface ReadTokensInput {
  readonly server: ServerMetadata;
  readonly clientId: string;
  readonly relationship: Relationship;
  /**
   * Whether the request carried a DPoP proof: with one, the `token_type` must be `DPoP`, without one `Bearer`. RFC 9449
   * §5.
   */
  readonly bound: 'dpop' | 'bearer';
}

/**
 * Checks the response to an authorization code or refresh token grant: RFC 6749 §5.1, a `scope` of exactly `transfer`
 * and, for a link, its ceiling.
 */
export async function readTokens(answer: Answer, input: ReadTokensInput): Promise<Obtained | Failure> {
  const { server, clientId, relationship, bound } = input;
  const accessToken = accessTokenIn(answer.json);
  const judged = await judge(
    () => oauth.processGenericTokenEndpointResponse(asServer(server), { client_id: clientId }, answer.response),
    accessToken,
  );
  if (judged.kind !== 'ok') return judged;
  const parsed = tokenResponseSchema.safeParse(answer.json);
  if (!parsed.success) return unusable('not a token response', accessToken);
  const tokens = parsed.data;
  if (tokens.token_type.toLowerCase() !== bound) return unusable('another token_type than asked', accessToken);
  if (tokens.scope !== TRANSFER_SCOPE) return unusable('another scope than transfer', accessToken);
  // an empty ceiling is valid: the owner shares nothing there at present
  const ceiling = tokens.transfer_scope;
  if (relationship === 'link' && (ceiling === undefined || (ceiling !== '' && parseScope(ceiling) === null))) {
    return unusable('no transfer_scope', accessToken);
  }
  return { kind: 'ok', tokens };
}

/** The access token in an answer that may be unusable in other respects. */
export function accessTokenIn(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('access_token' in json)) return undefined;
  const token = json.access_token;
  return typeof token === 'string' && token !== '' && token.length <= 8192 ? token : undefined;
}
