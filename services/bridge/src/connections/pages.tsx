import { Button, ButtonLink, ButtonRow, Card, Form, Layout, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Service } from '../definitions/index.ts';
import type { Finished } from './finish.ts';

/** A plain link, because a form may not lead to another origin. */
export function GoToServicePage({ service, goTo }: { service: Service; goTo: string }): VNode {
  return (
    <Layout title={`Continue at ${service.title}`}>
      <Card>
        <p>
          You sign in at <strong>{new URL(goTo).host}</strong> and decide there what this bridge may do. Then you are
          sent back here.
        </p>
        <ul>
          {service.scopes.map(({ scope, sentence }) => (
            <li key={scope}>{sentence}</li>
          ))}
        </ul>
        <p>
          What {service.title} grants may be more than that: this bridge uses it for nothing else, and hands out no
          more.
        </p>
        <ButtonRow>
          <ButtonLink href={goTo}>Continue to {service.title}</ButtonLink>
          <ButtonLink href="/services" kind="plain">
            Cancel
          </ButtonLink>
        </ButtonRow>
      </Card>
    </Layout>
  );
}

/** Asks before ending something that only the owner's consent brings back. */
export function DisconnectPage({ service, label }: { service: Service; label: string }): VNode {
  return (
    <Layout title={`Disconnect ${service.title}?`}>
      <Card>
        <p>
          Apps can use {label} at {service.title} through this bridge no more, from this moment on. To undo it, connect
          it again and link this bridge anew at your authorization manager.
        </p>
        <Form action={`/services/${service.id}/disconnect`}>
          <ButtonRow>
            <Button kind="danger">Disconnect</Button>
            <ButtonLink href="/services" kind="plain">
              Cancel
            </ButtonLink>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

export function DisconnectedPage({ service, revoked }: { service: Service; revoked: boolean }): VNode {
  return (
    <Layout title={`${service.title} is disconnected`}>
      <Notice kind="good">
        {revoked
          ? `It is removed here, and ${service.title} has confirmed that it ended what it had given this bridge.`
          : 'It is removed here.'}
      </Notice>
      {!revoked && (
        <p>
          To end it at {service.title} as well, open <a href={service.revocation.page}>{service.revocation.page}</a>.
        </p>
      )}
      <ButtonLink href="/services" kind="plain">
        Your services
      </ButtonLink>
    </Layout>
  );
}

/** Says that the service was not connected, and why. */
export function NotConnectedPage({
  service,
  finished,
}: {
  service: Service;
  finished: Exclude<Finished, { kind: 'connected' }> | { readonly kind: 'not_begun'; readonly sentence: string };
}): VNode {
  return (
    <Layout title={`${service.title} was not connected`}>
      <Notice kind="bad">{sentenceOf(service, finished)}</Notice>
      <ButtonLink href="/services" kind="plain">
        Your services
      </ButtonLink>
    </Layout>
  );
}

function sentenceOf({ title }: Service, finished: Parameters<typeof NotConnectedPage>[0]['finished']): string {
  switch (finished.kind) {
    case 'not_begun':
      return finished.sentence;
    case 'unknown':
      return (
        'This is not an answer to something you started here in the last ten minutes. ' +
        'Start again from your services.'
      );
    case 'refused':
      return `You said no at ${title}. Nothing was connected.`;
    case 'failed':
      return (
        `${title} gave no answer that can be used. ` +
        'Try again in a moment; if it stays so, tell whoever runs this bridge.'
      );
    case 'other_account':
      return (
        `You are signed in at ${title} as ${finished.found}, and ${finished.connected} is connected here. ` +
        'Sign in there with that account, or disconnect it first.'
      );
  }
}
