import { Button, ButtonRow, Card, Field, Form, Hidden, Layout } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { PASSWORD_RULE } from '../accounts/password.ts';

export interface PasswordView {
  username: string;
  problem?: string;
}

export function PasswordPage({ username, problem }: PasswordView): VNode {
  return (
    <Layout title="Change your password" lead="Every other browser in which you are signed in is signed out by it.">
      <Card>
        <Form action="/account/password">
          {/* password managers save the new one for this name */}
          <Hidden fields={{ username }} />
          <Field
            name="password"
            label="New password"
            type="password"
            hint={PASSWORD_RULE}
            problem={problem}
            autocomplete="new-password"
            required
            autofocus
          />
          <ButtonRow>
            <Button>Change password</Button>
            <a href="/account">Cancel</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}
