import { LIFETIME } from '@chatelaine/protocol';
import { Address, Button, Form } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { type Who, whoInShort } from '../identity/who.tsx';

interface Stoppable {
  readonly app: Pick<Who, 'clientId' | 'clientName' | 'redirectUri'> & { readonly id: string };
  /** How many live connections it has. */
  readonly connections: number;
  /** Names of services that the app is shown; `hasMore`: there are others. */
  readonly services: readonly string[];
  readonly hasMore?: boolean;
}

/** The button that ends all connections of an app, and what it will do. */
export function StopApp({ app, connections, services, hasMore = false }: Stoppable): VNode {
  const { id, clientName } = app;
  const minutes = Math.ceil(LIFETIME.hostAccessToken / 60);
  const names = [...new Set(services)];
  return (
    <details>
      <summary>Stop it</summary>
      <p>
        From then on {clientName} (<Address>{whoInShort(app)}</Address>) gets no key through here, at once
        {connections > 1 && `: ${connections === 2 ? 'both' : `all ${connections}`} of its connections end`}.
        {names.length > 0 &&
          ` ${list(names, hasMore)} ${names.length === 1 && !hasMore ? 'is' : 'are'} told ` +
            `to end the keys it has; none of them works longer than ${minutes} minutes in any case.`}{' '}
        What it has copied already stays with it. To undo it, connect it again.
      </p>
      <Form action={`/apps/${id}/stop`}>
        <Button kind="danger">Stop {clientName}</Button>
      </Form>
    </details>
  );
}

function list(names: readonly string[], hasMore: boolean): string {
  const [first = ''] = names;
  if (hasMore) return `${names.slice(0, 3).join(', ')} and others`;
  if (names.length === 1) return first;
  return names.length <= 4
    ? `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
    : `All ${names.length} services`;
}
