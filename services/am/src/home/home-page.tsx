import { ButtonLink, Card, Layout } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { OwnLink } from '../hosts/hosts-store.ts';
import type { OwnConnection } from '../requesters/store.ts';
import { type Line, Lines } from '../timeline/timeline-page.tsx';
import type { WaitingAsk } from './store.ts';

export interface HomeView {
  readonly asks: readonly WaitingAsk[];
  readonly links: readonly OwnLink[];
  readonly connections: readonly OwnConnection[];
  readonly transfers: readonly Line[];
}

/** The digest: what needs the owner, what he has, what was done with it. */
export function HomePage({ asks, links, connections, transfers }: HomeView): VNode {
  return (
    <Layout title="Overview">
      <AskList asks={asks} />
      <Card title="My Hosts">
        {links.length === 0 ? (
          <>
            <p>
              None yet. Link a service that has your data; you decide there what may be shared through this one at most.
            </p>
            <ButtonLink href="/hosts/add">Add your first Host</ButtonLink>
          </>
        ) : (
          <ul>
            {links.map((link) => (
              <li key={link.id}>
                {link.label} <small>{link.hostName}</small>{' '}
                {link.state === 'broken' && <span class="tag bad">broken</span>}
              </li>
            ))}
          </ul>
        )}
        <p>
          <a href="/hosts">All about my Hosts</a>
        </p>
      </Card>
      <Card title="My Requesters">
        {connections.length === 0 ? (
          <p>
            None yet. Start in the app that wants your data: choose “connect my authorization manager” there and enter
            this site’s address.
          </p>
        ) : (
          <ul>
            {connections.map((connection) => (
              <li key={connection.id}>
                {connection.clientName} <small>{connection.hosts.map(({ label }) => label).join(', ')}</small>
              </li>
            ))}
          </ul>
        )}
        <p>
          <a href="/requesters">All about my Requesters, and stopping them</a>
        </p>
      </Card>
      <Card title="Recent accesses">
        {transfers.length === 0 ? (
          <p>None yet. Every access a Requester asks for is listed here, whatever came of it.</p>
        ) : (
          <Lines lines={transfers} />
        )}
        <p>
          <a href="/timeline">The whole timeline</a>
        </p>
      </Card>
    </Layout>
  );
}

function AskList({ asks }: { asks: readonly WaitingAsk[] }): VNode | null {
  if (asks.length === 0) return null;
  return (
    <Card title="This needs you">
      <ul>
        {asks.map(({ id, clientName, hostName, label }) => (
          <li key={id}>
            <a href={`/asks/${id}`}>
              {clientName} asks for something of “{label}” at {hostName}
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** For somebody who is not signed in. */
export function LandingPage({ name }: { name: string }): VNode {
  return (
    <Layout title="Every key of the house on one hook">
      <p>
        Your photos, calendar and notes live at different services. Apps want to use them. {name} stands between: link
        each service once, connect each app once, and decide here who may have what, be asked when you want to be, and
        stop anything at once.
      </p>
      <p>
        Your data never passes through here. The service that has it decides at the end, and talks to the app directly.
      </p>
      <p class="row">
        <ButtonLink href="/sign-up">Create an account</ButtonLink>
        <ButtonLink href="/sign-in" kind="plain">
          Sign in
        </ButtonLink>
      </p>
    </Layout>
  );
}
