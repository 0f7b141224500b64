import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import type { FormParams } from '@chatelaine/protocol';
import { Badge, Button, ButtonLink, ButtonRow, Card, Choice, Choices, Empty, Hidden, Notice } from '@chatelaine/ui';
import type { ComponentChildren, VNode } from 'preact';
import { addServiceHref } from '../consent/add-service.ts';
import { AskingPage } from '../consent/asking-page.tsx';
import { DurationChips } from '../consent/duration-chips.tsx';
import { OutcomeForm } from '../consent/outcome-form.tsx';
import { PausedNotice } from '../consent/paused-notice.tsx';
import { WhoAsks } from '../consent/who-asks.tsx';
import type { TermsOffer } from '../terms/choice.ts';
import { TermsChoice } from '../terms/terms-choice.tsx';
import { BearerChoice } from './bearer-choice.tsx';
import { ACCOUNT_FIELD, outcomeIn, provesNoKey, scopeField, stockChoices } from './consent-form.ts';
import type { Offer, OfferedAccount } from './offer.ts';

export interface StockClientConsentView {
  readonly view: ConsentView;
  readonly offer: Offer;
  readonly terms: TermsOffer;
  /** The owner's name for the client; null: its own. */
  readonly ownName: string | null;
  readonly iconId: string | null;
  readonly resource: string;
  /** How many minutes are left to answer this request. */
  readonly minutesLeft: number;
  /** A connection of the client that the owner has paused; null if there is none. */
  readonly paused: string | null;
}

/** The consent page for an app that knows nothing of AMs and asks for one of the owner's Hosts. PROTOCOL §6. */
export function StockClientConsentPage(page: StockClientConsentView): VNode {
  const { view, offer, terms, ownName, iconId, resource, paused } = page;
  const { client } = view.interaction;
  const hostName = offer.kind === 'not_linked' ? new URL(resource).host : offer.hostName;
  return (
    <AskingPage
      title={`Let ${client.name} use ${hostName}?`}
      lead="This app asks for one of your services. You decide what of it."
      view={view}
      who={
        <>
          <WhoAsks
            view={view}
            ownName={ownName}
            iconId={iconId}
            asksFor={resource}
            gets="It gets keys from that service for what you choose, and nothing else."
          />
          <PausedNotice name={client.name} paused={paused} connects="with a key" />
          <TermsChoice offer={terms} form={view.form} client={client} />
        </>
      }
    >
      <Answer page={page} />
    </AskingPage>
  );
}

function Answer({ page }: { page: StockClientConsentView }): VNode {
  const { offer, view } = page;
  switch (offer.kind) {
    case 'accounts':
      return <Choose offer={offer} view={view} />;
    case 'not_linked':
      return (
        <Detour page={page} title="You have not added that service here yet" back="Go back without it">
          <p>
            Only you know whether you have an account at {offer.address}. If you have, add it: you sign in there, decide
            what may be shared at most, and come back to this question.
          </p>
          <Way href={addServiceHref(view.interaction, offer.address)}>Add {new URL(offer.address).host}</Way>
        </Detour>
      );
    case 'broken':
      return (
        <Detour page={page} title={`Your link to ${offer.hostName} is broken`} back="Go back without it">
          <p>
            {offer.labels.join(', ')}: {offer.hostName} no longer honours it. Repair it under My services; then start
            again from {view.interaction.client.name}, or open this page again.
          </p>
          <Way href="/hosts">My services</Way>
        </Detour>
      );
    case 'unknown_resource':
      return (
        <Detour page={page} title={`${offer.hostName} has no such address for apps`} back="Go back without it">
          <p>
            You have linked {offer.hostName}. What it names for apps is: {offer.resources.join(', ')}.{' '}
            {view.interaction.client.name} asks for another one: enter one of these there. If {offer.hostName} has
            changed lately, look at it again.
          </p>
          <Way href={addServiceHref(view.interaction, offer.address)}>Look at {new URL(offer.address).host} again</Way>
        </Detour>
      );
    case 'needs_signature':
      return (
        <Detour page={page} title={`${offer.hostName} does not give this to such an app`} back="Go back">
          <p>
            It asks for: {offer.sentences.join(' · ')}. {offer.hostName} gives that only to apps that sign for
            themselves, and {view.interaction.client.name} cannot. Nothing that you could change here helps.
          </p>
        </Detour>
      );
    case 'beyond_ceiling':
      return (
        <Detour page={page} title={`You share less of ${offer.hostName} than it asks for`} back="Go back without it">
          <p>It asks for: {offer.sentences.join(' · ')}. None of that may be shared through here at most.</p>
          <p>
            To change what may be shared at most, link {offer.hostName} anew under My services; then open this page
            again.
          </p>
          <Way href="/hosts">My services</Way>
        </Detour>
      );
    case 'unknown_scopes':
      return (
        <Detour page={page} title={`${offer.hostName} has no such thing`} back="Go back">
          <p>
            It asks for {offer.scopes.join(', ')}, which {offer.hostName} does not know. This is a mistake in the app,
            or in how it was set up.
          </p>
        </Detour>
      );
  }
}

