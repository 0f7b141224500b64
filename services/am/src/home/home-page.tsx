import { Badge, ButtonLink, ButtonRow, Card, Empty, Layout, List, Notice, Row, Steps } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { EndedLink, OwnLink } from '../hosts/hosts-store.ts';
import { whoInShort } from '../identity/who.tsx';
import { AskList } from '../inbox/asks-page.tsx';
import type { WaitingAsk } from '../inbox/waiting-store.ts';
import type { EndedConnection, OwnConnection } from '../requesters/store.ts';
import { type Line, Lines } from '../timeline/timeline-page.tsx';

export interface HomeView {
  /** The AM's own address, to be typed in elsewhere. */
  readonly issuer: string;
  readonly asks: readonly WaitingAsk[];
  readonly links: readonly OwnLink[];
  readonly connections: readonly OwnConnection[];
  readonly transfers: readonly Line[];
  readonly ended: { readonly connections: readonly EndedConnection[]; readonly links: readonly EndedLink[] };
}

/** The digest: what needs the owner, what he has, what was done with it. */
export function HomePage(view: HomeView): VNode {
  const { links, connections, transfers } = view;
  const begun = transfers.length > 0 || connections.length > 0;
  return (
    <Layout title="Overview" lead={begun ? undefined : 'Three steps, and you decide here who may have what.'}>
      {!begun && <Way links={links} />}
      <NeedsYou {...view} />
      <MyHosts links={links} />
      <MyRequesters {...view} />
      <Recent transfers={transfers} />
    </Layout>
  );
}

function Way({ links }: Pick<HomeView, 'links'>): VNode {
  const steps = [
    'Add a Host: a service that has your data',
    'Connect a Requester: an app that wants it',
    'See here what it does',
  ];
  return <Steps label="How to begin" steps={steps} current={links.length === 0 ? 0 : 1} />;
}

function NeedsYou({ asks, links, ended }: HomeView): VNode | null {
  const broken = links.filter(({ state }) => state === 'broken');
  const hosts = [...ended.connections.flatMap((one) => one.hosts), ...ended.links.map(({ host }) => host)];
  const failed = hosts.filter(({ state }) => state === 'failed');
  const pending = hosts.filter(({ state }) => state === 'pending');
  return (
    <>
      {(asks.length > 0 || broken.length > 0 || failed.length > 0) && (
        <Card title="This needs you">
          {asks.length > 0 && <AskList asks={asks} />}
          {broken.map(({ id, label, hostName }) => (
            <Notice key={id} kind="bad">
              “{label}” is broken: {hostName} no longer honours the link. <a href="/hosts">Repair it</a>
            </Notice>
          ))}
          {failed.length > 0 && (
            <Notice kind="bad">
              {namesOf(failed)} could not be told of something you stopped. <a href="/ends">See what to do</a>
            </Notice>
          )}
        </Card>
      )}
      {pending.length > 0 && (
        <Notice kind="needs">
          {namesOf(pending)} {pending.length === 1 ? 'has' : 'have'} not confirmed yet what you stopped.{' '}
          <a href="/ends">See how it stands</a>
        </Notice>
      )}
    </>
  );
}

const namesOf = (hosts: readonly { readonly hostName: string }[]): string =>
  [...new Set(hosts.map(({ hostName }) => hostName))].join(', ');

const SHOWN = 8;

function MyHosts({ links }: Pick<HomeView, 'links'>): VNode {
  if (links.length === 0) {
    return (
      <Empty title="My Hosts">
        <p>
          None yet. Link a service that has your data; you need nothing but its address. You decide there what may be
          shared through here at most.
        </p>
        <ButtonRow>
          <ButtonLink href="/hosts/add">Add your first Host</ButtonLink>
        </ButtonRow>
      </Empty>
    );
  }
  return (
    <Card title="My Hosts" aside={<a href="/hosts/add">Add a Host</a>}>
      <List>
        {links.slice(0, SHOWN).map(({ id, label, hostName, hostIssuer, state }) => (
          <Row
            key={id}
            title={label}
            note={`${hostName}, ${new URL(hostIssuer).host}`}
            aside={state === 'broken' ? <Badge kind="bad">broken</Badge> : <Badge kind="good">working</Badge>}
          />
        ))}
      </List>
      <p>
        <a href="/hosts">{links.length > SHOWN ? `All ${links.length} of my Hosts` : 'All about my Hosts'}</a>
      </p>
    </Card>
  );
}

function MyRequesters({ issuer, connections, links }: HomeView): VNode {
  if (connections.length === 0) {
    return (
      <Empty title="My Requesters">
        <p>
          None yet. {links.length === 0 && 'First add a Host. Then start '}
          {links.length > 0 && 'Start '}in the app that wants your data: choose “connect my authorization manager” there
          and enter this address:
        </p>
        <p>
          <code>{issuer}</code>
        </p>
      </Empty>
    );
  }
  return (
    <Card title="My Requesters">
      <List>
        {connections.slice(0, SHOWN).map(({ id, clientName, clientId, redirectUri, hosts }) => (
          <Row
            key={id}
            title={clientName}
            note={`${whoInShort({ clientId, redirectUri })} · ${hosts.length === 0 ? 'is shown no Host' : hosts.map(({ label }) => label).join(', ')}`}
            aside={
              <a href={`/requesters/${id}`}>
                Change<span class="unseen"> {clientName}</span>
              </a>
            }
          />
        ))}
      </List>
      <p>
        <a href="/requesters">All about my Requesters, and stopping them</a>
      </p>
    </Card>
  );
}

function Recent({ transfers }: Pick<HomeView, 'transfers'>): VNode {
  return (
    <Card title="Recent accesses">
      {transfers.length === 0 ? (
        <p>None yet. Every key a Requester asks for is listed here, whatever came of it.</p>
      ) : (
        <Lines lines={transfers} />
      )}
      <p>
        <a href="/timeline">The whole timeline</a>
      </p>
    </Card>
  );
}

/** For somebody who is not signed in. */
export function LandingPage({ name }: { name: string }): VNode {
  return (
    <Layout title="Every key of the house on one hook">
      <p class="lead">
        Your photos, calendar and notes live at different services. Apps want to use them. {name} stands between: link
        each service once, connect each app once, and decide here who may have what, be asked when you want to be, and
        stop anything at once.
      </p>
      <p>
        Your data never passes through here. The service that has it decides at the end, and talks to the app directly.
      </p>
      <ButtonRow>
        <ButtonLink href="/sign-up">Create an account</ButtonLink>
        <ButtonLink href="/sign-in" kind="plain">
          Sign in
        </ButtonLink>
      </ButtonRow>
    </Layout>
  );
}
