import { Address, Button, Card, Day, Form, List, Moment, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { whereItRuns } from '../identity/who.tsx';
import type { OwnApp, OwnConnection } from './app-store.ts';

/** Details of an app's connections that the owner does not need for a decision. */
export function Technical({ app }: { app: OwnApp }): VNode {
  const { connections, clientName, clientId } = app;
  return (
    <Card title="Technical">
      <p>
        Each time you connected {clientName} is a connection, which has a key of its own. Its client identifier is{' '}
        <code>
          <Address>{clientId}</Address>
        </code>
        .
      </p>
      <details>
        <summary>{connections.length === 1 ? '1 connection' : `${connections.length} connections`}</summary>
        <List>
          {connections.map((connection) => (
            <Row
              key={connection.id}
              title={
                <>
                  Since <Moment at={connection.since.getTime() / 1000} />
                </>
              }
              note={<About connection={connection} />}
              aside={
                connections.length > 1 && (
                  <Form action={`/apps/${connection.id}/end-connection`}>
                    <Button kind="danger">
                      End this one<span class="unseen"> of {connection.since.toISOString()}</span>
                    </Button>
                  </Form>
                )
              }
            />
          ))}
        </List>
      </details>
    </Card>
  );
}

function About({ connection }: { connection: OwnConnection }): VNode {
  const { redirectUri, resource, jkt, until, lastUsed } = connection;
  return (
    <>
      {redirectUri !== null && (
        <>
          Runs <Address>{whereItRuns(redirectUri)}</Address> ·{' '}
        </>
      )}
      {resource !== null && <>for {resource} alone · </>}
      {until !== null && (
        <>
          until <Day date={until.toISOString().slice(0, 10)} /> ·{' '}
        </>
      )}
      {lastUsed === null ? (
        'not used yet'
      ) : (
        <>
          last used <Moment at={lastUsed.getTime() / 1000} />
        </>
      )}{' '}
      · {jkt === null ? 'has shown no key' : `key ${jkt}`}
    </>
  );
}
