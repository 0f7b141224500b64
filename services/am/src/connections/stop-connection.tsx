import { LIFETIME } from '@chatelaine/protocol';
import { Button, Form } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import { whoInShort } from '../identity/who.tsx';
import type { OwnConnection } from './live-store.ts';

/** The button that ends a connection, behind what it will do. */
export function StopConnection({ connection }: { connection: OwnConnection }): VNode {
  const { id, clientName, hosts } = connection;
  const names = [...new Set(hosts.map(({ hostName }) => hostName))];
  const minutes = Math.ceil(LIFETIME.hostAccessToken / 60);
  return (
    <details>
      <summary>Stop it</summary>
      <p>
        From then on {clientName} ({whoInShort(connection)}) gets no key through here, at once.
        {names.length > 0 &&
          ` ${list(names)} ${names.length === 1 ? 'is' : 'are'} told to end the keys it has; none of them works longer than ${minutes} minutes in any case.`}{' '}
        What it has copied already stays with it. To undo it, connect it again.
      </p>
      <Form action={`/requesters/${id}/stop`}>
        <Button kind="danger">Stop {clientName}</Button>
      </Form>
    </details>
  );
}

function list(names: readonly string[]): string {
  const [first = ''] = names;
  if (names.length === 1) return first;
  return names.length <= 4 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}` : `All ${names.length} Hosts`;
}