/** A page without choices: what the owner can do first, and a way back. */
function Detour({
  page: { view, minutesLeft },
  title,
  back,
  children,
}: {
  page: StockClientConsentView;
  title: string;
  back: string;
  children: ComponentChildren;
}): VNode {
  return (
    <form method="post" action={view.action}>
      <Hidden fields={view.hidden} />
      <Empty title={title}>{children}</Empty>
      <ButtonRow>
        <Button name="decision" value="deny" kind="plain">
          {back}
        </Button>
      </ButtonRow>
      <p>
        <small>
          This question waits for {minutesLeft === 1 ? 'one more minute' : `${minutesLeft} more minutes`}. After that,
          start again in the app.
        </small>
      </p>
    </form>
  );
}

function Way({ href, children }: { href: string; children: ComponentChildren }): VNode {
  return (
    <ButtonRow>
      <ButtonLink href={href}>{children}</ButtonLink>
    </ButtonRow>
  );
}

function Choose({ offer, view }: { offer: Extract<Offer, { kind: 'accounts' }>; view: ConsentView }): VNode {
  const { accounts, hostName, beyond, hasMore } = offer;
  const chosen = stockChoices(offer, view);
  const at = (name: string) => (view.problemAt === name ? (view.problem ?? undefined) : undefined);
  return (
    <OutcomeForm view={view} outcome={outcomeIn(offer, chosen)}>
      <Hidden fields={view.hidden} />
      {beyond.length > 0 && (
        <Notice>
          Not offered: {beyond.join(' · ')}. You do not let it be shared through here, or {hostName} gives it only to
          apps that sign for themselves.
        </Notice>
      )}
      {accounts.length > 1 && (
        <Notice>
          You have {hasMore ? `more than ${accounts.length}` : accounts.length} accounts at {hostName}, and this app
          uses one of them.{hasMore && ' The oldest ones are offered here.'}
        </Notice>
      )}
      <h2 class="unseen">What it may do</h2>
      {accounts.map((account, index) => (
        <Account
          key={account.linkId}
          account={account}
          title={`${hostName}: ${account.label}`}
          several={accounts.length > 1 ? 'several' : 'only'}
          chosen={chosen}
          problems={{
            // with several accounts, the problem is shown beside the first
            account: index === 0 ? at(ACCOUNT_FIELD) : undefined,
            scopes: at(scopeField(account.linkId, '')),
          }}
        />
      ))}
      {provesNoKey(view.interaction) && <BearerChoice offer={offer} view={view} />}
      <DurationChips legend="For how long?" chosen={chosen} problem={at} />
    </OutcomeForm>
  );
}

interface AccountView {
  readonly account: OfferedAccount;
  readonly title: string;
  readonly several: 'several' | 'only';
  readonly chosen: FormParams;
  readonly problems: { readonly account: string | undefined; readonly scopes: string | undefined };
}

function Account({ account: { linkId, label, scopes }, title, several, chosen, problems }: AccountView): VNode {
  return (
    <Card title={title}>
      {several === 'several' && (
        <Choices legend="Which account" layout="row" problem={problems.account}>
          <Choice
            kind="radio"
            name={ACCOUNT_FIELD}
            value={linkId}
            checked={chosen.get(ACCOUNT_FIELD) === linkId}
            isWrong={problems.account !== undefined}
          >
            This one, “{label}”
          </Choice>
        </Choices>
      )}
      <Choices legend="It may" problem={problems.scopes}>
        {scopes.map(({ scope, sentence, access }, index) => (
          <Choice
            key={scope}
            kind="checkbox"
            name={scopeField(linkId, scope)}
            value="allow"
            checked={chosen.has(scopeField(linkId, scope))}
            isWrong={problems.scopes !== undefined && index === 0}
          >
            {sentence} {access === 'write' && <Badge kind="needs">writes</Badge>} <small>({scope})</small>
          </Choice>
        ))}
      </Choices>
    </Card>
  );
}
