import type { FormParams } from '@chatelaine/protocol';
import { Card, Chips } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { DEFAULT_DURATION, DURATION_FIELD, DURATIONS } from './durations.ts';

interface DurationView {
  readonly legend: string;
  readonly chosen: FormParams;
  readonly problem: (field: string) => string | undefined;
}

/** How long the consent lasts. */
export function DurationChips({ legend, chosen, problem }: DurationView): VNode {
  return (
    <Card>
      <Chips
        legend={legend}
        name={DURATION_FIELD}
        answers={DURATIONS}
        words={DURATIONS.map(({ words }) => words)}
        chosen={chosen.get(DURATION_FIELD) ?? DEFAULT_DURATION}
        problem={problem(DURATION_FIELD)}
      />
    </Card>
  );
}
