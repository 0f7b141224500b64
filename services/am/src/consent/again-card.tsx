import { Card, Day, List, Moment, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { type Again, hasAlready, newOf } from './again.ts';
import type { Offered, OwnLink } from './offered.ts';

interface AgainView {
  readonly again: Again;
  readonly name: string;
  readonly own: readonly OwnLink[];
  readonly offered: Offered;
}

/**
 * For a client that is connected already: what it has, what it would get in addition, and to which connection that
 * would be added.
 */
export function AgainCard({ again, name, own, offered }: AgainView): VNode | null {
  if (again.kind === 'first') return null;
  const has = hasAlready(again, own);
  const adds = offered.wants.length === 0 ? [] : newOf(offered.links);
  return (
    <Card title={again.kind === 'adds' ? 'It asks for more' : 'You connected it before'}>
      {adds.length > 0 && (
        <p>
          <strong>Adds: {addsWords(adds)}</strong>
        </p>
      )}
      {again.kind === 'adds' ? (
        <p>
          It has shown the key of the connection that you made{' '}
          <Moment at={again.connection.created_at.getTime() / 1000} />. What you choose is added to that one and lasts
          as long:{' '}
          {again.connection.expires_at === null ? (
            'until you stop it'
          ) : (
            <>
              until <Day date={again.connection.expires_at.toISOString().slice(0, 10)} />
            </>
          )}
          . What it has stays as it is.
        </p>
      ) : (
        <p>
          {name} has not shown the key of{' '}
          {again.connections.length === 1 ? 'that connection' : 'one of those connections'}, so what you choose is a
          connection of its own. You find both under one entry, and stop them together.
        </p>
      )}
      {has.length > 0 && (
        <details>
          <summary>What it may ask for already</summary>
          <List>
            {has.map(({ account, sentences }) => (
              <Row key={account} title={account} note={sentences.join(' · ')} />
            ))}
          </List>
        </details>
      )}
    </Card>
  );
}

/** How many services are named for each kind of access; the rest are counted. */
const MOST_NAMED = 3;

/** What would be added, in a few words, however many services there are. */
export function addsWords(adds: ReturnType<typeof newOf>): string {
  const hosts = new Map<string, string[]>();
  for (const { host, reads, writes } of adds) {
    const what = reads && writes ? 'read and write at' : writes ? 'write to' : 'read at';
    hosts.set(what, [...(hosts.get(what) ?? []), host]);
  }
  return [...hosts].map(([what, names]) => `${what} ${named(names)}`).join('; ');
}

function named(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  if (rest > 1) return `${names.slice(0, MOST_NAMED).join(', ')} and ${rest} other services`;
  return names.length === 1 ? String(names[0]) : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
