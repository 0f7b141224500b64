import {
  Badge,
  ButtonLink,
  ButtonRow,
  Card,
  Empty,
  Layout,
  List,
  Notice,
  type Part,
  Row,
  Steps,
} from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { OwnLink } from '../linking/hosts-store.ts';
import { whoInShort } from '../identity/who.tsx';
import { AskList } from '../questions/asks-page.tsx';
import type { WaitingAsk } from '../questions/waiting-store.ts';
import type { OwnConnection } from '../connections/live-store.ts';
import { type Line, Lines } from '../timeline/timeline-page.tsx';

export interface HomeView {
  /** The AM's own address, to be typed in elsewhere. */
  readonly issuer: string;
  readonly asks: Part<WaitingAsk>;
  /** Broken ones first. */
  readonly links: Part<OwnLink>;
  readonly connections: Part<OwnConnection>;
  readonly transfers: readonly Line[];
  /** Names of the Hosts that have not confirmed something that ended: some are still being told, some could not be. */
  readonly untold: { readonly pending: readonly string[]; readonly failed: readonly string[] };
}

/** So many questions, Hosts and Requesters are here; their own pages have them all. */
export const SHOWN = 8;

/** The digest: what needs the owner, what they have, what was done with it. */
export function HomePage(view: HomeView): VNode {
  const { links, connections, transfers } = view;
  const begun = transfers.length > 0 || connections.entries.length > 0;
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
  return <Steps label="How to begin" steps={steps} current={links.entries.length === 0 ? 0 : 1} />;
}

function NeedsYou({ asks, links, untold: { pending, failed } }: HomeView): VNode | null {
  const broken = links.entries.filter(({ state }) => state === 'broken');
  return (
    <>
      {(asks.entries.length > 0 || broken.length > 0 || failed.length > 0) && (
        <Card title="This needs you">
          {asks.entries.length > 0 && <AskList asks={asks.entries} />}
          {asks.next !== null && (
            <p>
              <a href="/asks">All questions</a>
            </p>
          )}
          {broken.map(({ id, label, hostName }) => (
            <Notice key={id} kind="bad">
              “{label}” is broken: {hostName} no longer honours the link. <a href="/hosts">Repair it</a>
            </Notice>
          ))}
          {broken.length === SHOWN && links.next !== null && (
            <p>
              More may be broken: <a href="/hosts">see all of my Hosts</a>
            </p>
          )}
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

function namesOf(names: readonly string[]): string {
  const others = names.length - SHOWN;
  if (others <= 0) return names.join(', ');
  return `${names.slice(0, SHOWN).join(', ')} and ${others} ${others === 1 ? 'other' : 'others'}`;
}

function MyHosts({ links }: Pick<HomeView, 'links'>): VNode {
  if (links.entries.length === 0) {
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
        {links.entries.map(({ id, label, hostName, hostIssuer, state }) => (
          <Row
            key={id}
            title={label}
            note={`${hostName}, ${new URL(hostIssuer).host}`}
            aside={state === 'broken' ? <Badge kind="bad">broken</Badge> : <Badge kind="good">working</Badge>}
          />
        ))}
      </List>
      <p>
        <a href="/hosts">{links.next === null ? 'All about my Hosts' : 'All of my Hosts'}</a>
      </p>
    </Card>
  );
}

function MyRequesters({ issuer, connections, links }: HomeView): VNode {
  if (connections.entries.length === 0) {
    return (
      <Empty title="My Requesters">
        <p>
          None yet. {links.entries.length === 0 && 'First add a Host. Then start '}
          {links.entries.length > 0 && 'Start '}in the app that wants your data: choose “connect my authorization
          manager” there and enter this address:
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
        {connections.entries.map(({ id, clientName, clientId, redirectUri, hosts }) => (
          <Row
            key={id}
            title={clientName}
            note={`${whoInShort({ clientId, redirectUri })} · ${hosts.length === 0 ? 'is shown no Host' : namesOf(hosts.map(({ label }) => label))}`}
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
