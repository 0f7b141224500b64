import { Badge, Button, ButtonRow, Form, Hidden, Layout, List, Moment, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { type OwnSession, SESSIONS_SHOWN } from './own-sessions-store.ts';
import type { SignInMethod } from './session-store.ts';

/** Lists where somebody is signed in; each session can be ended. */
export function SessionsPage({ sessions }: { sessions: readonly OwnSession[] }): VNode {
  const others = sessions.some(({ own }) => !own);
  return (
    <Layout
      title="Where you are signed in"
      lead="A browser that you do not know? Sign it out, then change your password."
    >
      <List>
        {sessions.map((session) => (
          <SessionRow key={session.id} session={session} />
        ))}
      </List>
      {sessions.length === SESSIONS_SHOWN && <p>Only the {SESSIONS_SHOWN} used last are shown.</p>}
      {others && (
        <Form action="/account/sessions/end-others">
          <ButtonRow>
            <Button kind="danger">Sign out everywhere else</Button>
          </ButtonRow>
        </Form>
      )}
      <p>
        <a href="/account">Your account</a>
      </p>
    </Layout>
  );
}

function SessionRow({ session: { id, own, signIn, signedInAt, seenAt } }: { session: OwnSession }): VNode {
  const name = signIn?.device ?? 'Unknown browser';
  const aside = own ? (
    <Badge kind="good">This browser</Badge>
  ) : (
    <Form action="/account/sessions/end">
      <Hidden fields={{ session: id }} />
      <Button kind="plain">Sign out</Button>
    </Form>
  );
  return (
    <Row title={name} aside={aside}>
      <small>
        Signed in <Moment at={signedInAt} />
        {signIn !== null && ` ${METHODS[signIn.method]}, from ${signIn.address}`}
      </small>
      <small>
        Last used <Moment at={seenAt} />
      </small>
    </Row>
  );
}

const METHODS: Readonly<Record<SignInMethod, string>> = {
  password: 'with your password',
  passkey: 'with a passkey',
  'recovery code': 'with a recovery code',
};
