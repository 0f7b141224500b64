import type { VNode } from 'preact';
import { Button, ButtonRow, Card, Field, Form, Hidden, Layout, Notice } from '@chatelaine/ui';
import { type PasskeyAsk, PasskeyBlock } from '../passkeys/passkey-block.tsx';
import { withReturnTo, signInUrl } from './require-account.ts';
import { PASSWORD_RULE } from './password.ts';
import { USERNAME_RULE } from './username.ts';

export interface SignInView {
  /** The request for a passkey's signature. */
  ask: PasskeyAsk;
  returnTo: string;
  username?: string;
  problem?: string;
}

export function SignInPage({ ask, returnTo, username, problem }: SignInView): VNode {
  // after a failed attempt the username is filled in, and the focus is on the password
  const again = problem !== undefined && username !== undefined && username !== '';
  return (
    <Layout title="Sign in">
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      <PasskeyBlock
        ask={ask}
        action="/sign-in/passkey"
        fields={{ return_to: returnTo }}
        button="Sign in with a passkey"
      />
      <Card>
        <Form action="/sign-in">
          <Hidden fields={{ return_to: returnTo }} />
          <Field
            name="username"
            label="Username"
            value={username}
            autocomplete="username webauthn"
            required
            autofocus={!again}
          />
          <Field
            name="password"
            label="Password"
            type="password"
            autocomplete="current-password"
            required
            autofocus={again}
          />
          <ButtonRow>
            <Button>Sign in</Button>
            <a href={withReturnTo('/sign-up', returnTo)}>Create an account</a>
          </ButtonRow>
        </Form>
      </Card>
      <p>
        <a href={withReturnTo('/sign-in/forgot', returnTo)}>Forgotten your password?</a>
      </p>
    </Layout>
  );
}

export interface SignUpView {
  /** The request for a new passkey. */
  ask: PasskeyAsk;
  /** The user id that the passkey is made for. */
  userId: string;
  returnTo: string;
  username?: string;
  usernameProblem?: string;
  passwordProblem?: string;
  passkeyProblem?: string;
}

export function SignUpPage(view: SignUpView): VNode {
  const { ask, userId, returnTo, username, usernameProblem, passwordProblem, passkeyProblem } = view;
  const onlyPassword = passwordProblem !== undefined && usernameProblem === undefined;
  return (
    <Layout title="Create an account">
      {passkeyProblem !== undefined && <Notice kind="bad">{passkeyProblem}</Notice>}
      <PasskeyBlock
        ask={ask}
        action="/sign-up/passkey"
        fields={{ return_to: returnTo, user: userId }}
        button="Create account with a passkey"
        title="With a passkey"
      >
        <Field
          id="passkey-username"
          name="username"
          label="Username"
          value={username}
          hint={USERNAME_RULE}
          autocomplete="username"
          required
        />
      </PasskeyBlock>
      <Card title="With a password">
        <Form action="/sign-up">
          <Hidden fields={{ return_to: returnTo }} />
          <Field
            name="username"
            label="Username"
            value={username}
            hint={USERNAME_RULE}
            problem={usernameProblem}
            autocomplete="username"
            required
            autofocus={!onlyPassword}
          />
          <Field
            name="password"
            label="Password"
            type="password"
            hint={PASSWORD_RULE}
            problem={passwordProblem}
            autocomplete="new-password"
            required
            autofocus={onlyPassword}
          />
          <ButtonRow>
            <Button>Create account</Button>
            <a href={signInUrl(returnTo)}>I have an account</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}
