import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import { Button, ButtonLink, ButtonRow, Empty, Hidden, Layout, Notice, Steps } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import { HostHalf } from '../combined-registration/host-card.tsx';
import { keptIn } from '../combined-registration/offered-host.ts';
import { ConsentChoices } from './consent-choices.tsx';
import type { OfferedLink } from './consent-form.ts';
import { WhoAsks } from './who-asks.tsx';

export interface ConsentPageView {
  readonly view: ConsentView;
  readonly offered: { readonly links: readonly OfferedLink[]; readonly hasMore: boolean };
  /** What the owner calls the accounts whose links are broken: they cannot be offered. */
  readonly broken: { readonly labels: readonly string[]; readonly hasMore: boolean };
}

/** Who asks, and what it may ask for, on one screen. */
export function ConsentPage({ view, offered: { links, hasMore }, broken }: ConsentPageView): VNode {
  const { client } = view.interaction;
  const host = keptIn(view);
  return (
    <Layout
      title={`Connect ${client.name}?`}
      lead="Choose which of your Hosts this Requester may ask for, and when you want to be asked."
    >
      <Steps label="Connecting" steps={['You started there', 'You choose here', 'Back there']} current={1} />
      {view.problem !== null && <Notice kind="bad">{view.problem}</Notice>}
      <WhoAsks view={view} gets="It will get keys from your Hosts for what you choose, and nothing else." />
      {broken.labels.length > 0 && (
        <Notice kind="needs">
          Not offered, because the link is broken: {broken.labels.join(', ')}
          {broken.hasMore && ' and others'}. Repair it under <a href="/hosts">My Hosts</a>, then connect again.
        </Notice>
      )}
      {hasMore && (
        <Notice kind="needs">
          You have more accounts than can be offered at once. Here are the first {links.length}, by the names of their
          Hosts. To offer another one, stop a link you no longer need under <a href="/hosts">My Hosts</a>, then connect
          again.
        </Notice>
      )}
      {links.length === 0 && host === null ? (
        <NoHosts view={view} />
      ) : (
        <ConsentChoices view={view} links={links}>
          {links.length === 0 && <NothingToShow />}
          {host !== null && <HostHalf host={host} form={view.form} />}
        </ConsentChoices>
      )}
    </Layout>
  );
}

/** Beside the other half there is still something to agree to. */
function NothingToShow(): VNode {
  return (
    <Notice kind="plain">
      You have no Host here yet that this Requester could ask for. Connected now, it can be shown some once you have
      added them and connect again.
    </Notice>
  );
}

function NoHosts({ view }: { view: ConsentView }): VNode {
  return (
    <form method="post" action={view.action}>
      <Hidden fields={view.hidden} />
      <Empty title="There is nothing to show it yet">
        <p>
          You have no Host here that works. Add one first; then start again from {view.interaction.client.name}, and
          choose here what of it this Requester may have.
        </p>
        <ButtonRow>
          <ButtonLink href="/hosts/add">Add a Host</ButtonLink>
          <Button name="decision" value="deny" kind="plain">
            Go back without connecting
          </Button>
        </ButtonRow>
      </Empty>
    </form>
  );
}
