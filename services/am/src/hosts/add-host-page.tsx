import { Button, ButtonLink, Field, Form, Layout } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { KnownHost } from './host-store.ts';

/** The form; nothing is fetched before it is sent. */
export function AddHostPage({ address, problem }: { address: string; problem?: string | undefined }): VNode {
  return (
    <Layout title="Add a Host">
      <p>
        Enter the address of a service that has your data. You are then sent there to sign in, and you decide there what
        may be shared through this service at most.
      </p>
      <Form action="/hosts/add">
        <Field
          name="host"
          label="Address of the Host"
          value={address}
          hint="For example photos.example.org"
          problem={problem}
          required
          autofocus
        />
        <p class="row">
          <Button>Continue</Button>
          <ButtonLink href="/hosts" kind="plain">
            Cancel
          </ButtonLink>
        </p>
      </Form>
    </Layout>
  );
}

export interface GoToHostView {
  readonly host: KnownHost;
  readonly authorizationUrl: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Between form and Host: a plain link, because CSP `form-action` would stop a redirect to an origin that is not known beforehand. */
export function GoToHostPage({ host, authorizationUrl, expiresIn }: GoToHostView): VNode {
  const scopes = Object.entries(host.metadata.chatelaine_transfer_scopes ?? {});
  return (
    <Layout title={`Continue at ${host.name}`}>
      <p>
        {host.name} was found at <strong>{host.issuer}</strong>. Continue there: sign in, and choose what may be shared
        at most of what it offers.
      </p>
      <ul>
        {scopes.map(([scope, sentence]) => (
          <li key={scope}>
            {sentence} <small>{scope}</small>
          </li>
        ))}
      </ul>
      <p class="row">
        <ButtonLink href={authorizationUrl}>Continue to {new URL(host.issuer).host}</ButtonLink>
        <ButtonLink href="/hosts" kind="plain">
          Cancel
        </ButtonLink>
      </p>
      <p>
        <small>Open it within {Math.max(1, Math.floor(expiresIn))} seconds; after that, add the Host again.</small>
      </p>
    </Layout>
  );
}
