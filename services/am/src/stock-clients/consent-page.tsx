import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import {
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Choice,
  Choices,
  Empty,
  Hidden,
  Layout,
  Notice,
  Select,
  Steps,
} from '@chatelaine/service-kit';
import type { ComponentChildren, VNode } from 'preact';
import { DURATIONS } from '../consent/consent-form.ts';
import { Decision } from '../consent/decision.tsx';
import { WhoAsks } from '../consent/who-asks.tsx';
import { BearerChoice } from './bearer-choice.tsx';
import { ACCOUNT_FIELD, provesNoKey, scopeField } from './consent-form.ts';
import type { Offer, OfferedAccount } from './offer.ts';

export interface StockClientConsentView {
  readonly view: ConsentView;
  readonly offer: Offer;
  readonly resource: string;
  /** How long this request can still be answered, in minutes. */
  readonly minutesLeft: number;
}

/** An app that knows nothing of AMs asks for one of the owner's Hosts. PROTOCOL §6. */
export function StockClientConsentPage(page: StockClientConsentView): VNode {
  const { view, offer, resource } = page;
  const { client } = view.interaction;
  const hostName = offer.kind === 'not_linked' ? new URL(resource).host : offer.hostName;
  return (
    <Layout
      title={`Let ${client.name} use ${hostName}?`}
      lead="This app asks for one of your Hosts. You decide what of it."
    >
      <Steps label="Connecting" steps={['You started there', 'You choose here', 'Back there']} current={1} />
      {view.problem !== null && <Notice kind="bad">{view.problem}</Notice>}
      <WhoAsks
        view={view}
        more={[['Asks for', <strong>{resource}</strong>]]}
        gets="It gets keys from that Host for what you choose, and nothing else."
      />
      <form method="post" action={view.action}>
        <Hidden fields={view.hidden} />
        <Answer page={page} />
      </form>
    </Layout>
  );
}

function Answer({ page }: { page: StockClientConsentView }): VNode {
  const { offer, view } = page;
  switch (offer.kind) {
    case 'accounts':
      return <Choose offer={offer} view={view} />;
    case 'not_linked':
      return (
        <Detour page={page} title="You have not added that Host here yet" back="Go back without it">
          <p>
            Only you know whether you have an account at {offer.address}. If you have, add it: you sign in there, decide
            what may be shared at most, and come back to this question.
          </p>
          <Way href={addHostHref(page, offer.address)}>Add {new URL(offer.address).host}</Way>
        </Detour>
      );
    case 'broken':
      return (
        <Detour page={page} title={`Your link to ${offer.hostName} is broken`} back="Go back without it">
          <p>
            {offer.labels.join(', ')}: {offer.hostName} no longer honours it. Repair it under My Hosts; then start again
            from {view.interaction.client.name}, or open this page again.
          </p>
          <Way href="/hosts">My Hosts</Way>
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
          <Way href={addHostHref(page, offer.address)}>Look at {new URL(offer.address).host} again</Way>
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
            To change what may be shared at most, link {offer.hostName} anew under My Hosts; then open this page again.
          </p>
          <Way href="/hosts">My Hosts</Way>
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

/** There is nothing to choose now: what can be done about it, and a way back. */
function Detour({
  page: { minutesLeft },
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
    <>
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
    </>
  );
}

function Way({ href, children }: { href: string; children: ComponentChildren }): VNode {
  return (
    <ButtonRow>
      <ButtonLink href={href}>{children}</ButtonLink>
    </ButtonRow>
  );
}

/** The address fills in the form there, and `back` leads here again once the Host is linked. */
function addHostHref({ view }: StockClientConsentView, address: string): string {
  const { client_id, request_uri } = view.hidden;
  const back = `${view.action}?${new URLSearchParams({ client_id, request_uri }).toString()}`;
  return `/hosts/add?${new URLSearchParams({ host: address, back }).toString()}`;
}

function Choose({ offer, view }: { offer: Extract<Offer, { kind: 'accounts' }>; view: ConsentView }): VNode {
  const { accounts, hostName, beyond, hasMore } = offer;
  return (
    <>
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
      {accounts.map((account) => (
        <Account
          key={account.linkId}
          account={account}
          title={`${hostName}: ${account.label}`}
          several={accounts.length > 1 ? 'several' : 'only'}
          view={view}
        />
      ))}
      {provesNoKey(view.interaction) && <BearerChoice offer={offer} view={view} />}
      <Card title="For how long?">
        <Select name="duration" label="It may do so" value={view.form.get('duration')} options={DURATIONS} />
      </Card>
      <Decision yes="Allow" />
    </>
  );
}

function Account({
  account: { linkId, label, scopes },
  title,
  several,
  view,
}: {
  account: OfferedAccount;
  title: string;
  several: 'several' | 'only';
  view: ConsentView;
}): VNode {
  const { form, interaction } = view;
  // what was asked for by name stands there as asked for; where the app left it open, the owner begins with nothing
  const first = form.size === 0 && interaction.request.scope.length > 0;
  return (
    <Card title={title}>
      {several === 'several' && (
        <Choices legend="Which account" layout="row">
          <Choice kind="radio" name={ACCOUNT_FIELD} value={linkId} checked={form.get(ACCOUNT_FIELD) === linkId}>
            This one, “{label}”
          </Choice>
        </Choices>
      )}
      <Choices legend="It may">
        {scopes.map(({ scope, sentence }) => (
          <Choice
            key={scope}
            kind="checkbox"
            name={scopeField(linkId, scope)}
            value="allow"
            checked={first || form.has(scopeField(linkId, scope))}
          >
            {sentence} <small>({scope})</small>
          </Choice>
        ))}
      </Choices>
    </Card>
  );
}
