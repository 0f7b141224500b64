import type { Constellation } from '@chatelaine/constellation';
import * as client from 'openid-client';
import { type Effort, noEffort } from './effort.ts';
import { ENTRY, type FarmHost, SCOPE } from './farm-host.ts';

/** The redirect URI of the plain Requester. */
const REDIRECT_URI = 'http://reader.localhost:1/callback';

/**
 * A Requester that goes to each Host by itself: registration, a redirect, a code, a token, a call; one Host after
 * another, as a person can.
 */
export async function connectPlainly(deployment: Constellation, places: readonly FarmHost[]): Promise<Effort> {
  const effort = noEffort();
  const person = deployment.person({ stopsAt: [REDIRECT_URI] });
  const way = (url: string, init: object): Promise<Response> => deployment.fetch(url, init);
  const began = performance.now();
  for (const { plain } of places) {
    effort.clicks += 1; // "connect" at the Requester
    const dpopKeys = await client.randomDPoPKeyPair('ES256');
    const config = await client.dynamicClientRegistration(
      new URL(plain.url),
      { redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
      client.None(),
      { execute: [client.allowInsecureRequests], [client.customFetch]: way },
    );
    config[client.customFetch] = way;
    effort.registrations += 1;
    const DPoP = client.getDPoPHandle(config, dpopKeys);
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const to = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope: SCOPE,
      state,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    effort.redirects += 1;
    await person.visit(to);
    effort.clicks += 1;
    const back = await person.press('Allow');
    effort.requests += 1; // the browser, back at the Requester
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    const tokens = await client.authorizationCodeGrant(config, back.url, checks, undefined, { DPoP });
    const url = new URL(`${plain.url}/api/entry`);
    const answer = await client.fetchProtectedResource(config, tokens.access_token, url, 'GET', undefined, undefined, {
      DPoP,
    });
    if (((await answer.json()) as typeof ENTRY).text !== ENTRY.text)
      throw new Error(`${plain.url} answered something else`);
  }
  effort.seconds = (performance.now() - began) / 1000;
  return effort;
}
