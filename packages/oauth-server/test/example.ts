import { parseIssuer } from '@chatelaine/protocol';
import type { ServerConfig } from '../src/index.ts';

const issuer = parseIssuer('https://server.example', ['https']);
if (issuer === null) throw new Error('no issuer');

/** A server that anybody may register at, with nothing of its own. */
export const EXAMPLE: ServerConfig = {
  issuer,
  name: 'A server',
  schemes: ['https'],
  accessTokenKind: 'ct',
  transferScopes: null,
  registration: 'open',
  pushedRequests: 'accepted',
  relationshipTokens: 'bound',
  resources: [],
  grants: [],
};
