import { ENDPOINT, type Interaction } from '@chatelaine/oauth-server';
import { formatForm } from '@chatelaine/protocol';

/**
 * The button that leads to adding a service, and back to the same choices. Its value is the service's address, or
 * empty.
 */
export const ADD_FIELD = 'add';

/**
 * Where a service is added: `address` is filled into the form there, and `back` leads to this consent page again once
 * the service is linked.
 */
export function addServiceHref(
  { client, requestUri }: Pick<Interaction, 'client' | 'requestUri'>,
  address: string,
): string {
  const back = `${ENDPOINT.authorize}?${formatForm({ client_id: client.id, request_uri: requestUri })}`;
  return `/hosts/add?${formatForm({ host: address, back })}`;
}
