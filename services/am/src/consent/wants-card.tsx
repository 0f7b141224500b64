import type { Want } from '@chatelaine/protocol';
import { Badge, Card, List, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { hostOf, type Offered, type OfferedScope, scopesMeeting } from './offered.ts';

/** How many scopes are named for one purpose; the rest are counted. */
const MOST_NAMED = 3;

/** What the Requester wants, and what for, in its own words. */
export function WantsCard({ offered: { wants, links } }: { offered: Offered }): VNode | null {
  if (wants.length === 0) return null;
  return (
    <Card title="What it wants, in its own words">
      <List>
        {wants.map((want) => {
          const met = scopesMeeting(want, links);
          return (
            <Row
              key={`${want.scope} ${want.resource}`}
              title={<q>{want.purpose}</q>}
              note={
                <>
                  {met.some(({ access }) => access === 'write') && <Badge kind="needs">writes</Badge>}{' '}
                  {met.length === 0 ? nowhere(want) : named(met)}
                </>
              }
            />
          );
        })}
      </List>
    </Card>
  );
}

function named(met: readonly OfferedScope[]): string {
  const sentences = [...new Set(met.map(({ sentence }) => sentence))];
  const more = sentences.length - MOST_NAMED;
  const first = sentences.slice(0, MOST_NAMED).join(' · ');
  return more > 0 ? `${first} and ${more} more` : first;
}

function nowhere(want: Want): string {
  const host = hostOf(want);
  const where =
    host === null ? 'none of your services here offers it' : `nothing of it is to be had here at ${new URL(host).host}`;
  return `${want.scope}: ${where}.`;
}
