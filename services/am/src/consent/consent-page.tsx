import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import { Button, ButtonRow, Empty, Hidden, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { LINK_HOST_FIELD } from '../combined-registration/host-form.ts';
import { HostCard } from '../combined-registration/host-card.tsx';
import { keptIn } from '../combined-registration/offered-host.ts';
import { PREFERRED_FIELD, type TermsOffer } from '../terms/choice.ts';
import { TermsChoice } from '../terms/terms-choice.tsx';
import { ADD_FIELD } from './add-service.ts';
import type { Again } from './again.ts';
import { AgainCard } from './again-card.tsx';
import { AskingPage } from './asking-page.tsx';
import { ConsentChoices } from './consent-choices.tsx';
import { missingHosts, type Offered, type OwnLink } from './offered.ts';
import { type Beginnings, choicesIn } from './prefill.ts';
import { PausedNotice } from './paused-notice.tsx';
import { WantsCard } from './wants-card.tsx';
import { WhoAsks } from './who-asks.tsx';

export interface ConsentPageView {
  readonly view: ConsentView;
  readonly offered: Offered;
  /** The owner's labels of accounts whose links are broken, which cannot be offered. */
  readonly broken: { readonly labels: readonly string[]; readonly hasMore: boolean };
  readonly terms: TermsOffer;
  /** How the request relates to the client's live connections. */
  readonly again: Again;
  /** The owner's name for the client; null: its own. */
  readonly ownName: string | null;
  readonly iconId: string | null;
  /** All accounts that are offered, with what is left to choose and what the client has already. */
  readonly own: readonly OwnLink[];
  /** What the form depends on before anything is chosen. */
  readonly beginnings: Beginnings;
  /** A connection of the client that the owner has paused; null if there is none. */
  readonly paused: string | null;
}

/** Who asks, and what it may ask for, on one screen. */
export function ConsentPage(page: ConsentPageView): VNode {
  const { view, offered, broken, terms, again, ownName, iconId, own, beginnings, paused } = page;
  const { client } = view.interaction;
  const { links, hasMore } = offered;
  const host = keptIn(view);
  const chosen = choicesIn(offered, view.form, beginnings);
  const at = (name: string) => (view.problemAt === name ? (view.problem ?? undefined) : undefined);
  return (
    <AskingPage
      title={again.kind === 'adds' ? `Let ${client.name} ask for more?` : `Connect ${client.name}?`}
      lead="You decide what it may ask your services for, and when it has to ask you first."
      view={view}
      who={
        <>
          <WhoAsks
            view={view}
            ownName={ownName}
            iconId={iconId}
            gets="It will get keys from your services for what you choose, and nothing else."
          />
          <PausedNotice name={client.name} paused={paused} connects="without a key" />
          <WantsCard offered={offered} />
          <AgainCard again={again} name={client.name} own={own} offered={offered} />
        </>
      }
    >
      {broken.labels.length > 0 && (
        <Notice kind="needs">
          Not offered, because the link is broken: {broken.labels.join(', ')}
          {broken.hasMore && ' and others'}. Repair it under <a href="/hosts">My services</a>, then connect again.
        </Notice>
      )}
      {hasMore && (
        <Notice kind="needs">
          You have more accounts than can be offered at once. Here are the first {links.length}, by the names of their
          services. To offer another one, stop a link you no longer need under <a href="/hosts">My services</a>, then
          connect again.
        </Notice>
      )}
      {own.length === 0 && host === null ? (
        <NoHosts view={view} offered={offered} />
      ) : (
        <ConsentChoices
          view={view}
          offered={offered}
          chosen={chosen}
          lasts={again.kind === 'adds' ? 'as long' : 'chosen'}
        >
          {links.length === 0 && (again.kind === 'adds' ? <NothingToAdd /> : <NothingToShow />)}
          {host !== null && <HostCard host={host} form={chosen} problem={at(LINK_HOST_FIELD)} />}
          {again.kind !== 'adds' && (
            <TermsChoice offer={terms} form={chosen} client={client} problem={at(PREFERRED_FIELD)} />
          )}
        </ConsentChoices>
      )}
    </AskingPage>
  );
}

/** Shown where the owner has no account to offer. If the client brings a Host, the owner can still agree to link it. */
function NothingToShow(): VNode {
  return (
    <Notice kind="plain">
      You have no service here yet that this app could ask for. Connected now, it can be shown some once you have added
      them and connect again.
    </Notice>
  );
}

/** Shown where the client has everything already. */
function NothingToAdd(): VNode {
  return <Notice kind="plain">It may ask already for everything that can be added to this connection.</Notice>;
}

function NoHosts({ view, offered }: { view: ConsentView; offered: Offered }): VNode {
  return (
    <form method="post" action={view.action}>
      <Hidden fields={view.hidden} />
      <Empty title="There is nothing to show it yet">
        <p>
          You have no service here that works. Add one first: you come back to this question, and choose here which part
          of it {view.interaction.client.name} may have.
        </p>
        <ButtonRow>
          <Button name={ADD_FIELD} value={missingHosts(offered)[0] ?? ''}>
            Add a service
          </Button>
          <Button name="decision" value="deny" kind="plain">
            Go back without connecting
          </Button>
        </ButtonRow>
      </Empty>
    </form>
  );
}
