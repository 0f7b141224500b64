import type { LinkConsentView } from '@chatelaine/host-kit';
import {
  Badge,
  Button,
  ButtonRow,
  Card,
  Choice,
  Choices,
  Facts,
  Field,
  Hidden,
  Layout,
  Notice,
  Steps,
} from '@chatelaine/ui';
import type { VNode } from 'preact';

/**
 * The owner sets the ceiling of a link. The form carries the authorization endpoint's own token, so it is no `Form`.
 */
export function ConsentPage({ view }: { view: LinkConsentView }): VNode {
  const { am } = view;
  return (
    <Layout title={`Link ${view.host} to an authorization manager`}>
      <Steps label="Linking" steps={['You started there', 'You decide here', 'Back there']} current={1} />
      {view.problem !== null && <Notice kind="bad">{view.problem}</Notice>}
      <Card title="Who asks">
        <Facts
          facts={[
            ['Address', <strong>{am.address}</strong>],
            [
              'Calls itself',
              <>
                {am.name} <Badge>not verified</Badge>
              </>,
            ],
            ['Your account here', view.account],
          ]}
        />
        <p>
          It will be able to hand out keys for what you tick, to the apps you choose there. The data goes from here to
          those apps and not through it. But it could hand a key to itself as well: what you tick, you trust it with.
          You see here for whom it took keys, and can end this at any time. If this address is not your authorization
          manager’s, refuse.
        </p>
      </Card>
      <form method="post" action={view.action} class="card">
        <Hidden fields={view.hidden} />
        {view.scopes.length === 0 ? (
          <Notice kind="needs">There is nothing to share here yet.</Notice>
        ) : (
          <Choices legend="At most, it may let others">
            {view.scopes.map(({ field, sentence, checked }) => (
              <Choice key={field} kind="checkbox" name={field} value="yes" checked={checked}>
                {sentence}
              </Choice>
            ))}
          </Choices>
        )}
        <Field
          name={view.until.field}
          label="Until"
          type="date"
          value={view.until.value}
          hint="Leave it empty to let it last until you end it."
        />
        <ButtonRow>
          <Button name="decision" value="allow">
            Link
          </Button>
          <Button name="decision" value="deny" kind="plain">
            Refuse
          </Button>
        </ButtonRow>
      </form>
    </Layout>
  );
}
