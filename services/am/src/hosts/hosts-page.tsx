import { ButtonLink, ButtonRow, Card, Day, Empty, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { EndedLink, OwnLink } from './hosts-store.ts';
import { LinkCard } from './link-card.tsx';
import { LookAgain, Told } from './told.tsx';

export interface HostsView {
  readonly links: readonly OwnLink[];
  readonly ended: readonly EndedLink[];
  /** The link just made. */
  readonly made: OwnLink | null;
}

/** The owner's Hosts, one card per account. */
export function HostsPage({ links, ended, made }: HostsView): VNode {
  return (
    <Layout
      title="My Hosts"
      lead="The services that have your data, and what each of them may share through here at most."
    >
      {made !== null && <Made link={made} />}
      {links.length === 0 && <NoHosts />}
      {links.length > 0 && (
        <p>
          <ButtonLink href="/hosts/add">Add a Host</ButtonLink>
        </p>
      )}
      {links.length > 0 && <h2 class="unseen">Linked</h2>}
      {links.map((link) => (
        <LinkCard key={link.id} link={link} />
      ))}
      <EndedLinks ended={ended} />
    </Layout>
  );
}

function NoHosts(): VNode {
  return (
    <Empty title="None yet">
      <p>
        A Host is a service that has your data: photos, a calendar, notes. Link one, and your Requesters can ask here
        for what they need from it, instead of at every Host.
      </p>
      <p>You need nothing but its address. You then sign in there, and you decide there what may be shared at most.</p>
      <ButtonRow>
        <ButtonLink href="/hosts/add">Add your first Host</ButtonLink>
      </ButtonRow>
    </Empty>
  );
}

function Made({ link }: { link: OwnLink }): VNode {
  if (!link.isRepaired) {
    return (
      <Notice kind="good">
        <p>
          {link.hostName} is linked. It is called “{link.label}” here; you can change that below. Requesters see nothing
          of it until you connect one and show it this account.
        </p>
      </Notice>
    );
  }
  return (
    <Notice kind="good">
      <p>
        “{link.label}” at {link.hostName} works again, through a new link. The old one has ended.
      </p>
      {link.usedBy.map(({ clientName, sentences }) => (
        <p>
          {clientName} goes on with it: {sentences.join(' · ')}
        </p>
      ))}
    </Notice>
  );
}

/** Links that are over, and whether their Hosts know. */
export function EndedLinks({ ended }: { ended: readonly EndedLink[] }): VNode | null {
  if (ended.length === 0) return null;
  return (
    <Card title="Ended links">
      <ul class="list" role="list">
        {ended.map(({ id, label, endedAt, replaced, host }) => (
          <li key={id}>
            <strong>{label}</strong>, ended <Day date={endedAt.toISOString().slice(0, 10)} />.{' '}
            {replaced ? 'A new link is in its place.' : 'Nothing can be obtained through it any more.'}
            <ul>
              <Told host={host} />
            </ul>
          </li>
        ))}
      </ul>
      <LookAgain href="/hosts" hosts={ended.map(({ host }) => host)} />
    </Card>
  );
}
