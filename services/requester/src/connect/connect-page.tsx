import {
  Address,
  AddressField,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Choice,
  Form,
  Layout,
  Notice,
  Steps,
} from '@chatelaine/ui';
import type { VNode } from 'preact';

function Way({ current }: { current: number }): VNode {
  return <Steps label="Connecting" steps={['Its address', 'You choose there', 'Your feed here']} current={current} />;
}

export interface ConnectView {
  readonly am?: string;
  readonly problem?: string;
  /** Whether the posts that are stored here are to be shared as well. */
  readonly share?: 'yes' | 'no';
}

export function ConnectPage({ am, problem, share = 'no' }: ConnectView): VNode {
  return (
    <Layout
      title="Connect your authorization manager"
      lead={
        'It knows your Hosts. Connected to it once, this app can ask it for each of them, ' +
        'and you decide there what it may have.'
      }
    >
      <Way current={0} />
      <Card>
        <Form action="/connect">
          <AddressField
            name="am"
            label="Address of your authorization manager"
            example="am.example"
            value={am}
            problem={problem}
          />
          <Choice
            kind="checkbox"
            name="share"
            value="yes"
            checked={share === 'yes'}
            hint={
              'It may then hand out keys to the posts you keep here, to the apps you choose there. ' +
              'You can end that here at any time.'
            }
          >
            and share what I keep here
          </Choice>
          <ButtonRow>
            <Button>Connect</Button>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

/** Leads to the AM. `authorizationUrl` is at the AM's own origin: discovery refuses any other. */
export function ContinuePage({ authorizationUrl, share }: { authorizationUrl: string; share: 'yes' | 'no' }): VNode {
  const { host, origin } = new URL(authorizationUrl);
  return (
    <Layout title="Continue at your authorization manager">
      <Way current={1} />
      <Card>
        <p>
          You go on at{' '}
          <strong>
            <Address>{origin}</Address>
          </strong>
          . Sign in there, and choose which of your Hosts this app may ask for.
          {share === 'yes' && ' You also decide there whether it is linked to the posts you keep here.'}
        </p>
        <p>Go on within a minute; otherwise start again here.</p>
        <ButtonRow>
          <ButtonLink href={authorizationUrl}>Continue to {host}</ButtonLink>
          <ButtonLink href="/connect" kind="plain">
            That is not it
          </ButtonLink>
        </ButtonRow>
      </Card>
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
      <ButtonRow>
        <ButtonLink href={am}>To the authorization manager</ButtonLink>
        <ButtonLink href="/connections" kind="plain">
          To your Hosts
        </ButtonLink>
      </ButtonRow>
    </Layout>
  );
}
