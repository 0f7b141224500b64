/** Paths below the issuer. Clients learn them from the metadata and never guess. */
export const ENDPOINT = {
  metadata: '/.well-known/oauth-authorization-server',
  resourceMetadata: '/.well-known/oauth-protected-resource',
  authorize: '/authorize',
  pushed: '/par',
  token: '/token',
  revoke: '/revoke',
  introspect: '/introspect',
  register: '/register',
  openApi: '/openapi.json',
} as const;
