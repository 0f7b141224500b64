import { Button, ButtonRow, Card, Field, Form, Hidden, Layout, Notice } from '@chatelaine/ui';
import { NeedsScript, type PasskeyAsk, PasskeyBlock } from '../passkeys/passkey-block.tsx';
import type { VNode } from 'preact';

export interface ConfirmView {
  username: string;
  returnTo: string;
  /** Null if the account has no passkey. */
  ask: PasskeyAsk | null;
  hasPassword: boolean;
  problem?: string;
}

/** Asks somebody who is signed in to authenticate again. */
export function ConfirmPage({ username, returnTo, ask, hasPassword, problem }: ConfirmView): VNode {
  return (
    <Layout title="Confirm that it is you" lead="You are about to change how your account is protected.">
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      {ask !== null && (
        <PasskeyBlock
          ask={ask}
          action="/account/confirm/passkey"
          fields={{ return_to: returnTo }}
          button="Use a passkey"
        />
      )}
      {!hasPassword && <NeedsScript />}
      {hasPassword && (
        <Card>
          <Form action="/account/confirm">
            <Hidden fields={{ return_to: returnTo, username }} />
            <Field
              name="password"
              label={`The password of ${username}`}
              type="password"
              autocomplete="current-password"
              required
              autofocus
            />
            <ButtonRow>
              <Button>Continue</Button>
              <a href="/account">Cancel</a>
            </ButtonRow>
          </Form>
        </Card>
      )}
    </Layout>
  );
}
