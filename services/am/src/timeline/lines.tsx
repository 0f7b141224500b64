import { Badge, Day, Moment, TimeOfDay } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { type Asked, hostNameOf } from './asked-store.ts';
import { type Filter, hrefOf } from './filter.ts';
import type { Folded } from './history.ts';
import { askedSentence, entrySentence } from './sentences.ts';

export interface Line {
  readonly at: Date;
  readonly sentence: string;
}

/** A list of lines, newest first. */
export function Lines({ lines }: { lines: readonly Line[] }): VNode {
  return (
    <ul class="list" role="list">
      {lines.map(({ at, sentence }) => (
        <li>
          {sentence}
          <br />
          <small>
            <Moment at={secondsOf(at)} />
          </small>
        </li>
      ))}
    </ul>
  );
}

/** A page of lines, under the days on which they happened. */
export function ByDay({ lines, filter }: { lines: readonly Folded[]; filter: Filter }): VNode {
  const days = Map.groupBy(lines, ({ newest }) => newest.at.toISOString().slice(0, 10));
  return (
    <>
      {[...days].map(([day, of]) => (
        <section key={day} aria-labelledby={`day-${day}`}>
          <h2 id={`day-${day}`}>
            <Day date={day} />
          </h2>
          <ul class="list happened" role="list">
            {of.map((line) => (
              <HappenedLine line={line} day={day} filter={filter} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function HappenedLine({
  line: { newest, since, count },
  day,
  filter,
}: {
  line: Folded;
  day: string;
  filter: Filter;
}): VNode {
  const at = secondsOf(newest.at);
  if (newest.kind === 'entry')
    return (
      <li class="item">
        <div class="what">
          {entrySentence(newest.entry)}
          <small>
            <TimeOfDay at={at} />
          </small>
        </div>
      </li>
    );
  const { asked } = newest;
  const { clientId: app, link } = asked;
  const service = link?.hostId ?? null;
  const hostName = hostNameOf(asked);
  return (
    <li class="item">
      <div class="what">
        {askedSentence(asked)}
        <small>
          {count === 1 ? (
            <TimeOfDay at={at} />
          ) : (
            <>
              <strong>{count} times</strong>, from <TimeOfDay at={secondsOf(since)} /> to <TimeOfDay at={at} /> ·{' '}
              <a href={hrefOf('/timeline', { ...filter, app, service, from: day, to: day }, 'each')}>
                each of them
                <span class="unseen">
                  : {asked.clientName}, {hostName}
                </span>
              </a>
            </>
          )}
        </small>
      </div>
      <div class="aside">
        <OutcomeBadge of={asked} />{' '}
        <a href={`/timeline/${asked.id}`}>
          Why?
          <span class="unseen">
            {' '}
            {asked.clientName}, {hostName}
          </span>
        </a>
      </div>
    </li>
  );
}

function OutcomeBadge({ of: { state } }: { of: Asked }): VNode {
  switch (state) {
    case 'minted':
      return <Badge kind="good">got a key</Badge>;
    case 'refused':
      return <Badge kind="bad">refused</Badge>;
    case 'withheld':
      return <Badge kind="needs">got none</Badge>;
    case 'failed':
      return <Badge kind="needs">no answer</Badge>;
    case 'intent':
      return <Badge>under way</Badge>;
  }
}

const secondsOf = (date: Date): number => date.getTime() / 1000;
