import { Button, ButtonLink, Card, Form, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { OwnLink, UnconfirmedEnd } from './hosts-store.ts';

export interface HostsView {
  readonly links: readonly OwnLink[];
  readonly unconfirmed: readonly UnconfirmedEnd[];
  /** The link just made. */
  readonly made: OwnLink | null;
}

/** The owner's Hosts, one card per account. */
export function HostsPage({ links, unconfirmed, made }: HostsView): VNode {
  return (
    <Layout title="My Hosts">
      {made !== null && (
        <Notice kind="good">
          {made.hostName} is linked. It is called “{made.label}” here; you can change that below. Requesters see nothing
          of it until you connect one and show it this account.
        </Notice>
      )}
      {links.length === 0 && (
        <p>
          None yet. A Host is a service that has your data: photos, a calendar, notes. Link one, and your Requesters can
          ask here for what they need from it, instead of at every Host.
        </p>
      )}
      {unconfirmed.map((end) => (
        <UnconfirmedNotice end={end} />
      ))}
      {links.map((link) => (
        <LinkCard key={link.id} link={link} />
      ))}
      <p class="row">
        <ButtonLink href="/hosts/add">Add a Host</ButtonLink>
      </p>
    </Layout>
  );
}

function LinkCard({ link }: { link: OwnLink }): VNode {
  return (
    <Card title={link.label}>
      <dl>
        <dt>Host</dt>
        <dd>
          {link.hostName} <small>{link.hostIssuer}</small>
        </dd>
        <dt>State</dt>
        <dd>{link.state === 'active' ? <span class="tag good">working</span> : <span class="tag bad">broken</span>}</dd>
        <dt>Since</dt>
        <dd>
          <time dateTime={link.since.toISOString()}>{link.since.toISOString().slice(0, 10)}</time>
        </dd>
        <dt>What may be shared at most</dt>
        <dd>
          <ul>
            {link.ceiling.map(({ scope, sentence }) => (
              <li key={scope}>
                {sentence} <small>{scope}</small>
              </li>
            ))}
          </ul>
        </dd>
      </dl>
      {link.state === 'broken' && <BrokenNotice link={link} />}
      <div class="row">
        <Form action={`/hosts/${link.id}/name`}>
          <label for={`name-${link.id}`}>Name</label>{' '}
          <input id={`name-${link.id}`} type="text" name="label" value={link.label} maxLength={60} required />{' '}
          <Button kind="plain">Rename</Button>
        </Form>
        <Form action={`/hosts/${link.id}/stop`}>
          <Button kind="danger">Stop this link</Button>
        </Form>
      </div>
    </Card>
  );
}

function BrokenNotice({ link }: { link: OwnLink }): VNode {
  return (
    <Notice kind="bad">
      {link.hostName} no longer honours this link: it was ended there, or it expired. Nothing can be obtained through
      it. To repair it,{' '}
      <a href={`/hosts/add?${new URLSearchParams({ host: link.hostIssuer }).toString()}`}>link {link.hostName} again</a>
      , show the new link to your Requesters, and stop this one.
    </Notice>
  );
}

function UnconfirmedNotice({ end }: { end: UnconfirmedEnd }): VNode {
  return end.state === 'pending' ? (
    <Notice>
      “{end.label}” has ended here. {end.hostName} has not confirmed it yet; it is being told
      {end.attempts > 0 ? `, and was tried ${end.attempts} times` : ''}.
    </Notice>
  ) : (
    <Notice kind="bad">
      “{end.label}” has ended here, but {end.hostName} could not be told in a week. Sign in at {end.hostName} and end
      the link there, to be sure.
    </Notice>
  );
}
