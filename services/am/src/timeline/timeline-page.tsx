import {
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Empty,
  Field,
  Form,
  Layout,
  Onward,
  type Part,
  QueryForm,
  Select,
  type SortKey,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { DayCount } from './asked-store.ts';
import type { Choices } from './choices-store.ts';
import { Days } from './days.tsx';
import { EVERYTHING, type Filter, type Folding, hrefOf, OUTCOMES, type Outcome } from './filter.ts';
import type { Folded } from './history.ts';
import { ByDay } from './lines.tsx';

export interface TimelineView {
  readonly filter: Filter;
  readonly folding: Folding;
  readonly choices: Choices;
  /** What the bars show, and for which days; null: this page has none. */
  readonly days: { readonly counts: readonly DayCount[]; readonly from: string; readonly to: string } | null;
  /** `YYYY-MM-DD`, in UTC. */
  readonly today: string;
  /** The line after which this page begins; null for the first page. */
  readonly after: SortKey | null;
  readonly lines: Part<Folded>;
}

export function TimelinePage({ filter, folding, choices, days, today, after, lines }: TimelineView): VNode {
  const isAll = hrefOf('', filter) === '';
  const here = hrefOf('/timeline', filter, folding);
  return (
    <Layout
      title="Activity"
      lead="What you decided here, and every key that was asked for, the newest first."
      width="wide"
    >
      {isAll && after === null && lines.entries.length === 0 ? (
        <NothingYet />
      ) : (
        <>
          <Search filter={filter} choices={choices} />
          <Lately filter={filter} folding={folding} today={today} />
          {!isAll && <Narrowed filter={filter} choices={choices} folding={folding} />}
          {days !== null && <Days days={days.counts} from={days.from} to={days.to} />}
          <ByDay lines={lines.entries} filter={filter} />
          {lines.entries.length === 0 && <NothingFound lines={lines} after={after} />}
          <Onward path={here} name="after" after={after} next={lines.next}>
            Older
          </Onward>
          <Export filter={filter} />
        </>
      )}
    </Layout>
  );
}

function NothingYet(): VNode {
  return (
    <Empty title="Nothing has happened yet">
      <p>
        What you link, connect and stop is written down here, and so is every key an app asks for, whatever came of it.
      </p>
      <ButtonRow>
        <ButtonLink href="/">How to begin</ButtonLink>
      </ButtonRow>
    </Empty>
  );
}

function NothingFound({ lines, after }: Pick<TimelineView, 'lines' | 'after'>): VNode {
  if (lines.next !== null)
    return (
      <Empty title="Nothing like this so far">
        <p>It was looked for in part of what there is. “Older” looks further back.</p>
      </Empty>
    );
  return <Empty title={after === null ? 'Nothing like this' : 'Nothing earlier'} />;
}

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  got: 'Got a key',
  refused: 'Refused or stopped',
  failed: 'No usable answer',
  decided: 'What you decided',
};

function Search({ filter, choices }: Pick<TimelineView, 'filter' | 'choices'>): VNode {
  const any = (label: string) => [{ value: '', label }];
  const outcomes = OUTCOMES.map((value) => ({ value, label: OUTCOME_WORDS[value] }));
  return (
    <QueryForm action="/timeline" label="Look for">
      <Field name="q" label="Words" type="search" value={filter.words ?? ''} maxLength={200} />
      <Select name="app" label="App" value={filter.app ?? ''} options={[...any('All apps'), ...choices.apps]} />
      <Select
        name="service"
        label="Service"
        value={filter.service ?? ''}
        options={[...any('All services'), ...choices.services]}
      />
      <Select name="outcome" label="Outcome" value={filter.outcome ?? ''} options={[...any('Any'), ...outcomes]} />
      <Field name="from" label="From" type="date" value={filter.from ?? ''} />
      <Field name="to" label="Until" type="date" value={filter.to ?? ''} />
      <Button kind="plain">Show</Button>
    </QueryForm>
  );
}

const MS_A_DAY = 86_400_000;
const LATELY = [
  { label: 'Today', days: 1 },
  { label: 'Last 7 days', days: 7 },
  { label: 'Last 30 days', days: 30 },
] as const;

/** Links for common ranges of days, without entering a date. */
function Lately({ filter, folding, today }: Pick<TimelineView, 'filter' | 'folding' | 'today'>): VNode {
  return (
    <ul class="narrowed" role="list" aria-label="Show only">
      {LATELY.map(({ label, days }) => {
        const from = new Date(Date.parse(`${today}T00:00:00Z`) - (days - 1) * MS_A_DAY).toISOString().slice(0, 10);
        const isShown = filter.from === from && filter.to === null;
        return (
          <li key={label}>
            <a
              href={hrefOf('/timeline', { ...filter, from, to: null }, folding)}
              aria-current={isShown ? 'true' : undefined}
            >
              {label}
            </a>
          </li>
        );
      })}
    </ul>
  );
}

/** The parts of the filter, each with a link that removes it. */
function Narrowed({ filter, choices, folding }: Pick<TimelineView, 'filter' | 'choices' | 'folding'>): VNode {
  const named = (of: Choices['apps'], value: string | null) => of.find((one) => one.value === value)?.label ?? value;
  const parts = [
    ['words', filter.words === null ? null : `“${filter.words}”`],
    ['app', named(choices.apps, filter.app)],
    ['service', named(choices.services, filter.service)],
    ['outcome', filter.outcome === null ? null : OUTCOME_WORDS[filter.outcome]],
    ['from', filter.from === null ? null : `from ${filter.from}`],
    ['to', filter.to === null ? null : `until ${filter.to}`],
  ] as const;
  return (
    <ul class="narrowed" role="list" aria-label="Shown is only">
      {parts.map(
        ([part, words]) =>
          words !== null && (
            <li key={part}>
              <a href={hrefOf('/timeline', { ...filter, [part]: null }, folding)}>
                {words} <span aria-hidden="true">×</span>
                <span class="unseen"> leave this out</span>
              </a>
            </li>
          ),
      )}
      <li>
        <a href="/timeline">Show all</a>
      </li>
    </ul>
  );
}

function Export({ filter }: { filter: Filter }): VNode {
  const isAll = hrefOf('', filter) === hrefOf('', EVERYTHING);
  return (
    <Card title="Take it with you">
      <p>
        {isAll ? 'Everything that is kept here of your activity' : 'All that is looked for above'}, in one file, with
        the checkpoints that show whether anybody changed it. <a href="/timeline/keep">How long it is kept</a>
      </p>
      <Form action={hrefOf('/timeline/export', filter)}>
        <ButtonRow>
          <Button kind="plain" name="format" value="csv">
            CSV, for spreadsheets
          </Button>
          <Button kind="plain" name="format" value="json">
            JSON, for programs
          </Button>
        </ButtonRow>
      </Form>
    </Card>
  );
}
