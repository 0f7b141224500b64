import type { Target } from '@chatelaine/requester-kit';
import {
  Badge,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Empty,
  Form,
  Hidden,
  Layout,
  List,
  Notice,
  Row,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { ConnectionView } from './list-connections.ts';

interface ConnectionsPageView {
  /** This app's own issuer: it may be among the Hosts. */
  readonly self: string;
  readonly connections: readonly ConnectionView[];
}

export function ConnectionsPage({ self, connections }: ConnectionsPageView): VNode {
  return (
    <Layout title="My Hosts" lead="What this app may see and post to, as your authorization manager says right now.">
      {connections.length === 0 && (
        <Empty title="You have not connected an authorization manager yet">
          <p>
            It knows your Hosts. Connect it, choose there which of them this app may use and for what, and they stand
            here.
          </p>
        </Empty>
      )}
      {connections.map((connection) => (
        <Connection key={connection.connectionId} self={self} connection={connection} />
      ))}
      <ButtonRow>
        <ButtonLink href="/connect" kind={connections.length === 0 ? 'main' : 'plain'}>
          {connections.length === 0 ? 'Connect an authorization manager' : 'Connect another one'}
        </ButtonLink>
      </ButtonRow>
    </Layout>
  );
}

function Connection({ self, connection }: { self: string; connection: ConnectionView }): VNode {
  const { connectionId, am, outcome, terms } = connection;
  return (
    <Card title={`Through ${new URL(am).host}`} aside={<a href={am}>Open {am}</a>}>
      <Hosts self={self} outcome={outcome} />
      {TERMS[terms] !== null && <p>{TERMS[terms]}</p>}
      {outcome.kind === 'targets' && (
        <Form action="/connect">
          <Hidden fields={{ am, connection: connectionId }} />
          <Button kind="plain">Let this app do more</Button>
        </Form>
      )}
      <h3>Disconnect</h3>
      <p>This app then forgets its keys and tells {new URL(am).host}. Nothing is lost at your Hosts.</p>
      <Form action="/disconnect">
        <Hidden fields={{ connection: connectionId }} />
        <Button kind="danger">Disconnect</Button>
      </Form>
    </Card>
  );
}

/** What this app has answered to its owner's terms. */
const TERMS = {
  none: null,
  unknown: null,
  accepted: 'This app has signed your terms. Your authorization manager has the record.',
  declined: 'This app has declined your terms, so it gets no keys. You can ask for others there.',
  undecided:
    'You ask for terms that nobody here has decided on yet, so this app gets no keys. Those who run it have been told.',
} as const;

function Hosts({ self, outcome }: Pick<ConnectionView, 'outcome'> & { self: string }): VNode {
  switch (outcome.kind) {
    case 'targets':
      return outcome.targets.length === 0 ? (
        <Notice kind="needs">It shows this app none of your Hosts. Choose some there, or connect again.</Notice>
      ) : (
        <>
          <List>
            {outcome.targets.map((target) => (
              <Host key={target.resource} self={self} target={target} />
            ))}
          </List>
          <p>
            <small>Is one missing? Look there, under Services, whether its link is broken: it can be repaired.</small>
          </p>
        </>
      );
    case 'try_later':
      return <Notice kind="bad">It does not answer at the moment. Reload this page in a while.</Notice>;
    case 'unusable':
      return (
        <Notice kind="bad">
          It answers in a way this app does not understand. If it stays so, tell whoever runs it.
        </Notice>
      );
    case 'reconnect':
    case 'unknown_connection':
      return <Notice kind="needs">The connection has ended there. Disconnect it here and connect again.</Notice>;
  }
}

const ANSWER = { allow: 'allowed', ask: 'asks you first', deny: 'not allowed' } as const;
const TONE = { allow: 'good', ask: 'needs', deny: 'plain' } as const;
/** The scopes that this app uses; for others, the Host's own words are shown. */
const USES: Readonly<Record<string, string>> = { 'entries.read': 'Read', 'entries.write': 'Post' };

function Host({ self, target }: { self: string; target: Target }): VNode {
  const { name, account, issuer, scopes } = target;
  if (issuer === self)
    return (
      <Row title={name} note={`${account} · ${issuer}`}>
        <small>
          Kept here: see <a href="/posts">My posts</a>. This app needs no key for it.
        </small>
      </Row>
    );
  return (
    <Row title={name} note={`${account} · ${issuer}`}>
      <ul class="scopes">
        {scopes.map(({ scope, answer }) => (
          <li key={scope}>
            {USES[scope] !== undefined && `${USES[scope]} `}
            <code>{scope}</code> <Badge kind={TONE[answer]}>{ANSWER[answer]}</Badge>
          </li>
        ))}
      </ul>
    </Row>
  );
}
