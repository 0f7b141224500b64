import type { ConnectionInfo, TargetsOutcome, TermsStanding } from '@chatelaine/requester-kit';
import type { Deps } from '../deps.ts';

export interface ConnectionView extends ConnectionInfo {
  readonly outcome: TargetsOutcome;
  readonly terms: TermsStanding;
}

/** All connections of an owner with what each AM answers; a slow or broken AM does not affect the others. */
export async function listConnections(
  { requester }: Pick<Deps, 'requester'>,
  owner: string,
): Promise<ConnectionView[]> {
  const connections = await requester.connections(owner);
  return Promise.all(
    connections.map(async (connection) => {
      const ref = { owner, connectionId: connection.connectionId };
      const [outcome, terms] = await Promise.all([requester.targets(ref), requester.terms(ref)]);
      return { ...connection, outcome, terms };
    }),
  );
}
