import { Address, Badge, Card, Facts, Radios } from '@chatelaine/ui';
import type { FormParams } from '@chatelaine/protocol';
import type { VNode } from 'preact';
import { LINK_HOST_FIELD } from './host-form.ts';
import type { OfferedHost } from './offered-host.ts';

const ANSWERS = [
  { value: 'link', label: 'Link it' },
  { value: 'no', label: 'No, do not link it' },
] as const;

/** Asks whether to link the Requester's own Host as well, with the owner's account there. PROTOCOL §2.3. */
export function HostCard({
  host,
  form,
  problem,
}: {
  host: OfferedHost;
  form: FormParams;
  problem: string | undefined;
}): VNode {
  return (
    <Card title="It keeps something of yours, too">
      <Facts
        facts={[
          [
            'Runs',
            <strong>
              <Address>{`at ${new URL(host.host).host}`}</Address>
            </strong>,
          ],
          [
            'Calls itself',
            <>
              {host.name} <Badge>not verified</Badge>
            </>,
          ],
          ['Can share', host.sentences.join(', ')],
        ]}
      />
      <p>
        You ticked there that it shares what it keeps of you; you chose there what at most. Linked as a service, it can
        be asked for keys from here, for the apps you choose. It is linked with the account you are signed in with
        there. If you did not tick that, say no.
      </p>
      <Radios
        legend={`Link ${host.name} as one of my services?`}
        name={LINK_HOST_FIELD}
        answers={ANSWERS}
        chosen={form.get(LINK_HOST_FIELD)}
        problem={problem}
      />
    </Card>
  );
}
