/** The definition file of a stand-in that runs at `origin`. */
export function definitionOf(input: { version: '2.0' | '1.0a'; title: string; origin: string; more?: string }): string {
  const { version, title, origin, more = '' } = input;
  const needs = (scope: string): string => (version === '2.0' ? `    needs: [${scope}]\n` : '');
  return `title: ${title}
origin: ${origin}
oauth:
${version === '2.0' ? oauth2(origin) : oauth1(origin)}${more}account:
  request: GET /me
  id: id
  label: name
revocation:
${version === '2.0' ? `  endpoint: ${origin}/revoke\n` : ''}  page: ${origin}/settings
scopes:
  entries.read:
    sentence: Read your entries
${needs('read')}    requests:
      - { request: GET /entries, query: [since, text] }
      - { request: "GET /entries/{entry}/picture" }
      - { request: "GET /files/{file}" }
    passes: [GET /entries, "GET /entries?since=2026-01-01", GET /entries/e1/picture]
    refuses: [POST /entries, GET /entries/, GET /entries/../me, GET /me]
  entries.write:
    sentence: Add entries for you
${needs('write')}    requests:
      - { request: POST /entries, body: application/json }
    passes: [POST /entries]
    refuses: [GET /entries, DELETE /entries/e1]
guide: A stand-in has no operator.
sources:
  - { about: [${version === '2.0' ? FACTS_2 : FACTS_1}], url: "https://chatelaine.example/stand-ins", read: 2026-11-29 }
`;
}

const FACTS_2 = 'endpoints, client authentication, PKCE, refresh, scopes, account, requests, revocation, registration';
const FACTS_1 = 'endpoints, signature, account, requests, revocation, registration';

const oauth2 = (origin: string): string => `  version: "2.0"
  authorization_endpoint: ${origin}/authorize
  token_endpoint: ${origin}/token
  client_authentication: client_secret_basic
  pkce: true
  refresh: rotated
`;

const oauth1 = (origin: string): string => `  version: "1.0a"
  temporary_credentials_endpoint: ${origin}/oauth/request_token
  authorization_endpoint: ${origin}/oauth/authorize
  token_endpoint: ${origin}/oauth/access_token
  signature_method: HMAC-SHA1
`;
