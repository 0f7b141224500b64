import { Card, Facts, Initial } from '@chatelaine/ui';
import type { ComponentChildren, ComponentProps, VNode } from 'preact';
import { type Who, whoFacts } from './who.tsx';

interface WhoCardProps {
  readonly who: Who;
  /** Further facts about it. */
  readonly more?: ComponentProps<typeof Facts>['facts'];
  readonly children?: ComponentChildren;
}

/** Who asks, in the same card wherever somebody decides on a request. */
export function WhoCard({ who, more = [], children }: WhoCardProps): VNode {
  return (
    <Card title="Who asks" icon={<Initial name={who.clientName} of={who.clientId} />}>
      <Facts facts={[...whoFacts(who), ...more]} />
      {children}
    </Card>
  );
}
