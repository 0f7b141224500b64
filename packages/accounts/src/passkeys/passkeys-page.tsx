import {
  Button,
  ButtonLink,
  ButtonRow,
  Empty,
  Field,
  Form,
  Hidden,
  Layout,
  List,
  Moment,
  Notice,
  Row,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import { NeedsScript, type PasskeyAsk, PasskeyBlock } from './passkey-block.tsx';
import type { Passkey } from './passkey-store.ts';

export interface PasskeysView {
  passkeys: readonly Passkey[];
  problem?: string;
}

export function PasskeysPage({ passkeys, problem }: PasskeysView): VNode {
  return (
    <Layout
      title="Your passkeys"
      lead={
        'Sign in with your fingerprint, your face or your device’s PIN. ' +
        'There is nothing to remember, and nothing that a false page could ask you for.'
      }
    >
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      {passkeys.length === 0 ? (
        <Empty title="No passkey yet">
          <p>Add one on each device that you use, or one on a security key that you carry.</p>
          <ButtonLink href="/account/passkeys/add">Add a passkey</ButtonLink>
        </Empty>
      ) : (
        <>
          <List>
            {passkeys.map((passkey) => (
              <PasskeyRow key={passkey.id} passkey={passkey} />
            ))}
          </List>
          <ButtonRow>
            <ButtonLink href="/account/passkeys/add">Add another</ButtonLink>
          </ButtonRow>
          <p>
            <small>Whoever removes one also signs out every other browser.</small>
          </p>
        </>
      )}
      <p>
        <a href="/account">Your account</a>
      </p>
    </Layout>
  );
}

function PasskeyRow({ passkey: { id, name, createdAt, lastUsedAt, backedUp } }: { passkey: Passkey }): VNode {
  return (
    <Row
      title={name}
      aside={
        <Form action="/account/passkeys/remove">
          <Hidden fields={{ passkey: id }} />
          <Button kind="plain">Remove</Button>
        </Form>
      }
    >
      <small>
        Added <Moment at={createdAt} />
        {backedUp && ', kept by your password manager'}
      </small>
      <small>
        {lastUsedAt === null ? (
          'Not used yet'
        ) : (
          <>
            Last used <Moment at={lastUsedAt} />
          </>
        )}
      </small>
    </Row>
  );
}

export interface AddPasskeyView {
  ask: PasskeyAsk;
  name: string;
  problem?: string;
}

export function AddPasskeyPage({ ask, name, problem }: AddPasskeyView): VNode {
  return (
    <Layout
      title="Add a passkey"
      lead="Your browser asks where to keep it: on this device, in a password manager, or on a security key."
    >
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      <NeedsScript />
      <PasskeyBlock ask={ask} action="/account/passkeys/add" fields={{}} button="Add a passkey">
        <Field
          name="name"
          label="Name"
          hint="So that you know it again in the list."
          value={name}
          maxLength={60}
          required
        />
      </PasskeyBlock>
      <p>
        <a href="/account/passkeys">Your passkeys</a>
      </p>
    </Layout>
  );
}
