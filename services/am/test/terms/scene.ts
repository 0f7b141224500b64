import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Answer } from '@chatelaine/test-kit';
import { TestDeployment, type Story } from '../support/deployment.ts';
import { NEWER } from '../support/terms.ts';

/** The operator's documents: a newer version of one that is shipped. */
export const directory = await mkdtemp(path.join(os.tmpdir(), 'terms-'));
await writeFile(path.join(directory, 'no-training.json'), `${JSON.stringify(NEWER, null, 2)}\n`);

export const deployment = await TestDeployment.build({
  config: { termsDirectory: directory, keysReadEverySeconds: 1 },
});
/** The owner to whom the Requesters below are connected. */
const home = await deployment.story({ 'photos.read': 'allow' });

export const OFFERED = { terms: 'only-for-me/1.0', 'terms-alternate': 'not-passed-on/1.0' };
export const ANSWERS: Record<string, 'allow' | 'ask'> = { 'photos.read': 'allow', 'photos.write': 'ask' };

/** A Requester that was offered terms, and has not answered. */
export async function offered(terms: Record<string, string> = OFFERED, answers = ANSWERS): Promise<Story> {
  const requester = deployment.requester();
  return { ...home, requester, connection: await deployment.connect({ ...home, requester, answers, fields: terms }) };
}

export const ask = (
  { requester, connection }: Story,
  over: { scope?: string; params?: Record<string, string> } = {},
): Promise<Answer> =>
  requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read', ...over });

export const outcomeOf = ({ status, json }: Answer) =>
  `${status} ${typeof json['error'] === 'string' ? json['error'] : 'token'}`;

/** The stored offers to a connection, oldest first. */
export async function stored({ connection }: Story): Promise<unknown[]> {
  const rows = await deployment.rows('select decision from proffer where connection_id = $1 order by created_at', [
    connection.id,
  ]);
  return rows.map(({ decision }) => decision);
}

/** The owner offers other terms. */
export const offerAnew = ({ owner, connection }: Story, terms: Record<string, string>): Promise<Answer> =>
  owner.browser.submit(`/apps/${connection.id}`, `/apps/${connection.id}/terms`, terms);
