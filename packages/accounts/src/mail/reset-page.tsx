import { Button, ButtonLink, ButtonRow, Card, Field, Form, Hidden, Layout } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { withReturnTo, signInUrl } from '../accounts/require-account.ts';
import { PASSWORD_RULE } from '../accounts/password.ts';

/** For people who have forgotten their password. Where no mail is sent, it explains the other ways. */
export function ForgotPage({ mail, returnTo }: { mail: 'sent' | 'not sent'; returnTo: string }): VNode {
  return (
    <Layout title="Forgotten your password?">
      {mail === 'sent' && (
        <Card title="A link by e-mail">
          <p>It goes to the address that you have confirmed here, and lets you choose a new password.</p>
          <Form action="/sign-in/forgot">
            <Hidden fields={{ return_to: returnTo }} />
            <Field name="who" label="Username or e-mail address" autocomplete="username" maxLength={254} required />
            <ButtonRow>
              <Button>Send the link</Button>
            </ButtonRow>
          </Form>
        </Card>
      )}
      <Card title="A recovery code">
        <p>If you have written some down, one of them signs you in.</p>
        <ButtonRow>
          <ButtonLink href={withReturnTo('/sign-in/recovery', returnTo)} kind="plain">
            Use a recovery code
          </ButtonLink>
        </ButtonRow>
      </Card>
      <p>
        A passkey signs you in without a password. <a href={signInUrl(returnTo)}>Back to signing in</a>
      </p>
    </Layout>
  );
}

/** The same for every name and address, whether or not somebody has it. */
export function SentPage({ returnTo }: { returnTo: string }): VNode {
  return (
    <Layout title="Look into your mail">
      <Card>
        <p>
          If there is an account with that name or address, and an address was confirmed for it, a link is on its way
          there. It is good for 15 minutes.
        </p>
        <p>
          <a href={withReturnTo('/sign-in/forgot', returnTo)}>Nothing comes?</a>
        </p>
      </Card>
    </Layout>
  );
}

export function ResetPage({ token, username, problem }: { token: string; username: string; problem?: string }): VNode {
  return (
    <Layout title="Choose a new password" lead="Every browser in which you are signed in is signed out by it.">
      <Card>
        <Form action="/sign-in/reset">
          <Hidden fields={{ token, username }} />
          <Field
            name="password"
            label={`New password of ${username}`}
            type="password"
            hint={PASSWORD_RULE}
            problem={problem}
            autocomplete="new-password"
            required
            autofocus
          />
          <ButtonRow>
            <Button>Set this password</Button>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

/** The new password is set. It signs nobody in. */
export function ResetDonePage(): VNode {
  return (
    <Layout title="Your new password is set">
      <Card>
        <p>Every browser was signed out. Your passkeys, recovery codes and address are as they were.</p>
        <ButtonRow>
          <ButtonLink href="/sign-in">Sign in</ButtonLink>
        </ButtonRow>
      </Card>
    </Layout>
  );
}
