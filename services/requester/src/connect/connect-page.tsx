import { Button, ButtonLink, Field, Form, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';

export function ConnectPage({ am, problem }: { am?: string; problem?: string }): VNode {
  return (
    <Layout title="Connect your authorization manager">
      <p>
        Your authorization manager knows your Hosts. Connected to it once, this app can ask it for each of them, and you
        decide there what it may have.
      </p>
      <Form action="/connect">
        <Field
          name="am"
          label="Address of your authorization manager"
          hint="For example: am.example"
          value={am}
          problem={problem}
          required
          autofocus
        />
        <Button>Connect</Button>
      </Form>
    </Layout>
  );
}

/** `authorizationUrl` is on the AM's own origin: discovery refuses anything else. */
export function ContinuePage({ authorizationUrl }: { authorizationUrl: string }): VNode {
  const { origin } = new URL(authorizationUrl);
  return (
    <Layout title="Continue at your authorization manager">
      <p>
        You go on at <strong>{origin}</strong>. Sign in there, and choose which of your Hosts this app may ask for. Go
        on within a minute; otherwise start again here.
      </p>
      <p class="row">
        <ButtonLink href={authorizationUrl}>Continue to {new URL(authorizationUrl).host}</ButtonLink>
        <ButtonLink href="/connect" kind="plain">
          That is not it
        </ButtonLink>
      </p>
    </Layout>
  );
}

export function DisconnectedPage({ am }: { am: string }): VNode {
  return (
    <Layout title="Disconnected here">
      <Notice kind="bad">
        This app has forgotten the connection, but <strong>{am}</strong> could not be told. Stop the connection there,
        too.
      </Notice>
      <p class="row">
        <ButtonLink href={am}>To the authorization manager</ButtonLink>
        <ButtonLink href="/connections" kind="plain">
          To your connections
        </ButtonLink>
      </p>
    </Layout>
  );
}
