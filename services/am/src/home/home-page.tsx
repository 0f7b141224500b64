import {
  Address,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Columns,
  Empty,
  Form,
  Layout,
  List,
  Listening,
  Notice,
  type Part,
  Row,
  Steps,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { OwnLink } from '../linking/hosts-store.ts';
import { Health, LastSeen } from '../linking/link-card.tsx';
import { AskList } from '../questions/asks-page.tsx';
import type { WaitingAsk } from '../questions/waiting-store.ts';
import type { Board } from '../apps/board-store.ts';
import type { DayCount } from '../timeline/asked-store.ts';
import { type Line, Lines } from '../timeline/lines.tsx';
import { KeyBoard } from './board.tsx';
import type { News } from './news.ts';
import type { Uses } from './uses-store.ts';
import { WhatIsNew } from './what-is-new.tsx';

export interface HomeView {
  /** The AM's issuer, to be entered elsewhere. */
  readonly issuer: string;
  readonly asks: Part<WaitingAsk>;
  /** Broken ones first. */
  readonly links: Part<OwnLink>;
  readonly board: Board;
  readonly uses: Uses;
  readonly news: readonly News[];
  /** How many tokens were issued on each of the last thirty days. */
  readonly days: { readonly counts: readonly DayCount[]; readonly from: string; readonly to: string };
  readonly transfers: readonly Line[];
  /**
   * Names of the Hosts that have not confirmed a revocation: `pending` if the AM still tries, `failed` if it has given
   * up.
   */
  readonly unconfirmed: { readonly pending: readonly string[]; readonly failed: readonly string[] };
}

/** How many questions and services are shown here; their own pages show all. */
export const SHOWN = 8;

/** The overview: what needs the owner, which app may have what, what is new, and what happened. */
export function HomePage(view: HomeView): VNode {
  const { links, board, uses, transfers } = view;
  const begun = transfers.length > 0 || board.apps.length > 0;
  return (
    <Layout title="Home" width="wide" lead={begun ? undefined : 'Three steps, and you decide here who may have what.'}>
      {!begun && <Way links={links} />}
      <Listening id="needs-you">
        <NeedsYou {...view} />
      </Listening>
      {board.apps.length > 0 && <KeyBoard board={board} used={uses.lately} />}
      <Columns>
        {board.apps.length === 0 && <NoApps {...view} />}
        <WhatIsNew {...view} />
        <MyServices links={links} />
        <Recent transfers={transfers} />
      </Columns>
    </Layout>
  );
}

function Way({ links }: Pick<HomeView, 'links'>): VNode {
  const steps = ['Add a service that has your data', 'Connect an app that wants it', 'See here what it does'];
  return <Steps label="How to begin" steps={steps} current={links.entries.length === 0 ? 0 : 1} />;
}

function NeedsYou({ asks, links, unconfirmed: { pending, failed } }: HomeView): VNode | null {
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
              <p>
                “{label}” is broken: {hostName} no longer honours the link.
              </p>
              <Form action={`/hosts/${id}/repair`}>
                <ButtonRow>
                  <Button kind="plain">Repair “{label}”</Button>
                </ButtonRow>
              </Form>
            </Notice>
          ))}
          {broken.length === SHOWN && links.next !== null && (
            <p>
              More may be broken: <a href="/hosts">see all of my services</a>
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

function MyServices({ links }: Pick<HomeView, 'links'>): VNode {
  if (links.entries.length === 0) {
    return (
      <Empty title="My services">
        <p>
          None yet. Link a service that has your data; you need nothing but its address. You decide there what may be
          shared through here at most.
        </p>
        <ButtonRow>
          <ButtonLink href="/hosts/add">Add your first service</ButtonLink>
        </ButtonRow>
      </Empty>
    );
  }
  return (
    <Card title="My services" aside={<a href="/hosts/add">Add a service</a>}>
      <List>
        {links.entries.map((link) => (
          <Row
            key={link.id}
            title={link.label}
            note={
              <>
                {link.hostName}, <Address>{new URL(link.hostIssuer).host}</Address> · <LastSeen link={link} />
              </>
            }
            aside={<Health link={link} />}
          />
        ))}
      </List>
      <p>
        <a href="/hosts">{links.next === null ? 'All about my services' : 'All of my services'}</a>
      </p>
    </Card>
  );
}

function NoApps({ issuer, links }: HomeView): VNode {
  return (
    <Empty title="My apps">
      <p>
        None yet. {links.entries.length === 0 && 'First add a service. Then start '}
        {links.entries.length > 0 && 'Start '}in the app that wants your data: choose “connect my authorization manager”
        there and enter this address:
      </p>
      <p>
        <code>{issuer}</code>
      </p>
    </Empty>
  );
}

function Recent({ transfers }: Pick<HomeView, 'transfers'>): VNode {
  return (
    <Card title="Recent accesses">
      {transfers.length === 0 ? (
        <p>None yet. Every key an app asks for is listed here, whatever came of it.</p>
      ) : (
        <Lines lines={transfers} />
      )}
      <p>
        <a href="/timeline">All activity</a>
      </p>
    </Card>
  );
}

/** The front page for visitors who are not signed in. */
export function LandingPage({ name }: { name: string }): VNode {
  return (
    <Layout title="Every key you give out, on one hook">
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
