import type { Target } from '@chatelaine/requester-kit';
import { Button, ButtonLink, Card, Form, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { ConnectionView } from './list-connections.ts';

export function ConnectionsPage({ connections }: { connections: readonly ConnectionView[] }): VNode {
  return (
    <Layout title="Connections">
      {connections.length === 0 && <p>You have not connected an authorization manager yet.</p>}
      {connections.map((connection) => (
        <Connection key={connection.connectionId} connection={connection} />
      ))}
      <p class="row">
        <ButtonLink href="/connect" kind={connections.length === 0 ? 'main' : 'plain'}>
          Connect an authorization manager
        </ButtonLink>
      </p>
    </Layout>
  );
}

function Connection({ connection }: { connection: ConnectionView }): VNode {
  const { connectionId, am, outcome } = connection;
  return (
    <Card title={am}>
      <Hosts outcome={outcome} />
      <Form action="/disconnect" class="row">
        <input type="hidden" name="connection" value={connectionId} />
        <Button kind="danger">Disconnect</Button>
      </Form>
    </Card>
  );
}

function Hosts({ outcome }: Pick<ConnectionView, 'outcome'>): VNode {
  switch (outcome.kind) {
    case 'targets':
      return outcome.targets.length === 0 ? (
        <p>It shows this app none of your Hosts. Choose some there.</p>
      ) : (
        <ul>
          {outcome.targets.map((target) => (
            <Host key={target.resource} target={target} />
          ))}
        </ul>
      );
    case 'try_later':
      return <Notice kind="bad">It does not answer at the moment. Reload this page in a while.</Notice>;
    case 'unusable':
      return <Notice kind="bad">It answers in a way this app does not understand.</Notice>;
    case 'reconnect':
    case 'unknown_connection':
      return <Notice kind="bad">The connection has ended there. Disconnect it here and connect again.</Notice>;
  }
}

const ANSWER = { allow: 'allowed', ask: 'asks you first', deny: 'not allowed' } as const;

function Host({ target }: { target: Target }): VNode {
  const { name, account, issuer, scopes } = target;
  return (
    <li>
      <strong>{name}</strong> as {account} <small>{issuer}</small>
      <ul>
        {scopes.map(({ scope, answer }) => (
          <li key={scope}>
            <code>{scope}</code>: {ANSWER[answer]}
          </li>
        ))}
      </ul>
    </li>
  );
}
