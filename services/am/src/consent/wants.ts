import type { RequestExtension } from '@chatelaine/oauth-server';
import type { Asked } from '@chatelaine/oauth-server-fastify';
import { parseResource, parseWants, type Schemes, type Want, wantsSchema } from '@chatelaine/protocol';

/** The extension's name in a stored request. */
const WANTS = 'wants';
const PARAMETER = 'chatelaine_wants';

/** Reads what a pushed request says that the Requester wants. PROTOCOL §2.4. */
export function readsWants({ schemes }: { schemes: Schemes }): RequestExtension {
  return {
    name: WANTS,
    async read({ way, params }) {
      const text = params.get(PARAMETER);
      if (text === undefined) return { kind: 'none' };
      const refused = (message: string) => ({ kind: 'refused', error: 'invalid_request', message }) as const;
      // in the address of an authorization request, anybody could put words into the Requester's mouth
      if (way !== 'pushed') return refused(`${PARAMETER} is pushed (RFC 9126).`);
      const wants = parseWants(text);
      const isGood = wants?.every(({ resource }) => resource === undefined || isResource(resource, schemes));
      return isGood === true ? { kind: 'kept', data: wants } : refused(`${PARAMETER} is malformed.`);
    },
  };
}

/** What the Requester says that it wants: in this request, or else in its client metadata. Empty if it says nothing. */
export function wantsOf(
  { interaction: { request, client } }: Pick<Asked, 'interaction'>,
  schemes: Schemes,
): readonly Want[] {
  const kept = request.extensions[WANTS];
  if (kept !== undefined) return wantsSchema.parse(kept);
  return client.wants.filter(({ resource }) => resource === undefined || isResource(resource, schemes));
}

const isResource = (resource: string, schemes: Schemes): boolean => parseResource(resource, schemes) !== null;
