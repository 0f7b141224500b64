import {
  Address,
  AddressField,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Facts,
  Form,
  Hidden,
  Layout,
  Steps,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { KnownHost } from './host-store.ts';

function Way({ current }: { current: number }): VNode {
  return (
    <Steps
      label="Adding a service"
      steps={['Its address', 'You decide there', 'It is listed here']}
      current={current}
    />
  );
}

/** The form; nothing is fetched before it is posted. */
export function AddHostPage({
  address,
  back,
  problem,
}: {
  address: string;
  /** Where the owner continues once it is linked: a request that waits for them. */
  back: string | null;
  problem?: string | undefined;
}): VNode {
  return (
    <Layout
      title="Add a service"
      lead={
        'Enter the address of a service that has your data. ' +
        'You then sign in there, and you decide there what may be shared through here at most.'
      }
    >
      <Way current={0} />
      <Card>
        <Form action="/hosts/add">
          {back !== null && <Hidden fields={{ back }} />}
          <AddressField
            name="host"
            label="Address of the service"
            example="photos.example.org"
            value={address}
            problem={problem}
          />
          <ButtonRow>
            <Button>Continue</Button>
            <ButtonLink href={back ?? '/hosts'} kind="plain">
              Cancel
            </ButtonLink>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

export interface GoToHostView {
  readonly host: KnownHost;
  readonly authorizationUrl: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** The account that gets a new link. */
  readonly repairs?: string;
}

/**
 * Between form and Host, with a plain link: CSP `form-action` would block a redirect to an origin that is not known
 * beforehand.
 */
export function GoToHostPage({ host, authorizationUrl, expiresIn, repairs }: GoToHostView): VNode {
  const scopes = Object.entries(host.metadata.chatelaine_transfer_scopes ?? {});
  return (
    <Layout title={`Continue at ${host.name}`}>
      <Way current={1} />
      <Card>
        <Facts
          facts={[
            [
              'You go to',
              <strong>
                <Address>{host.issuer}</Address>
              </strong>,
            ],
            [
              'It can share',
              <ul>
                {scopes.map(([scope, sentence]) => (
                  <li key={scope}>
                    {sentence} <small>{scope}</small>
                  </li>
                ))}
              </ul>,
            ],
          ]}
        />
        <p>
          {repairs === undefined
            ? 'Sign in there, and choose what of this may be shared at most.'
            : `Sign in there with the account you call “${repairs}” here, and choose what of this ` +
              'may be shared at most. Then you come back, and what used the old link uses the new one.'}
        </p>
        <ButtonRow>
          <ButtonLink href={authorizationUrl}>Continue to {new URL(host.issuer).host}</ButtonLink>
          <ButtonLink href="/hosts" kind="plain">
            Cancel
          </ButtonLink>
        </ButtonRow>
        <p>
          <small>Open it within {Math.max(1, Math.floor(expiresIn))} seconds; after that, start again here.</small>
        </p>
      </Card>
    </Layout>
  );
}
