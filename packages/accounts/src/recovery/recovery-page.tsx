import { Button, ButtonLink, ButtonRow, Card, Field, Form, Hidden, Layout, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { signInUrl } from '../accounts/require-account.ts';

/** Shows how many codes are left, and offers new ones. */
export function RecoveryPage({ unused }: { unused: number }): VNode {
  return (
    <Layout
      title="Recovery codes"
      lead="Each signs you in once, without a password and without a passkey. Keep them where you keep your passport."
    >
      <Card>
        <p>{unused === 0 ? 'You have none.' : `You have ${unused} that ${unused === 1 ? 'was' : 'were'} not used.`}</p>
        <Form action="/account/recovery">
          {unused > 0 && <p>New ones take the place of all that you have.</p>}
          <ButtonRow>
            <Button>{unused === 0 ? 'Make recovery codes' : 'Make new recovery codes'}</Button>
            <a href="/account">Cancel</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

/** Shows new codes, this once. */
export function NewCodesPage({ username, codes }: { username: string; codes: readonly string[] }): VNode {
  return (
    <Layout title="Your recovery codes" lead="Write them down or print this page now: they are not shown again.">
      <Card>
        <p>
          For <strong>{username}</strong>, each good for one sign-in:
        </p>
        <ul class="codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <ButtonRow>
          <ButtonLink href="/account">I have written them down</ButtonLink>
        </ButtonRow>
      </Card>
    </Layout>
  );
}

export interface RecoverView {
  returnTo: string;
  username?: string;
  problem?: string;
}

/** The page for signing in with a code. */
export function RecoverPage({ returnTo, username, problem }: RecoverView): VNode {
  return (
    <Layout title="Sign in with a recovery code">
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      <Card>
        <Form action="/sign-in/recovery">
          <Hidden fields={{ return_to: returnTo }} />
          <Field
            name="username"
            label="Username"
            value={username}
            autocomplete="username"
            required
            autofocus={problem === undefined}
          />
          <Field
            name="code"
            label="Recovery code"
            hint="Four groups of four. Capital or small letters, with or without hyphens."
            maxLength={60}
            required
            autofocus={problem !== undefined}
          />
          <ButtonRow>
            <Button>Sign in</Button>
            <a href={signInUrl(returnTo)}>Another way</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}
