import type { LinkConsentView } from '@chatelaine/host-kit';
import { Button, Card, Field, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';

/** The owner sets the ceiling of a link. The form carries the authorization endpoint's own token, so it is no `Form`. */
export function ConsentPage({ view }: { view: LinkConsentView }): VNode {
  return (
    <Layout title={`Link ${view.host} to an authorization manager`}>
      {view.problem !== null && <Notice kind="bad">{view.problem}</Notice>}
      <Card>
        <dl>
          <dt>Who asks</dt>
          <dd>
            <strong>{view.am.address}</strong>
          </dd>
          <dt>It calls itself</dt>
          <dd>
            {view.am.name} <span class="tag">not verified</span>
          </dd>
          {view.account !== null && (
            <>
              <dt>Your account here</dt>
              <dd>{view.account}</dd>
            </>
          )}
        </dl>
        <p>
          It will be able to hand out keys for what you tick, to the services you choose there. It never sees the data
          itself, and you can end this here at any time.
        </p>
        <form method="post" action={view.action}>
          {Object.entries(view.hidden).map(([name, value]) => (
            <input key={name} type="hidden" name={name} value={value} />
          ))}
          <fieldset>
            <legend>At most, it may let others</legend>
            {view.scopes.map(({ field, sentence, checked }) => (
              <label key={field} class="choice">
                <input type="checkbox" name={field} value="yes" checked={checked} />
                {sentence}
              </label>
            ))}
          </fieldset>
          <Field
            name={view.until.field}
            label="Until"
            type="date"
            value={view.until.value}
            hint="Leave it empty to let it last until you end it."
          />
          <div class="row">
            <Button name="decision" value="allow">
              Link
            </Button>
            <Button name="decision" value="deny" kind="plain">
              Refuse
            </Button>
          </div>
        </form>
      </Card>
    </Layout>
  );
}
