import {
  Button,
  Card,
  Empty,
  Field,
  FileField,
  Form,
  Hidden,
  Layout,
  Notice,
  PICTURE_TYPES,
  Split,
  TextArea,
} from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';
import { Agenda } from './agenda.tsx';
import { Album } from './album.tsx';
import type { EntryView } from './entry.ts';
import { Sheets } from './sheets.tsx';

export interface EntriesView {
  readonly flavor: Deps['flavor'];
  /** Newest first. */
  readonly entries: readonly EntryView[];
  /** YYYY-MM-DD */
  readonly today: string;
  readonly draft: Draft;
}

/** What the form shows: empty at first, and what was entered after a problem. */
export interface Draft {
  readonly text: string;
  readonly date: string;
  readonly problem?: string;
  readonly pictureProblem?: string;
}

export function EntriesPage({ flavor, entries, today, draft }: EntriesView): VNode {
  return (
    <Layout title={`Your ${flavor.many}`} width="wide">
      {draft.problem !== undefined && <Notice kind="bad">{draft.problem}</Notice>}
      {draft.pictureProblem !== undefined && <Notice kind="bad">Nothing was added. {draft.pictureProblem}</Notice>}
      <Split jump={`Add ${flavor.aOne}`} aside={<AddForm flavor={flavor} draft={draft} />}>
        {entries.length === 0 ? (
          <Empty title={`No ${flavor.many} yet`}>
            <p>{flavor.whenEmpty}</p>
            <p>
              Only you see them. Under <a href="/access">Who has access</a> stands how to share them, and with whom you
              do.
            </p>
          </Empty>
        ) : (
          <Entries flavor={flavor} entries={entries} today={today} />
        )}
      </Split>
    </Layout>
  );
}

function AddForm({ flavor, draft }: Pick<EntriesView, 'flavor' | 'draft'>): VNode {
  return (
    <Card title={`Add ${flavor.aOne}`}>
      <Form action="/entries" encoding="multipart">
        <TextArea
          name="text"
          label={flavor.textLabel}
          value={draft.text}
          rows={flavor.rows}
          maxLength={2000}
          required
        />
        <Field name="date" label={flavor.dateLabel} type="date" value={draft.date} />
        <FileField
          name="picture"
          label="Picture (optional)"
          hint={
            'PNG, JPEG, WebP or GIF, up to 2 MB. ' +
            'It is kept as it is, with what the camera wrote into it, such as the place.'
          }
          accept={PICTURE_TYPES}
          problem={draft.pictureProblem}
        />
        <Button>Add</Button>
      </Form>
    </Card>
  );
}

function Entries({ flavor, entries, today }: Omit<EntriesView, 'draft'>): VNode {
  const remove = (entry: EntryView): VNode => <Remove entry={entry} one={flavor.one} />;
  switch (flavor.id) {
    case 'photos':
      return <Album entries={entries} remove={remove} />;
    case 'calendar':
      return <Agenda entries={entries} today={today} remove={remove} />;
    case 'notes':
      return <Sheets entries={entries} remove={remove} />;
  }
}

/** Removes an entry in two steps, because it cannot be undone. */
function Remove({ entry, one }: { entry: EntryView; one: string }): VNode {
  return (
    <details class="remove">
      <summary>
        Remove<span class="unseen"> {beginningOf(entry.text)}</span>
      </summary>
      <Form action="/entries/remove">
        <Hidden fields={{ entry: entry.id }} />
        <Button kind="danger">Remove this {one} for good</Button>
      </Form>
    </details>
  );
}

const beginningOf = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
