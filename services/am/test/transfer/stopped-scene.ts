import type { Answer } from '@chatelaine/test-kit';
import type { Story } from '../support/deployment.ts';
import { gate } from '../support/scripted-host.ts';
import { ANSWERS, deployment, stoppable } from './scene.ts';

export const ask = (
  by: Story,
  over: { port?: number; scope?: string; proofs?: string[]; params?: Record<string, string> } = {},
): Promise<Answer> =>
  by.requester.transfer({
    connection: by.connection,
    resource: deployment.host.resource,
    scope: 'photos.read',
    ...over,
  });
export const errorOf = ({ status, json }: Answer) => `${status} ${String(json['error'])}`;
export const stop = ({ owner, connection }: Story, port = deployment.ams[0].port) =>
  owner.browser.at(port).submit('/apps', `/apps/${connection.id}/stop`);
export const fresh = () => deployment.beside(stoppable, ANSWERS);
export const grantsOf = async ({ connection }: Story) =>
  (
    await deployment.rows<{ grant_id: string }>('select grant_id from connection_host where connection_id = $1', [
      connection.id,
    ])
  ).map((row) => row.grant_id);

/** Lets the Host issue a token, and holds back its answer until the gate is opened. */
export function pauseHost() {
  const paused = gate();
  deployment.host.script.transfer = async (_hop, mint) => {
    const json = mint();
    await paused.opened;
    return { json };
  };
  return paused;
}
