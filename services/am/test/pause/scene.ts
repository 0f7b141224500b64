import { type Answer } from '@chatelaine/test-kit';
import { type Story, TestDeployment } from '../support/deployment.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
export const home = await deployment.story({ 'photos.read': 'allow' });

/** Another Requester of the same owner, which may read, and has to ask before it writes. */
export const fresh = (): Promise<Story> => deployment.beside(home, { 'photos.read': 'allow', 'photos.write': 'ask' });

/** A further connection of the same Requester and owner, which may read. */
export const connectedAgain = async (of: Story): Promise<Story> => ({
  ...of,
  connection: await deployment.connect({ ...of, answers: { 'photos.read': 'allow' } }),
});

export const ask = (
  { requester, connection }: Story,
  how: { port?: number; scope?: string; params?: Record<string, string> } = {},
) => requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read', ...how });
export const pathOf = ({ connection }: Story): string => `/apps/${connection.id}`;
export const pause = (of: Story, how: 'hour' | 'open' = 'open', port = deployment.ams[0].port): Promise<Answer> =>
  of.owner.browser.at(port).submit(pathOf(of), `${pathOf(of)}/pause`, { for: how });
export const resume = (of: Story): Promise<Answer> => of.owner.browser.submit(pathOf(of), `${pathOf(of)}/resume`);
export const wordsOf = async (of: Story): Promise<string> => (await of.owner.browser.get(pathOf(of))).words;
export const grantOf = async ({ connection }: Story): Promise<string> =>
  (
    await deployment.rows<{ grant_id: string }>('select grant_id from connection_host where connection_id = $1', [
      connection.id,
    ])
  )[0]?.grant_id ?? '';
export const REFUSED = { error: 'access_denied', denied_by: 'am', requestable: false, paused: true };
