import { Badge, Card, List, Moment, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { Days } from '../timeline/days.tsx';
import { EVERYTHING, hrefOf } from '../timeline/filter.ts';
import type { HomeView } from './home-page.tsx';
import { type News, UNUSED_DAYS } from './news.ts';

/** Thirty days of tokens, and news about apps. */
export function WhatIsNew({ news, days }: Pick<HomeView, 'news' | 'days'>): VNode | null {
  const total = days.counts.reduce((sum, { got, not }) => sum + got + not, 0);
  if (news.length === 0 && total === 0) return null;
  return (
    <Card title="What is new" aside={<a href="/timeline">All activity</a>}>
      <Days days={days.counts} from={days.from} to={days.to} />
      {news.length === 0 ? (
        <p>Nothing that you have not seen for a while.</p>
      ) : (
        <List>
          {news.map((one) => (
            <NewsRow key={`${one.kind} ${one.app.id}`} of={one} />
          ))}
        </List>
      )}
    </Card>
  );
}

function NewsRow({ of: { kind, app, at } }: { of: News }): VNode {
  const { id, clientId, clientName } = app;
  const moment = <Moment at={at.getTime() / 1000} />;
  const activity = hrefOf('/timeline', { ...EVERYTHING, app: clientId });
  switch (kind) {
    case 'expires':
      return (
        <Row
          title={<a href={`/apps/${id}`}>{clientName}</a>}
          note={<>is connected until {moment}; then it can ask for nothing more</>}
          aside={<Badge kind="needs">ends soon</Badge>}
        />
      );
    case 'first refusal':
      return (
        <Row
          title={<a href={hrefOf('/timeline', { ...EVERYTHING, app: clientId, outcome: 'refused' })}>{clientName}</a>}
          note={<>was refused for the first time, {moment}</>}
          aside={<Badge kind="bad">refused</Badge>}
        />
      );
    case 'first use':
      return (
        <Row
          title={<a href={activity}>{clientName}</a>}
          note={<>asked for something for the first time, {moment}</>}
          aside={<Badge>first use</Badge>}
        />
      );
    case 'unused':
      return (
        <Row
          title={<a href={`/apps/${id}`}>{clientName}</a>}
          note={<>has asked for nothing in {UNUSED_DAYS} days</>}
          aside={<a href={`/apps/${id}`}>Remove it?</a>}
        />
      );
  }
}
