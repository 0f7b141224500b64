import {
  Badge,
  Button,
  Card,
  Empty,
  Layout,
  List,
  Moment,
  momentWords,
  Notice,
  QueryForm,
  Row,
  Select,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { OwnApp } from '../apps/app-store.ts';
import { ruleHref } from '../rules/rule-href.ts';
import type { Defaults } from '../rules/defaults.ts';
import type { Rule } from '../rules/rule.ts';
import { leftWords, limitWords } from '../rules/words.ts';
import type { TriedChoices, TriedThing } from './choices-store.ts';
import { DefaultsCard } from './defaults-card.tsx';
import { trialWords } from './trial-words.ts';
import type { Trial } from './try-it.ts';

export interface RulesView {
  readonly choices: TriedChoices;
  /** What was chosen; null if nothing was. */
  readonly chosen: { readonly app: string; readonly what: string } | null;
  readonly tried: Tried | null;
  /** The defaults for new apps, and whether they were just changed. */
  readonly defaults: Defaults;
  readonly saved: boolean;
}

/** `unknown`: what was chosen does not exist, or is another owner's. */
export type Tried =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'tried'; readonly app: OwnApp; readonly thing: TriedThing; readonly trials: readonly Trial[] };

/** The form's value for a thing: its link and its scope, neither of which contains a space. */
export const valueOf = ({ linkId, scope }: Pick<TriedThing, 'linkId' | 'scope'>): string => `${linkId} ${scope}`;

/** The effect of the owner's rules. */
export function RulesPage({ choices, chosen, tried, defaults, saved }: RulesView): VNode {
  const { apps, things } = choices;
  return (
    <Layout title="Rules" lead="Try what your answers come to: what an app would get if it asked now, and why.">
      {apps.length === 0 || things.length === 0 ? (
        <Empty title="Nothing to try yet">
          <p>
            You need <a href="/apps">an app</a> and <a href="/hosts">a service</a> first.
          </p>
        </Empty>
      ) : (
        <Card title="What would happen?">
          <QueryForm action="/rules" label="What would happen">
            <Select
              name="app"
              label="If this app"
              options={apps.map(({ id, clientName }) => ({ value: id, label: clientName }))}
              value={chosen?.app}
            />
            <Select
              name="what"
              label="asked now for"
              options={things.map((thing) => ({
                value: valueOf(thing),
                label: `${thing.hostName}, ${thing.label}: ${thing.sentence}`,
              }))}
              value={chosen?.what}
            />
            <Button>Try it</Button>
          </QueryForm>
          <p>
            <small>Nothing is asked for, counted or written down, and the app does not learn of it.</small>
          </p>
        </Card>
      )}
      {tried?.kind === 'unknown' && (
        <Notice kind="bad">There is no such app or account of yours, or it may no longer be used. Choose again.</Notice>
      )}
      {tried?.kind === 'tried' && <Outcome tried={tried} />}
      <DefaultsCard defaults={defaults} saved={saved} />
    </Layout>
  );
}

function Outcome({ tried: { app, thing, trials } }: { tried: Extract<Tried, { kind: 'tried' }> }): VNode {
  const { hostName, label, sentence, scope } = thing;
  return (
    <Card title={`${app.clientName}, for “${sentence}”`}>
      <p>
        <small>
          At {hostName}, “{label}” ({scope})
        </small>
      </p>
      <List>
        {trials.map((trial) => (
          <TrialRow key={trial.connection.id} app={app} thing={thing} trial={trial} isOnly={trials.length === 1} />
        ))}
      </List>
      <p>
        <small>{hostName} has the last word: it may refuse what you allow here.</small>
      </p>
      <p>
        <a href={`/apps/${encodeURIComponent(app.id)}`}>All that {app.clientName} may do</a>
      </p>
    </Card>
  );
}

const KINDS = { good: 'gets it', needs: 'asks you', bad: 'refused' } as const;

function TrialRow({
  app,
  thing,
  trial,
  isOnly,
}: {
  app: OwnApp;
  thing: TriedThing;
  trial: Trial;
  isOnly: boolean;
}): VNode {
  const isBroken = app.accounts.some(({ linkId, linkState }) => linkId === thing.linkId && linkState === 'broken');
  const { kind, what, why, rule } = trialWords(trial, { app: app.clientName, service: thing.hostName, isBroken });
  const href = ruleHref({ appId: app.id, linkId: thing.linkId, scope: thing.scope });
  return (
    <Row
      title={what}
      note={
        <>
          {why} {rule !== null && <RuleWords rule={rule} />}
          {trial.shown !== null && <a href={href}>Change it</a>}
          {!isOnly && (
            <>
              {' '}
              By its connection since <Moment at={trial.connection.since.getTime() / 1000} />.
            </>
          )}
        </>
      }
      aside={<Badge kind={kind}>{KINDS[kind]}</Badge>}
    />
  );
}

/** Which rule it is, and how it is limited. */
function RuleWords({ rule: { limit, until, connectionId, linkId, scope } }: { rule: Rule }): VNode {
  const about = [
    connectionId === null && 'all your apps',
    linkId === null && 'all your services',
    scope === null && 'whatever is asked',
  ]
    .filter((one) => one !== false)
    .join(', ');
  return (
    <>
      {about !== '' && `Your rule is for ${about}. `}
      {limit !== null && `It allows ${limitWords(limit)}: ${leftWords(limit)}. `}
      {until !== null && `It holds until ${momentWords(until)}. `}
    </>
  );
}
