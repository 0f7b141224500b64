import { Card, Facts } from '@chatelaine/ui';
import type { ComponentChildren, ComponentProps, VNode } from 'preact';
import { AppIcon } from './app-icon.tsx';
import { type Who, whoFacts } from './who.tsx';

interface WhoCardProps {
  readonly who: Who;
  /** Further facts about it. */
  readonly more?: ComponentProps<typeof Facts>['facts'];
  readonly children?: ComponentChildren;
}

/** Who asks; the same card wherever an owner decides on a request. */
export function WhoCard({ who, more = [], children }: WhoCardProps): VNode {
  return (
    <Card title="Who asks" icon={<AppIcon app={who} />}>
      <Facts facts={[...whoFacts(who), ...more]} />
      {children}
    </Card>
  );
}
