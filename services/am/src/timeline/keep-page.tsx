import { Button, ButtonLink, ButtonRow, Card, Facts, Form, Layout, Moment, Select } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Stream } from '../checkpoints/codes.ts';
import type { Kept } from './keep-store.ts';

export interface KeepView {
  readonly kept: Kept;
  /** How many days the server keeps it at most. */
  readonly most: { readonly asked: number; readonly entry: number };
}

/** The choices of days that are shorter than what the server keeps. */
const CHOICES = [7, 30, 90, 180, 365] as const;
export const choicesOf = ({ asked, entry }: KeepView['most']): readonly number[] =>
  CHOICES.filter((days) => days < Math.max(asked, entry));

/** How long activity is kept, and what proves that nobody has changed it. */
export function KeepPage({ kept, most }: KeepView): VNode {
  const all = `As long as this server does: keys ${most.asked} days, what you decided ${most.entry}`;
  const choices = choicesOf(most);
  return (
    <Layout title="How long activity is kept" lead="What is older is deleted, and nobody can bring it back.">
      <Card title="Keep it for">
        <Form action="/timeline/keep">
          <Select
            name="days"
            label="Keep my activity"
            hint="A shorter time deletes what is older within the hour."
            value={kept.days === null ? '' : String(kept.days)}
            options={[
              { value: '', label: all },
              ...choices.toReversed().map((days) => ({ value: String(days), label: `${days} days` })),
            ]}
          />
          <ButtonRow>
            <Button>Keep it for so long</Button>
            <ButtonLink kind="plain" href="/timeline">
              Back to activity
            </ButtonLink>
          </ButtonRow>
        </Form>
      </Card>
      <Card title="Nobody changes it unseen">
        <p>
          A minute after it happened, everything here goes into a checkpoint. Each is made with a key that is not in the
          database, and builds on the one before: an entry that is changed, taken out or put in later no longer fits,
          and whoever runs this server can see which.
        </p>
        {kept.checkpoints.length > 0 && (
          <Facts
            facts={kept.checkpoints.map(({ stream, number, total, lastAt }) => [
              NAMES[stream],
              <>
                checkpoint {number}: {total} in all, up to <Moment at={lastAt.getTime() / 1000} />
              </>,
            ])}
          />
        )}
        <p>
          Every file that you take away with your activity has the checkpoints in it, also of what is long deleted. Keep
          one: with it you can have it shown that nothing was cut off at the end.
        </p>
      </Card>
    </Layout>
  );
}

const NAMES: Readonly<Record<Stream, string>> = { entry: 'What you decided', asked: 'Keys that were asked for' };
