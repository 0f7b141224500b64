import type { Answer } from '@chatelaine/test-kit';
import { type Story, TestDeployment } from '../support/deployment.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
const home = await deployment.story({ 'photos.read': 'allow' });

/** Another Requester of the same owner, which may read, and has to ask before it writes. */
export const fresh = (): Promise<Story> => deployment.beside(home, { 'photos.read': 'allow', 'photos.write': 'ask' });

export const pathOf = ({ connection, linkId }: Story, scope = 'photos.read'): string =>
  `/apps/${connection.id}/rule?${new URLSearchParams({ link: linkId, scope }).toString()}`;

/** The owner limits an answer; fields that are not given are as in an untouched form. */
export const bound = (of: Story, fields: Readonly<Record<string, string>>, scope?: string): Promise<Answer> =>
  of.owner.browser.submit(pathOf(of, scope), `/apps/${of.connection.id}/rule`, {
    effect: 'allow',
    for: 'open',
    number: '',
    unit: 'hours',
    most: '',
    per: 'day',
    ...fields,
  });

export const ask = ({ requester, connection }: Story, how: { scope?: string; port?: number } = {}): Promise<Answer> =>
  requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read', ...how });

export const outcomeOf = ({ status, json }: Pick<Answer, 'status' | 'json'>): string =>
  status === 200 ? 'token' : String(json['error']);

/** The words of the app's page. */
export const wordsOf = async ({ owner, connection }: Story): Promise<string> =>
  (await owner.browser.get(`/apps/${connection.id}`)).words;
