import type { generateSigningKey } from '@chatelaine/crypto';
import type { Answer } from '@chatelaine/test-kit';
import { type Story, TestDeployment } from '../support/deployment.ts';
import { exchange } from '../support/requester.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
const owner = await deployment.owner();

export const RIGHTS = { 'photos.read': 'allow', 'photos.write': 'ask' } as const;
/** A connection of the same owner, with a new Requester and a link of its own. */
export async function made(): Promise<Story> {
  const [linkId, requester] = [await deployment.link(owner), deployment.requester()];
  return {
    owner,
    linkId,
    requester,
    connection: await deployment.connect({ owner, requester, linkId, answers: RIGHTS }),
  };
}
export const ask = ({ requester, connection }: Story, scope = 'photos.read', resource = deployment.host.resource) =>
  requester.transfer({ connection, resource, scope });

interface How {
  readonly proofs?: readonly string[];
  readonly token?: string | null;
  readonly key?: ReturnType<typeof generateSigningKey>;
  readonly query?: string;
  readonly method?: string;
  readonly port?: number;
}

/** Asks, as the Requester of a story, why a request was refused. */
export async function explanation({ requester, connection }: Story, id: unknown, how: How = {}): Promise<Answer> {
  const { token = connection.accessToken, query = `?request_id=${String(id)}`, method = 'GET' } = how;
  const about = { htm: method, accessToken: token ?? '', ...(how.key && { key: how.key }) };
  const dpop = [...(how.proofs ?? [await requester.proof('/refusals', about)])];
  const headers = { dpop, ...(token === null ? {} : { authorization: `DPoP ${token}` }) };
  return exchange(how.port ?? deployment.ams[0].port, { method, path: `/refusals${query}`, headers });
}

export type Explained = Record<
  'asked_at' | 'resource' | 'scope' | 'error' | 'error_description' | 'remedy' | 'advice',
  string
>;
export const refusalsIn = ({ json }: Answer): Explained[] => json['refusals'] as Explained[];
export const idOf = ({ json }: Answer): string => String(json['request_id']);
