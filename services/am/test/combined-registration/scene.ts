import { challengeOf, createVerifier } from '@chatelaine/crypto';
import { type Owner, TestDeployment } from '../support/deployment.ts';
import { agree, type Requester } from '../support/requester.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
/** Requester and Host in one: its Host is the first of the deployment. */
export const lifestream: Requester = deployment.requester({ name: 'Lifestream', host: deployment.host.issuer });

/** Pushes the request of such a Requester: one code challenge for connection and link. */
export async function push(verifier = createVerifier(), hostGrant = deployment.host.grantHost(challengeOf(verifier))) {
  const started = await lifestream.push({ host: deployment.host.issuer, host_grant: hostGrant }, verifier);
  return { ...started, hostGrant };
}

/** Sends the consent form; the parameters with which the owner's browser returns to the Requester. */
export async function consent(owner: Owner, path: string, fields: Record<string, string>) {
  const answer = await agree(owner.browser, path, fields);
  return { answer, query: new URL(answer.onward ?? 'x:').searchParams };
}

/** An owner who agreed to connection and link, and a Requester that has its code and has not redeemed it yet. */
export async function agreed(started = push()) {
  const owner = await deployment.owner();
  const { path, verifier, hostGrant } = await started;
  const { query } = await consent(owner, path, { host_half: 'link' });
  return { owner, verifier, hostGrant, redeem: () => lifestream.redeem(query.get('code') ?? '', verifier) };
}

export const linkOf = ({ id }: Owner) =>
  deployment.rows<{ state: string }>('select * from link where owner_id = $1', [id]);
export const newsFor = async ({ browser }: Owner): Promise<string> => (await browser.get('/timeline')).words;
export const NOT_LINKED = 'was not linked together with Lifestream';
