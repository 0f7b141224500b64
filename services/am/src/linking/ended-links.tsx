import { Card, Day, hrefAfter, Onward, type Part } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { EndedLink, EndedLinkKey } from './ended-links-store.ts';
import { LookAgain, RevocationStatus } from '../links/revocation-status.tsx';

interface EndedLinksView {
  readonly ended: Part<EndedLink>;
  /** The address of the page that shows the list. */
  readonly here: string;
  readonly after?: EndedLinkKey | null;
}

/** Links that have ended, and whether their Hosts have confirmed it. */
export function EndedLinks({ ended, here, after = null }: EndedLinksView): VNode | null {
  if (ended.entries.length === 0) return null;
  return (
    <Card title="Ended links">
      <ul class="list" role="list">
        {ended.entries.map(({ id, label, endedAt, replaced, host }) => (
          <li key={id}>
            <strong>{label}</strong>, ended <Day date={endedAt.toISOString().slice(0, 10)} />.{' '}
            {replaced ? 'A new link is in its place.' : 'Nothing can be obtained through it any more.'}
            <ul>
              <RevocationStatus host={host} />
            </ul>
          </li>
        ))}
      </ul>
      <LookAgain href={hrefAfter(here, { name: 'links', after })} hosts={ended.entries.map(({ host }) => host)} />
      <Onward path="/ends" name="links" after={after} next={ended.next}>
        Links that ended earlier
      </Onward>
    </Card>
  );
}
