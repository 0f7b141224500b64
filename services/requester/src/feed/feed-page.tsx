import { Arriving, Badge, ButtonLink, Card, Layout, List, Notice, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { EntryList, NothingYet } from './entry-list.tsx';
import { type Offered, PostForm, type PostFormView } from './post-form.tsx';
import type { FeedEvent, Read } from './read-feed.ts';
import type { Source, WritableSource } from './sources.ts';
import { STATE, TroubleText, TroubleTitle } from './trouble-notice.tsx';
import type { Trouble } from './trouble.ts';

/** What could not be posted just now, and why. */
export interface Refused extends Pick<PostFormView, 'text' | 'chosen'> {
  readonly problem: string;
}

export interface FeedView {
  readonly events: AsyncIterator<FeedEvent>;
  readonly refused?: Refused;
}

/**
 * The feed as a streamed page: the form as soon as it is known where something can be posted, a row for each Host when
 * it has answered, then the entries of all. Styles put these in place once they have arrived.
 */
export function FeedPage({ events, refused }: FeedView): VNode {
  const parts = partsOf(events, refused);
  return (
    <Layout title="Feed" width="wide">
      {refused !== undefined && <Notice kind="bad">{refused.problem}</Notice>}
      <p class="waiting">Asking your authorization manager what this app may see.</p>
      <Arriving parts={parts.jump()} />
      <div class="flow">
        <div id="post" class="flow-post">
          <Arriving parts={parts.form()} />
        </div>
        <div id="hosts" class="flow-hosts">
          <Card title="From these Hosts">
            <Arriving parts={parts.asking()} />
            <List>
              <Arriving parts={parts.rows()} />
            </List>
          </Card>
        </div>
        <div class="flow-feed">
          <Arriving parts={parts.entries()} />
        </div>
      </div>
    </Layout>
  );
}

type Asking = Extract<FeedEvent, { kind: 'asking' }>;
type Entries = Extract<FeedEvent, { kind: 'entries' }>;

/** The parts of the page in their order; each takes its own events. */
function partsOf(events: AsyncIterator<FeedEvent>, refused: Refused | undefined) {
  let asking: Asking = { kind: 'asking', total: 0, writable: [], troubles: [] };
  let entries: Entries = { kind: 'entries', entries: [], more: 0 };
  const reads: Read[] = [];
  return {
    async *jump(): AsyncGenerator<VNode> {
      const { value } = await events.next();
      if (value?.kind === 'asking') asking = value;
      if (asking.writable.length > 0) yield <Jump />;
    },
    async *form(): AsyncGenerator<VNode> {
      const { writable } = asking;
      if (writable.length === 0) return;
      const { text = '', chosen = writable.length === 1 ? writable : [] } = refused ?? {};
      yield (
        <PostForm
          title="Post an entry"
          destinations={writable.map(hintedAmong(writable))}
          text={text}
          chosen={chosen}
        />
      );
    },
    async *asking(): AsyncGenerator<VNode> {
      if (asking.total > 0)
        yield <p class="asking">{`Asking ${hosts(asking.total)}. Each stands here once it has answered.`}</p>;
    },
    async *rows(): AsyncGenerator<VNode> {
      for (const { connection, trouble } of asking.troubles)
        yield <TroubleRow title={new URL(connection.am).host} note="authorization manager" trouble={trouble} />;
      for (;;) {
        const { value } = await events.next();
        if (value?.kind !== 'read') {
          if (value?.kind === 'entries') entries = value;
          return;
        }
        reads.push(value);
        yield <HostRow read={value} />;
      }
    },
    async *entries(): AsyncGenerator<VNode> {
      yield <Everything asking={asking} missing={missingAmong(reads)} entries={entries} />;
    },
  };
}

function Jump(): VNode {
  return (
    <p class="jump">
      <ButtonLink href="#post" kind="plain">
        Post an entry
      </ButtonLink>
    </p>
  );
}

const HINT = { allow: undefined, ask: 'asks you first', deny: 'a rule of yours says no' } as const;

/** A Host that is connected twice is offered twice, with a hint that says which is the second. */
const hintedAmong =
  (all: readonly WritableSource[]) =>
  (source: WritableSource): Offered => {
    const first = all.find((other) => accountKey(other) === accountKey(source));
    const hints = [first !== source && 'the same, over a second connection', HINT[source.answer]];
    const hint = hints.filter((one) => one !== false && one !== undefined).join('; ');
    return hint === '' ? source : { ...source, hint };
  };

const accountKey = ({ resource, name, account, am }: Source): string => [resource, name, account, am].join(' ');

function HostRow({ read: { source, trouble, done, total } }: { read: Read }): VNode {
  const note = (
    <>
      {source.account}
      <span class="progress">{` · ${done} of ${total}`}</span>
    </>
  );
  if (trouble !== null) return <TroubleRow title={source.name} note={note} trouble={trouble} />;
  return <Row title={source.name} note={note} aside={<Badge kind="good">shown</Badge>} />;
}

function TroubleRow({ title, note, trouble }: { title: string; note: VNode | string; trouble: Trouble }): VNode {
  return (
    <Row title={<TroubleTitle title={title} trouble={trouble} word={STATE[trouble.kind]} />} note={note}>
      <TroubleText trouble={trouble} />
    </Row>
  );
}

/** Leaves out what one connection could not read if another one did. */
function missingAmong(reads: readonly Read[]): Read[] {
  const shown = new Set(reads.filter(({ trouble }) => trouble === null).map(({ source }) => accountKey(source)));
  return reads.filter(({ source }) => !shown.has(accountKey(source)));
}

function Everything({
  asking,
  missing,
  entries: { entries, more },
}: {
  asking: Asking;
  missing: readonly Read[];
  entries: Entries;
}): VNode {
  const names = [
    ...missing.map(({ source }) => source.name),
    ...asking.troubles.map(({ connection }) => new URL(connection.am).host),
  ];
  return (
    <div class="done">
      {names.length > 0 && (
        <Notice kind="needs">
          <p>
            Not in here: {some(names)}. <a href="#hosts">What you can do about it</a>
          </p>
        </Notice>
      )}
      {entries.length === 0 ? (
        <NothingYet asked={asking.total} troubles={names.length} />
      ) : (
        <EntryList entries={entries} />
      )}
      {more > 0 && <p>{`The newest ${entries.length} entries are shown; ${more} older ones are at your Hosts.`}</p>}
    </div>
  );
}

const hosts = (count: number): string => (count === 1 ? 'one Host' : `${count} Hosts`);

function some(names: readonly string[]): string {
  const shown = [...new Set(names)];
  return shown.length <= 4 ? shown.join(', ') : `${shown.slice(0, 3).join(', ')} and ${shown.length - 3} others`;
}
