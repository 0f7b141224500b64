import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import type { OAuth1Party } from './oauth1.ts';
import type { OAuth2Party } from './oauth2.ts';

type PartyDeps = Pick<Deps, 'config'>;

/** Whether the operator has a client id at the service: without one nobody can connect it. */
export const isReady = ({ config }: PartyDeps, { id }: Pick<Service, 'id'>): boolean => config.clients.has(id);

export function oauth2At(deps: PartyDeps, service: Service): OAuth2Party {
  if (service.oauth.version !== '2.0') throw new Error(`${service.id} does not speak OAuth 2.0`);
  return { service, oauth: service.oauth, client: clientAt(deps, service) };
}

export function oauth1At(deps: PartyDeps, service: Service): OAuth1Party {
  if (service.oauth.version !== '1.0a') throw new Error(`${service.id} does not speak OAuth 1.0a`);
  return { service, oauth: service.oauth, client: clientAt(deps, service) };
}

function clientAt({ config }: PartyDeps, { id }: Service): { id: string; secret: string } {
  const client = config.clients.get(id);
  if (client === undefined) throw new Error(`there is no client id for ${id}`);
  return client;
}
