import type { ConsentView } from '@chatelaine/oauth-server-pg';
import {
  Badge,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Choice,
  Choices,
  Empty,
  Facts,
  Hidden,
  Layout,
  Notice,
  Select,
  Steps,
} from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import { allField, answerField, DURATIONS, type OfferedLink } from './consent-form.ts';

export interface ConsentPageView {
  readonly view: ConsentView;
  readonly links: readonly OfferedLink[];
  /** What the owner calls the accounts whose links are broken: they cannot be offered. */
  readonly broken: readonly string[];
}

/** Who asks, and what it may ask for, on one screen. */
export function ConsentPage({ view, links, broken }: ConsentPageView): VNode {
  const { client } = view.interaction;
  return (
    <Layout
      title={`Connect ${client.name}?`}
      lead="Choose which of your Hosts this Requester may ask for, and when you want to be asked."
    >
      <Steps label="Connecting" steps={['You started there', 'You choose here', 'Back there']} current={1} />
      {view.problem !== null && <Notice kind="bad">{view.problem}</Notice>}
      <WhoAsks view={view} />
      {broken.length > 0 && (
        <Notice kind="needs">
          Not offered, because the link is broken: {broken.join(', ')}. Repair it under <a href="/hosts">My Hosts</a>,
          then connect again.
        </Notice>
      )}
      {links.length === 0 ? <NoHosts view={view} /> : <ConsentForm view={view} links={links} />}
    </Layout>
  );
}

function WhoAsks({ view }: { view: ConsentView }): VNode {
  const { client, request } = view.interaction;
  return (
    <Card title="Who asks">
      <Facts
        facts={[
          ['Runs', <strong>{whereItRuns(request.redirectUri)}</strong>],
          [
            'Calls itself',
            <>
              {client.name} <Badge>not verified</Badge>
            </>,
          ],
        ]}
      />
      <p>
        It will get keys from your Hosts for what you choose, and nothing else. You can change or stop it here at any
        time. If you did not start this, or do not know that address, refuse.
      </p>
    </Card>
  );
}

const EVERYTHING = [
  { value: 'no', label: 'Nothing' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'allow', label: 'Allow' },
] as const;
const ONE_THING = [
  { value: '', label: 'As above' },
  { value: 'no', label: 'No' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'allow', label: 'Allow' },
] as const;

/** So many accounts are shown with all they offer; more, with one answer each, and the rest behind it: a phone shows little at once. */
const SHOWN_WHOLE = 2;

function ConsentForm({ view, links }: Pick<ConsentPageView, 'view' | 'links'>): VNode {
  const accounts = Map.groupBy(links, ({ hostId }) => hostId);
  return (
    <form method="post" action={view.action}>
      <Hidden fields={view.hidden} />
      <h2 class="unseen">What it may ask for</h2>
      {links.map((link) => (
        <Account
          key={link.linkId}
          view={view}
          link={link}
          siblings={accounts.get(link.hostId)?.length ?? 1}
          layout={links.length <= SHOWN_WHOLE ? 'whole' : 'short'}
        />
      ))}
      <Card title="For how long?">
        <Select name="duration" label="The connection lasts" value={view.form.get('duration')} options={DURATIONS} />
      </Card>
      <ButtonRow>
        <Button name="decision" value="allow">
          Connect
        </Button>
        <Button name="decision" value="deny" kind="plain">
          Refuse
        </Button>
      </ButtonRow>
    </form>
  );
}

interface AccountView {
  readonly view: ConsentView;
  readonly link: OfferedLink;
  /** How many accounts the owner has at that Host. */
  readonly siblings: number;
  readonly layout: 'whole' | 'short';
}

function Account({ view: { form }, link, siblings, layout }: AccountView): VNode {
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
      <Choices
        legend={
          <>
            Everything it can share <small>({scopes.map(({ sentence }) => sentence).join(', ')})</small>
          </>
        }
        layout="row"
      >
        {EVERYTHING.map(({ value, label: answer }) => (
          <Choice
            key={value}
            kind="radio"
            name={allField(linkId)}
            value={value}
            checked={value === (form.get(allField(linkId)) ?? 'no')}
          >
            {answer}
          </Choice>
        ))}
      </Choices>
      <details open={layout === 'whole' || chosen}>
        <summary>
          One by one<span class="unseen"> for {label}</span>
        </summary>
        {scopes.map(({ scope, sentence }) => (
          <Choices
            key={scope}
            legend={
              <>
                {sentence} <small>({scope})</small>
              </>
            }
            layout="row"
          >
            {ONE_THING.map(({ value, label: answer }) => (
              <Choice
                key={value}
                kind="radio"
                name={answerField(linkId, scope)}
                value={value}
                checked={value === (form.get(answerField(linkId, scope)) ?? '')}
              >
                {answer}
              </Choice>
            ))}
          </Choices>
        ))}
      </details>
    </Card>
  );
}

function NoHosts({ view }: { view: ConsentView }): VNode {
  return (
    <form method="post" action={view.action}>
      <Hidden fields={view.hidden} />
      <Empty title="There is nothing to show it yet">
        <p>
          You have no Host here that works. Add one first; then start again from {view.interaction.client.name}, and
          choose here what of it this Requester may have.
        </p>
        <ButtonRow>
          <ButtonLink href="/hosts/add">Add a Host</ButtonLink>
          <Button name="decision" value="deny" kind="plain">
            Go back without connecting
          </Button>
        </ButtonRow>
      </Empty>
    </form>
  );
}

/** RFC 8252 §8.6: what listens on a loopback address cannot be told apart from any other program there. */
function whereItRuns(redirectUri: string): string {
  const { hostname, host } = new URL(redirectUri);
  if (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]')
    return 'as a program on this computer';
  return `at ${host}`;
}
