import { Badge, Card, Choice, Choices, Facts } from '@chatelaine/service-kit';
import type { FormParams } from '@chatelaine/protocol';
import type { VNode } from 'preact';
import { HALF_FIELD } from './half-form.ts';
import type { OfferedHost } from './offered-host.ts';

/** The second half of the consent: the Requester is a Host, too, and the owner's account there may be linked with it. PROTOCOL §2.3. */
export function HostHalf({ host, form }: { host: OfferedHost; form: FormParams }): VNode {
  const answer = form.get(HALF_FIELD);
  return (
    <Card title="It keeps something of yours, too">
      <Facts
        facts={[
          ['Runs', <strong>at {new URL(host.host).host}</strong>],
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
        You ticked there that it shares what it keeps of you; you chose there what at most. Linked as a Host, it can be
        asked for keys from here, for the Requesters you choose. It is linked with the account you are signed in with
        there. If you did not tick that, say no.
      </p>
      <Choices legend={`Link ${host.name} as one of my Hosts?`} layout="row">
        <Choice kind="radio" name={HALF_FIELD} value="link" checked={answer === 'link'}>
          Link it
        </Choice>
        <Choice kind="radio" name={HALF_FIELD} value="no" checked={answer === 'no'}>
          No, do not link it
        </Choice>
      </Choices>
    </Card>
  );
}
