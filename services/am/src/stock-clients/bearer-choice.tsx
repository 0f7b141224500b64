import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import { LIFETIME } from '@chatelaine/protocol';
import { Card, Choice, Choices } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { BEARER_FIELD } from './consent-form.ts';
import type { Offer } from './offer.ts';

/**
 * Says what it means that the app has named no key, and lets the owner allow unbound tokens if the Host issues them at
 * all. PROTOCOL §6.
 */
export function BearerChoice({
  offer: { bearer, hostName },
  view: { form, interaction },
}: {
  offer: Extract<Offer, { kind: 'accounts' }>;
  view: ConsentView;
}): VNode {
  const { name } = interaction.client;
  if (!bearer) {
    return (
      <Card title="It has not shown that it can keep a key to itself">
        <p>
          {hostName} gives keys only to apps that prove a key of their own each time. {name} has not said that it can.
          If it cannot, it gets nothing, whatever you choose here.
        </p>
      </Card>
    );
  }
  return (
    <Card title="Keys that fit anybody">
      <p>
        {name} has not shown that it can prove a key of its own. What {hostName} gives it then works for whoever holds
        it: for a thief, and for this service, through which it passes. Each one ends after{' '}
        {LIFETIME.hostBearerToken / 60} minutes. You see it under My services, and can end it there.
      </p>
      <Choices legend="If it cannot prove a key">
        <Choice kind="checkbox" name={BEARER_FIELD} value="allow" checked={form.get(BEARER_FIELD) === 'allow'}>
          Let it have keys that fit anybody
        </Choice>
      </Choices>
      <p>
        <small>
          Without this tick, {name} most likely fails: most apps cannot prove a key yet. If it can, leave it out.
        </small>
      </p>
    </Card>
  );
}
