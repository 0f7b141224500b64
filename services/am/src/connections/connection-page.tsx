import { Badge, Button, ButtonRow, Card, Facts, Form, Layout, Notice, Radios } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import { Told, LookAgain } from '../links/revocation-status.tsx';
import { factsOf } from './requesters-page.tsx';
import { ruleField } from './rules-form.ts';
import { StopConnection } from './stop-connection.tsx';
import type { EndedConnection } from './ended-store.ts';
import type { OwnConnection, ShownHost } from './live-store.ts';

export interface ConnectionView {
  readonly connection: OwnConnection;
  /** The owner has just changed what it may do. */
  readonly saved: 'saved' | null;
}

/** One Requester: what it may ask for at which account, each with the owner's answer, and the end of it. */
export function ConnectionPage({ connection, saved }: ConnectionView): VNode {
  const { id, clientName, hosts } = connection;
  return (
    <Layout title={clientName} lead="What this Requester may do, for you to change at any time.">
      {saved === 'saved' && (
        <Notice kind="good">
          <p>Saved. It holds from now on, for every key that {clientName} asks for.</p>
        </Notice>
      )}
      <Card title="Who it is">
        <Facts facts={factsOf(connection)} />
        <StopConnection connection={connection} />
      </Card>
      {hosts.length === 0 ? (
        <Notice>
          <p>It is shown none of your Hosts. To show it some, connect it again from {clientName}.</p>
        </Notice>
      ) : (
        <Form action={`/requesters/${id}/rules`}>
          {hosts.map((host) => (
            <HostRules key={host.linkId} host={host} />
          ))}
          <p>
            <small>What is not listed, you did not choose when you connected it. To add to it, connect it again.</small>
            {connection.resource !== null && (
              <small>
                {' '}
                This app cannot put questions to you: where you want to be asked, it comes back here to be allowed anew.
              </small>
            )}
          </p>
          <ButtonRow>
            <Button>Save</Button>
            <a href="/requesters">Back without saving</a>
          </ButtonRow>
        </Form>
      )}
    </Layout>
  );
}

const ANSWERS = [
  { value: 'allow', label: 'Allow' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'deny', label: 'Never' },
] as const;

function HostRules({ host: { linkId, hostName, label, linkState, scopes } }: { host: ShownHost }): VNode {
  return (
    <Card
      title={`${hostName}: ${label}`}
      aside={linkState === 'active' ? undefined : <Badge kind="bad">link {linkState}</Badge>}
    >
      {scopes.map(({ scope, sentence, effect }) => (
        <Radios
          key={scope}
          legend={
            <>
              {sentence} <small>({scope})</small>
            </>
          }
          name={ruleField(linkId, scope)}
          answers={ANSWERS}
          chosen={effect}
        />
      ))}
    </Card>
  );
}

/** A connection that is over, and which Hosts know. */
export function EndedConnectionPage({ ended }: { ended: EndedConnection }): VNode {
  const open = ended.hosts.filter(({ state }) => state !== 'confirmed').length;
  return (
    <Layout title={`${ended.clientName} has ended`} lead="It can obtain nothing through here any more.">
      <Notice kind={open === 0 ? 'good' : 'needs'}>
        <p>{ended.hosts.length === 0 ? 'No Host had to be told.' : summary(ended.hosts.length, open)}</p>
      </Notice>
      {ended.hosts.length > 0 && (
        <Card title="What the Hosts know">
          <ul>
            {ended.hosts.map((host) => (
              <Told host={host} />
            ))}
          </ul>
          <LookAgain href={`/requesters/${ended.id}`} hosts={ended.hosts} />
        </Card>
      )}
      <p>
        <a href="/requesters">My Requesters</a>
      </p>
    </Layout>
  );
}

function summary(all: number, open: number): string {
  const hosts = (count: number): string => (count === 1 ? '1 Host' : `${count} Hosts`);
  if (open === 0) return `${hosts(all)} confirmed that nothing of it is alive there.`;
  return `${all - open} of ${hosts(all)} confirmed it so far.`;
}
