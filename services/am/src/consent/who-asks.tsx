import { isProven } from '@chatelaine/oauth-server';
import type { Asked } from '@chatelaine/oauth-server-fastify';
import { isLoopbackHost } from '@chatelaine/protocol';
import { Address, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { WhoCard } from '../identity/who-card.tsx';

export interface WhoAsksView {
  readonly view: Pick<Asked, 'interaction'>;
  /** The owner's name for it, if they have connected it before; null: its own. */
  readonly ownName: string | null;
  /** Its icon; null if there is none to show. */
  readonly iconId: string | null;
  /** The address of what it asks for, where that is one service. */
  readonly asksFor?: string;
  /** What it gets if the owner agrees, as a sentence. */
  readonly gets: string;
}

/** Who asks for consent. */
export function WhoAsks({ view, ownName, iconId, asksFor, gets }: WhoAsksView): VNode {
  const { client, request } = view.interaction;
  const { redirectUri } = request;
  const said = { clientName: ownName ?? client.name, selfName: client.name, clientUri: client.uri };
  const who = { clientId: client.id, ...said, iconId, redirectUri, isProven: isProven(client) };
  return (
    <>
      <WhoCard who={who} more={asksFor === undefined ? [] : [['Asks for', <AskedFor address={asksFor} />]]}>
        <p>
          {gets} You can change or stop it here at any time. If you did not start this, or do not know that address,
          refuse.
        </p>
      </WhoCard>
      {isForThisComputerAlone(client) && (
        <Notice kind="needs">
          The document of {new URL(client.id).host} leads to programs on this computer and to nothing else. Any program
          here can say that it is this one: go on only if you started it yourself, just now.
        </Notice>
      )}
    </>
  );
}

function AskedFor({ address }: { address: string }): VNode {
  return (
    <strong>
      <Address>{address}</Address>
    </strong>
  );
}

/**
 * A client metadata document whose redirect URIs all lead to this computer does not identify a program: any program
 * here can receive its codes. RFC 8252 §8.6.
 */
function isForThisComputerAlone({ source, redirectUris }: Asked['interaction']['client']): boolean {
  return source === 'document' && redirectUris.every((uri) => isLoopbackHost(new URL(uri).hostname));
}
