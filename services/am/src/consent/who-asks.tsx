import { isProven } from '@chatelaine/oauth-server';
import type { Asked } from '@chatelaine/oauth-server-fastify';
import { Card, Facts } from '@chatelaine/service-kit';
import type { ComponentProps, VNode } from 'preact';
import { whoFacts } from '../identity/who.tsx';

export interface WhoAsksView {
  readonly view: Pick<Asked, 'interaction'>;
  /** What else is known of it. */
  readonly more?: ComponentProps<typeof Facts>['facts'];
  /** What it gets if the owner agrees, as a sentence. */
  readonly gets: string;
}

/** Who asks for consent. */
export function WhoAsks({ view, more = [], gets }: WhoAsksView): VNode {
  const { client, request } = view.interaction;
  const { redirectUri } = request;
  const said = { clientName: client.name, clientUri: client.uri };
  const who = { clientId: client.id, ...said, redirectUri, isProven: isProven(client) };
  return (
    <Card title="Who asks">
      <Facts facts={[...whoFacts(who), ...more]} />
      <p>
        {gets} You can change or stop it here at any time. If you did not start this, or do not know that address,
        refuse.
      </p>
    </Card>
  );
}
