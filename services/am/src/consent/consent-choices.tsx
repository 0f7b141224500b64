import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import { Card, Hidden, Radios, Select } from '@chatelaine/service-kit';
import type { ComponentChildren, VNode } from 'preact';
import {
  allField,
  answerField,
  askedField,
  DURATIONS,
  EVERY_ACCOUNT,
  hostsWithSeveralAccounts,
  type OfferedLink,
} from './consent-form.ts';
import { Decision } from './decision.tsx';

interface Answer {
  readonly value: string;
  readonly label: string;
}
const EVERYTHING: readonly Answer[] = [
  { value: 'no', label: 'Nothing' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'allow', label: 'Allow' },
];
const AS_ABOVE: Answer = { value: '', label: 'As above' };
const ONE_THING: readonly Answer[] = [
  AS_ABOVE,
  { value: 'no', label: 'No' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'allow', label: 'Allow' },
];

/** So many accounts are shown with all they offer; more, with one answer each, and the rest behind it: a phone shows little at once. */
const SHOWN_WHOLE = 2;
/** From so many on there is one answer for all of them. */
const ANSWERED_AT_ONCE = 3;
/** Of more, nobody answers thing by thing here; what the connection may do can be changed one by one afterwards. */
const SHOWN_ONE_BY_ONE = 50;

type Layout = 'whole' | 'short' | 'one answer';

interface ChoicesView {
  readonly view: ConsentView;
  readonly links: readonly OfferedLink[];
  /** What else is to be decided in the same form. */
  readonly children?: ComponentChildren;
}

/** What the Requester may ask for: at every account, at one, of one thing; and for how long. */
export function ConsentChoices({ view, links, children }: ChoicesView): VNode {
  const accounts = Map.groupBy(links, ({ hostId }) => hostId);
  const unclear = hostsWithSeveralAccounts(links);
  const atOnce = accounts.size >= ANSWERED_AT_ONCE && unclear.length < accounts.size;
  return (
    <form method="post" action={view.action}>
      <Hidden fields={view.hidden} />
      <h2 class="unseen">What it may ask for</h2>
      {atOnce && <EveryAccount view={view} hosts={accounts.size} unclear={unclear} />}
      {links.map((link) => {
        const siblings = accounts.get(link.hostId)?.length ?? 1;
        return (
          <Account
            key={link.linkId}
            view={view}
            link={link}
            siblings={siblings}
            answers={atOnce && siblings === 1 ? [AS_ABOVE, ...EVERYTHING] : EVERYTHING}
            layout={layoutFor(links.length)}
          />
        );
      })}
      {children}
      <Card title="For how long?">
        <Select name="duration" label="The connection lasts" value={view.form.get('duration')} options={DURATIONS} />
      </Card>
      <Decision yes="Connect" />
    </form>
  );
}

function layoutFor(accounts: number): Layout {
  if (accounts <= SHOWN_WHOLE) return 'whole';
  return accounts <= SHOWN_ONE_BY_ONE ? 'short' : 'one answer';
}

interface EveryAccountView {
  readonly view: ConsentView;
  readonly hosts: number;
  /** Names of the Hosts where the owner has several accounts: which of them is meant, no answer for all can say. */
  readonly unclear: readonly string[];
}

function EveryAccount({ view: { form }, hosts, unclear }: EveryAccountView): VNode {
  return (
    <Card title={unclear.length === 0 ? `All ${hosts} Hosts` : `${hosts - unclear.length} of ${hosts} Hosts`}>
      {unclear.length > 0 && (
        <p>
          <small>Not {unclear.join(', ')}: you have several accounts there. Choose one below.</small>
        </p>
      )}
      <Radios
        legend="Everything they can share, unless you say otherwise below"
        name={EVERY_ACCOUNT}
        answers={EVERYTHING}
        chosen={form.get(EVERY_ACCOUNT) ?? 'no'}
      />
    </Card>
  );
}

interface AccountView {
  readonly view: ConsentView;
  readonly link: OfferedLink;
  /** How many accounts the owner has at that Host. */
  readonly siblings: number;
  readonly answers: readonly Answer[];
  readonly layout: Layout;
}

function Account({ view: { form }, link, siblings, answers, layout }: AccountView): VNode {
  const { linkId, hostName, label, scopes } = link;
  const chosen = scopes.some(({ scope }) => (form.get(answerField(linkId, scope)) ?? '') !== '');
  return (
    <Card title={`${hostName}: ${label}`}>
      {siblings > 1 && (
        <p>
          <small>
            You have {siblings} accounts at {hostName}, and one connection uses one of them. For another, connect a
            second time.
          </small>
        </p>
      )}
      <Radios
        legend={
          <>
            Everything it can share <small>({scopes.map(({ sentence }) => sentence).join(', ')})</small>
          </>
        }
        name={allField(linkId)}
        answers={answers}
        chosen={form.get(allField(linkId)) ?? answers[0]?.value ?? 'no'}
      />
      {layout === 'one answer' ? (
        <input type="hidden" name={askedField(linkId)} value={scopes.map(({ scope }) => scope).join(' ')} />
      ) : (
        <details open={layout === 'whole' || chosen}>
          <summary>
            One by one<span class="unseen"> for {label}</span>
          </summary>
          {scopes.map(({ scope, sentence }) => (
            <Radios
              key={scope}
              legend={
                <>
                  {sentence} <small>({scope})</small>
                </>
              }
              name={answerField(linkId, scope)}
              answers={ONE_THING}
              chosen={form.get(answerField(linkId, scope)) ?? ''}
            />
          ))}
        </details>
      )}
    </Card>
  );
}
