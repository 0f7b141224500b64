import type { FormParams } from '@chatelaine/protocol';
import {
  Button,
  ButtonRow,
  Card,
  Chips,
  Facts,
  Field,
  Form,
  Hidden,
  Layout,
  momentWords,
  Notice,
  Radios,
  Select,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import { leftWords, limitWords } from '../rules/words.ts';
import type { OwnApp } from './app-store.ts';
import { AS_IT_IS, LENGTHS, OFTEN, OTHER, type OwnRule, PERIODS, type ReadRule, TIME, UNITS } from './rule-form.ts';
import { ANSWERS, SHOWN_FIELD, shownOf } from './rules-form.ts';

export interface RuleView {
  readonly app: OwnApp;
  readonly rule: OwnRule;
  /** What was sent, and what is wrong with it. */
  readonly again?: { readonly form: FormParams; readonly wrong: Extract<ReadRule, { kind: 'again' }> };
}

/** One answer of the owner's: for which scope, until when, and how often. */
export function RulePage({ app, rule, again }: RuleView): VNode {
  const { account, scope, until, limit } = rule;
  const { linkId, hostName, label } = account;
  const form = again?.form ?? formOf(rule);
  const problem = (field: string): string | undefined => (again?.wrong.at === field ? again.wrong.problem : undefined);
  const lengths = [...LENGTHS, { value: OTHER, label: 'Other' }];
  return (
    <Layout
      title={`${app.clientName}: ${scope.sentence}`}
      lead={`What ${app.clientName} may do with “${label}” at ${hostName}, until when, and how often.`}
    >
      {again !== undefined && <Notice kind="bad">Nothing was saved: {again.wrong.problem}</Notice>}
      <Card title="As it is now">
        <Facts
          facts={[
            [
              'Answer',
              ANSWERS.find(({ value }) => value === scope.effect)?.label ?? 'Not the same for all its connections',
            ],
            ['How often', limit === null ? null : `${limitWords(limit)}; ${leftWords(limit)}`],
            ['Until', until === null ? 'you change it, or stop the app' : momentWords(until.getTime() / 1000)],
            ['The service calls it', <code>{scope.scope}</code>],
          ]}
        />
        <p>
          <a href={`/rules?${new URLSearchParams({ app: app.id, what: `${linkId} ${scope.scope}` }).toString()}`}>
            What would happen if it asked now?
          </a>
        </p>
      </Card>
      <Card title="Change it">
        <Form action={`/apps/${encodeURIComponent(app.id)}/rule`}>
          <Hidden fields={{ link: linkId, scope: scope.scope, [SHOWN_FIELD]: shownOf(app) }} />
          <Radios legend="Answer" name="effect" answers={ANSWERS} chosen={form.get('effect')} />
          <Chips
            legend="For how long"
            name={TIME.field}
            answers={
              until === null
                ? lengths
                : [{ value: AS_IT_IS, label: `Until ${momentWords(until.getTime() / 1000)}` }, ...lengths]
            }
            chosen={form.get(TIME.field)}
            problem={problem(TIME.field)}
          />
          <NumberOf
            number={{ name: TIME.number, label: 'Other: how long' }}
            unit={{ name: TIME.unit, label: 'in', options: UNITS, usual: 'hours' }}
            form={form}
            problem={problem(TIME.number)}
          />
          <p>
            <small>After that you are asked again, unless another rule of yours says otherwise.</small>
          </p>
          <NumberOf
            number={{ name: OFTEN.most, label: 'At most so many times' }}
            unit={{ name: OFTEN.per, label: 'counted', options: PERIODS, usual: 'day' }}
            form={form}
            problem={problem(OFTEN.most)}
          />
          <p>
            <small>
              Empty: as often as it asks. Each key it gets counts; one lives for minutes. A day is 24 hours from the
              first of them. Beyond that you are asked each time. When you save a change, counting begins anew.
            </small>
          </p>
          <ButtonRow>
            <Button>Save</Button>
            <a href={`/apps/${encodeURIComponent(app.id)}`}>Back without saving</a>
          </ButtonRow>
        </Form>
      </Card>
    </Layout>
  );
}

interface NumberOfProps {
  readonly number: { readonly name: string; readonly label: string };
  readonly unit: {
    readonly name: string;
    readonly label: string;
    readonly options: readonly { readonly value: string; readonly label: string }[];
    readonly usual: string;
  };
  readonly form: FormParams;
  readonly problem: string | undefined;
}

/** A number and its unit. */
function NumberOf({ number, unit, form, problem }: NumberOfProps): VNode {
  const { usual, ...select } = unit;
  return (
    <div class="pair">
      <Field {...number} type="number" value={form.get(number.name)} problem={problem} />
      <Select {...select} value={form.get(unit.name) ?? usual} />
    </div>
  );
}

/** What the form starts with: the answer as it is. */
function formOf({ scope, until, limit }: OwnRule): FormParams {
  const fields: [string, string][] = [[TIME.field, until === null ? 'open' : AS_IT_IS]];
  // a rule that is used up counts as "ask", but was made to allow
  const effect = limit === null ? scope.effect : 'allow';
  if (effect !== null) fields.push(['effect', effect]);
  if (limit !== null) fields.push([OFTEN.most, String(limit.most)], [OFTEN.per, limit.per]);
  return new Map(fields);
}
