import { Button, Card, Field, Form, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';
import type { EntryView } from './entry.ts';

export interface EntriesView {
  readonly flavor: Deps['flavor'];
  readonly entries: readonly EntryView[];
  /** What the form shows: empty at first, what was typed after a problem. */
  readonly draft: { readonly text: string; readonly date: string; readonly problem: string | null };
}

export function EntriesPage({ flavor, entries, draft }: EntriesView): VNode {
  return (
    <Layout title={`Your ${flavor.many}`}>
      {draft.problem !== null && <Notice kind="bad">{draft.problem}</Notice>}
      <Card title={`Add a ${flavor.one}`}>
        <Form action="/entries">
          <div class="field">
            <label for="text">{flavor.textLabel}</label>
            <textarea id="text" name="text" rows={3} maxlength={2000} required>
              {draft.text}
            </textarea>
          </div>
          <Field name="date" label={flavor.dateLabel} type="date" value={draft.date} />
          <Button>Add</Button>
        </Form>
      </Card>
      {entries.length === 0 ? (
        <p>{`No ${flavor.many} yet.`}</p>
      ) : (
        <ul class="list">
          {entries.map(({ id, text, date }) => (
            <li key={id}>
              <small>
                <time dateTime={date}>{date}</time>
              </small>
              <div>{text}</div>
            </li>
          ))}
        </ul>
      )}
    </Layout>
  );
}
