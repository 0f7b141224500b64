import {
  Address,
  Badge,
  Button,
  ButtonRow,
  Card,
  Day,
  Facts,
  Field,
  Form,
  Initial,
  Moment,
  Notice,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import { OWN_NAME_CHARS } from '../identity/own-name.ts';
import type { OwnLink } from './hosts-store.ts';

/** One of the owner's accounts at a Host: its state, the apps that use it, and what the owner can do about it. */
export function LinkCard({ link }: { link: OwnLink }): VNode {
  const { id, label, state, usedBy } = link;
  return (
    <Card title={label} icon={<Initial name={link.hostName} of={link.hostIssuer} />} aside={<Health link={link} />}>
      {state === 'broken' && <Broken link={link} />}
      <Facts
        facts={[
          [
            'Service',
            <>
              {link.hostName} <small>{link.hostIssuer}</small>
            </>,
          ],
          ['Last seen', <LastSeen link={link} />],
          ['Linked on', <Day date={link.since.toISOString().slice(0, 10)} />],
          ['At most', <Sentences sentences={link.ceiling.map(({ sentence }) => sentence)} />],
          ['Used by', usedBy.length === 0 ? 'no app' : <UsedBy link={link} />],
        ]}
      />
      <details>
        <summary>Rename it</summary>
        <Form action={`/hosts/${id}/name`}>
          <Field
            id={`name-${id}`}
            name="label"
            label="What you call this account"
            value={label}
            maxLength={OWN_NAME_CHARS}
            hint="Empty: it is called after its service"
          />
          <Button kind="plain">Rename</Button>
        </Form>
      </details>
      <Bearer link={link} />
      {state === 'active' && <Renew link={link} />}
      {state === 'active' && (
        <Form action={`/hosts/${id}/test`}>
          <Button kind="quiet">
            Test it<span class="unseen">: {label}</span>
          </Button>
        </Form>
      )}
      <Stop link={link} />
    </Card>
  );
}

/** The last known state of a link and its Host, in one word. */
export function Health({
  link: { state, answeredAt, unreachableSince },
}: {
  link: Pick<OwnLink, 'state' | 'answeredAt' | 'unreachableSince'>;
}): VNode {
  if (state === 'broken') return <Badge kind="bad">broken</Badge>;
  if (unreachableSince !== null) return <Badge kind="needs">not reachable</Badge>;
  return answeredAt === null ? <Badge>not asked yet</Badge> : <Badge kind="good">answers</Badge>;
}

/** The same in a sentence: when its Host last answered, or since when it is unreachable. */
export function LastSeen({
  link: { hostName, answeredAt, unreachableSince },
}: {
  link: Pick<OwnLink, 'hostName' | 'answeredAt' | 'unreachableSince'>;
}): VNode {
  const answered =
    answeredAt === null ? (
      `${hostName} was not asked yet`
    ) : (
      <>
        last answered <Moment at={answeredAt.getTime() / 1000} />
      </>
    );
  if (unreachableSince === null) return <>{answered}</>;
  return (
    <>
      unreachable since <Moment at={unreachableSince.getTime() / 1000} />
      {answeredAt !== null && <>; {answered}</>}
    </>
  );
}

function Sentences({ sentences }: { sentences: readonly string[] }): VNode {
  return sentences.length === 0 ? <>nothing</> : <>{sentences.join(' · ')}</>;
}

function UsedBy({ link: { usedBy, hasMoreUsers } }: { link: OwnLink }): VNode {
  return (
    <ul>
      {usedBy.map(({ clientName, who, sentences, bearer }) => (
        <li>
          {clientName}{' '}
          <small>
            (<Address>{who}</Address>) ·{' '}
          </small>
          {bearer && <Badge kind="needs">keys that fit anybody</Badge>}{' '}
          <small>
            <Sentences sentences={sentences} />
          </small>
        </li>
      ))}
      {hasMoreUsers && (
        <li>
          and others: <a href="/apps">My apps</a>
        </li>
      )}
    </ul>
  );
}

function Broken({ link }: { link: OwnLink }): VNode {
  const { id, hostName, usedBy } = link;
  return (
    <Notice kind="bad">
      <p>
        {hostName} no longer honours this link: it was ended there, or it expired. Nothing can be obtained through it.
      </p>
      <p>
        To repair it, sign in at {hostName} once more, with the same account.
        {usedBy.length > 0 && ` ${namesOf(link)} then ${isOneApp(link) ? 'goes' : 'go'} on as before.`}
      </p>
      <Form action={`/hosts/${id}/repair`}>
        <ButtonRow>
          <Button>Repair this link</Button>
        </ButtonRow>
      </Form>
    </Notice>
  );
}

/** Which apps the owner lets have tokens without proving a key. PROTOCOL §6. */
function Bearer({ link: { id, hostName, usedBy, hasMoreUsers } }: { link: OwnLink }): VNode | null {
  const users = usedBy.filter(({ bearer }) => bearer);
  if (users.length === 0) return null;
  // bearer users come first in the list
  const theirs = { usedBy: users, hasMoreUsers: hasMoreUsers && users.length === usedBy.length };
  const one = isOneApp(theirs);
  return (
    <details>
      <summary>Keys that fit anybody</summary>
      <p>
        You let {namesOf(theirs)} have keys of {hostName} that work for whoever holds them, because{' '}
        {one ? 'it' : 'they'} could prove none. Taken back, {one ? 'it is' : 'they are'} disconnected at once, and{' '}
        {hostName} is told to end what {isOneUser(theirs) ? 'it holds' : 'they hold'}.
      </p>
      <Form action={`/hosts/${id}/bearer/stop`}>
        <Button kind="danger">Take it back</Button>
      </Form>
    </details>
  );
}

function Renew({ link: { id, hostName } }: { link: OwnLink }): VNode {
  return (
    <details>
      <summary>Change what may be shared at most</summary>
      <p>
        {hostName} keeps this limit, so you set it there: you sign in with the same account and choose anew. Until you
        have, nothing changes. Apps that use this link then use the new one, for no more than the new limit.
      </p>
      <Form action={`/hosts/${id}/repair`}>
        <Button kind="plain">Link anew</Button>
      </Form>
    </details>
  );
}

function Stop({ link }: { link: OwnLink }): VNode {
  const { id, hostName, usedBy } = link;
  return (
    <details>
      <summary>Stop it</summary>
      <p>
        {usedBy.length === 0
          ? `From then on nothing can be obtained from ${hostName} through this link.`
          : `${namesOf(link)} at once ${isOneUser(link) ? 'gets' : 'get'} nothing more ` +
            `from ${hostName} through it.`}{' '}
        {hostName} is told to end every key it handed out for it. Your data stays there. It cannot be undone, but you
        can add the service again.
      </p>
      <Form action={`/hosts/${id}/stop`}>
        <Button kind="danger">Stop this link</Button>
      </Form>
    </details>
  );
}

type Users = Pick<OwnLink, 'usedBy' | 'hasMoreUsers'>;

/** An app that is connected twice counts once. */
const appsAmong = ({ usedBy }: Users): string[] => [...new Set(usedBy.map(({ clientName }) => clientName))];
const isOneApp = (users: Users): boolean => !users.hasMoreUsers && appsAmong(users).length === 1;
const isOneUser = ({ usedBy, hasMoreUsers }: Users): boolean => !hasMoreUsers && usedBy.length === 1;

/** "A", "A and B", "A, B and 3 others": a sentence stays readable. */
function namesOf(users: Users): string {
  const names = appsAmong(users);
  const [first = '', second = ''] = names;
  if (users.hasMoreUsers) return `${names.slice(0, 2).join(', ')} and others`;
  if (names.length <= 2) return names.join(' and ');
  return `${first}, ${second} and ${names.length - 2} ${names.length === 3 ? 'other' : 'others'}`;
}
