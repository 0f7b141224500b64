import { ButtonLink, ButtonRow, Card, Layout } from '@chatelaine/ui';
import type { VNode } from 'preact';

/** The front page for visitors who are not signed in. */
export function WelcomePage(): VNode {
  return (
    <Layout
      title="Everything you keep, in one stream"
      lead="Photos here, appointments there, notes elsewhere: this app shows them together, the newest first."
    >
      <ButtonRow>
        <ButtonLink href="/sign-up">Create an account</ButtonLink>
        <ButtonLink href="/sign-in" kind="plain">
          Sign in
        </ButtonLink>
      </ButtonRow>
      <h2>How it gets to see them</h2>
      <Card>
        <p>
          It never asks for a password of your Hosts. You connect your authorization manager, once, and choose there
          what this app may read or post; it is then handed a short-lived key for each Host. You can take that back at
          any time, there or at the Host.
        </p>
      </Card>
    </Layout>
  );
}
