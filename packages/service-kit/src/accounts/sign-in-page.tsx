import type { VNode } from 'preact';
import { ButtonRow, Card, Notice } from '../pages/components.tsx';
import { Button, Field, Form, Hidden } from '../pages/controls.tsx';
import { Layout } from '../pages/layout.tsx';
import { PASSWORD_RULE } from './password.ts';
import { USERNAME_RULE } from './username.ts';

export interface SignInView {
  returnTo: string;
  username?: string;
  problem?: string;
}

export function SignInPage({ returnTo, username, problem }: SignInView): VNode {
  // whoever comes back here goes on with what has to be entered anew
  const again = problem !== undefined && username !== undefined && username !== '';
  return (
    <Layout title="Sign in">
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      <Card>
        <Form action="/sign-in">
          <Hidden fields={{ return_to: returnTo }} />
          <Field
            name="username"
            label="Username"
            value={username}
            autocomplete="username"
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
            <a href={`/sign-up?${query(returnTo)}`}>Create an account</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

export interface SignUpView {
  returnTo: string;
  username?: string;
  usernameProblem?: string;
  passwordProblem?: string;
}

export function SignUpPage({ returnTo, username, usernameProblem, passwordProblem }: SignUpView): VNode {
  const onlyPassword = passwordProblem !== undefined && usernameProblem === undefined;
  return (
    <Layout title="Create an account">
      <Card>
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
            <a href={`/sign-in?${query(returnTo)}`}>I have an account</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

const query = (returnTo: string): string => new URLSearchParams({ return_to: returnTo }).toString();
