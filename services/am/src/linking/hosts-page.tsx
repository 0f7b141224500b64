import { ButtonLink, ButtonRow, Columns, Empty, Layout, Notice, Onward, type Part } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { EndedLinks } from './ended-links.tsx';
import type { EndedLink } from './ended-links-store.ts';
import type { LinkKey, OwnLink } from './hosts-store.ts';
import { LinkCard } from './link-card.tsx';

export interface HostsView {
  /** The link after which this page begins; null for the first page. */
  readonly after: LinkKey | null;
  readonly links: Part<OwnLink>;
  /** Null on all pages but the first. */
  readonly ended: Part<EndedLink> | null;
  readonly news: LinkNews | null;
}

/** The link that something was just done with: it comes first, wherever it is in the list. */
export interface LinkNews {
  readonly kind: 'made' | 'renamed' | 'works' | 'broken' | 'unreachable' | 'odd';
  readonly link: OwnLink;
}

/** The owner's Hosts, one card per account. */
export function HostsPage({ after, links, ended, news }: HostsView): VNode {
  const others = links.entries.filter(({ id }) => id !== news?.link.id);
  const isEmpty = others.length === 0 && news === null;
  return (
    <Layout
      title="My services"
      width="wide"
      lead="The services that have your data, and what each of them may share through here at most."
    >
      {news?.kind === 'made' && <Made link={news.link} />}
      {news?.kind === 'renamed' && <Renamed link={news.link} />}
      {news !== null && <Tested news={news} />}
      {isEmpty && (after === null ? <NoHosts /> : <NoMore />)}
      {!isEmpty && (
        <>
          <p>
            <ButtonLink href="/hosts/add">Add a service</ButtonLink>
          </p>
          <h2 class="unseen">Linked</h2>
        </>
      )}
      <Columns>
        {news !== null && <LinkCard key={news.link.id} link={news.link} />}
        {others.map((link) => (
          <LinkCard key={link.id} link={link} />
        ))}
      </Columns>
      <Onward path="/hosts" name="after" after={after} next={links.next}>
        More services
      </Onward>
      {ended !== null && <EndedLinks ended={ended} here="/hosts" />}
    </Layout>
  );
}

function NoHosts(): VNode {
  return (
    <Empty title="None yet">
      <p>
        A service is where your data is: photos, a calendar, notes. Link one, and your apps can ask here for what they
        need from it, instead of at every one of them.
      </p>
      <p>You need nothing but its address. You then sign in there, and you decide there what may be shared at most.</p>
      <ButtonRow>
        <ButtonLink href="/hosts/add">Add your first service</ButtonLink>
      </ButtonRow>
    </Empty>
  );
}

function NoMore(): VNode {
  return (
    <Empty title="No more services">
      <p>What was listed here is linked no more, or has another place in the list.</p>
    </Empty>
  );
}

/** The result of a test. */
function Tested({ news: { kind, link } }: { news: LinkNews }): VNode | null {
  switch (kind) {
    case 'made':
    case 'renamed':
      return null;
    case 'works':
      return (
        <Notice kind="good">
          <p>
            {link.hostName} answered just now, and honours “{link.label}”.
          </p>
        </Notice>
      );
    case 'broken':
      return (
        <Notice kind="bad">
          <p>
            {link.hostName} answered just now that it no longer honours “{link.label}”. You can repair it below.
          </p>
        </Notice>
      );
    case 'unreachable':
      return (
        <Notice kind="needs">
          <p>
            {link.hostName} could not be reached just now, or asked to wait. “{link.label}” is as it was; try again
            later.
          </p>
        </Notice>
      );
    case 'odd':
      return (
        <Notice kind="needs">
          <p>
            {link.hostName} gave no usable answer just now. “{link.label}” is as it was; if it stays so, link it anew.
          </p>
        </Notice>
      );
  }
}

function Renamed({ link: { label, hostName } }: { link: OwnLink }): VNode {
  return (
    <Notice kind="good">
      <p>
        This account at {hostName} is called “{label}” from now on.
      </p>
    </Notice>
  );
}

function Made({ link }: { link: OwnLink }): VNode {
  if (!link.isRepaired) {
    return (
      <Notice kind="good">
        <p>
          {link.hostName} is linked. It is called “{link.label}” here; you can change that below. Apps see nothing of it
          until you connect one and show it this account.
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
      {link.hasMoreUsers && <p>Others go on with it, too.</p>}
    </Notice>
  );
}
